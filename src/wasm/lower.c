#include <pthread.h>
#include <stdlib.h>

#include "wasm/lowering.h"

struct step steps[3 * 256];

static void init_steps(void)
{
	steps_add_int(steps);
	steps_add_float(steps);
	steps_add_memory(steps);
	steps_add_simd(steps);
}

static uint32_t read_opcode(struct lowering *l)
{
	uint32_t opcode = read_byte(&l->reader);
	if (opcode >= 0xfc)
		opcode = opcode << 8 | read_u32(&l->reader);
	return opcode;
}

static void skip_immediates(struct reader *r, uint32_t immediates)
{
	switch (immediates) {
	case IMM_NONE: break;
	case IMM_BLOCK: read_s33(r); break;
	case IMM_BR_TABLE:
		for (uint64_t count = (uint64_t)read_u32(r) + 1; count && !r->failure; count--)
			read_u32(r);
		break;
	case IMM_SELECT: read_bytes(r, read_u32(r)); break;
	case IMM_CALL_INDIRECT:
	case IMM_TABLE_TABLE:
	case IMM_ELEM_TABLE:
	case IMM_DATA_MEMORY:
	case IMM_MEMORY_MEMORY:
	case IMM_MEMARG:
		read_u32(r);
		read_u32(r);
		break;
	case IMM_MEMARG_LANE:
		read_u32(r);
		read_u32(r);
		read_byte(r);
		break;
	case IMM_LANE:
	case IMM_REFTYPE: read_byte(r); break;
	case IMM_SHUFFLE:
	case IMM_V128: read_bytes(r, 16); break;
	case IMM_I32: read_s32(r); break;
	case IMM_I64: read_s64(r); break;
	case IMM_F32: read_bytes(r, 4); break;
	case IMM_F64: read_bytes(r, 8); break;
	default: read_u32(r); break;
	}
}

void skip_dead(struct lowering *l)
{
	struct reader *r = &l->reader;
	for (uint32_t depth = 0; !r->failure && r->at != r->end;) {
		const uint8_t *start = r->at;
		uint32_t opcode = read_opcode(l);
		if (depth == 0 && (opcode == OP_end || opcode == OP_else_)) {
			r->at = start;
			return;
		}
		if (opcode == OP_block || opcode == OP_loop || opcode == OP_if_)
			depth++;
		else if (opcode == OP_end)
			depth--;
		skip_immediates(r, opcode_infos[opcode_index(opcode)].immediates);
	}
}

/* A constant operand that fits the step's 32 bits, which are extended by sign. */
static bool fits_imm(const struct value *value)
{
	return value->kind == VALUE_CONST && (value->type == VALTYPE_I32 || (int64_t)value->constant == (int32_t)value->constant);
}

static void lower_binary(struct lowering *l, uint32_t opcode, uint8_t result)
{
	struct value y = pop(l), x = pop(l);
	const struct step *step = &steps[opcode_index(opcode)];
	if (step->mirror && fits_imm(&x) && !fits_imm(&y)) {
		struct value swapped = x;
		x = y;
		y = swapped;
		opcode = step->mirror;
		step = &steps[opcode_index(opcode)];
	}
	bool constant = step->constant && fits_imm(&y);
	uint32_t a = slot_of(l, &x);
	uint32_t b = constant ? 0 : slot_of(l, &y);
	uint32_t to = push_result(l, result);
	if (constant)
		emit_imm(l, step->constant, to, a, (uint32_t)y.constant);
	else
		emit(l, step->slots, to, a, b, 0);
	l->last.has_result = true;
	l->last.opcode = step->branch ? (uint16_t)opcode : 0;
	l->last.constant = constant;
}

static void lower_unary(struct lowering *l, uint32_t opcode, uint8_t result)
{
	struct value x = pop(l);
	uint32_t from = slot_of(l, &x);
	emit(l, steps[opcode_index(opcode)].slots, push_result(l, result), from, 0, 0);
	l->last.has_result = true;
}

/* Zero tests are comparisons with the constant 0, and the test of a comparison is its negation. */
static void lower_eqz(struct lowering *l, uint32_t equal)
{
	struct last_step last = l->last;
	const struct value *top = &l->values[l->value_count - 1];
	if (last.valid && last.opcode && equal == OP_i32_eq && top->kind == VALUE_HOME && steps[opcode_index(last.opcode)].negation &&
		!l->failed && l->words[last.at + 1].a == top->home) {
		uint16_t opposite = steps[opcode_index(last.opcode)].negation;
		const struct step *step = &steps[opcode_index(opposite)];
		l->words[last.at].handler = last.constant ? step->constant : step->slots;
		l->last.opcode = opposite;
		return;
	}
	push_const(l, equal == OP_i32_eq ? VALTYPE_I32 : VALTYPE_I64, 0);
	lower_binary(l, equal, VALTYPE_I32);
}

static void lower_load(struct lowering *l, uint32_t opcode, uint8_t result)
{
	read_u32(&l->reader);
	uint32_t offset = read_u32(&l->reader);
	struct value address = pop(l);
	uint32_t from = slot_of(l, &address);
	emit_imm(l, steps[opcode_index(opcode)].slots, push_result(l, result), from, offset);
	l->last.has_result = true;
}

static void lower_store(struct lowering *l, uint32_t opcode)
{
	read_u32(&l->reader);
	uint32_t offset = read_u32(&l->reader);
	struct value value = pop(l), address = pop(l);
	uint32_t at = slot_of(l, &address);
	uint32_t from = slot_of(l, &value);
	emit_imm(l, steps[opcode_index(opcode)].slots, at, from, offset);
}

/* Gives the result of the last step to a local instead of its home, if that is where `value` came from. */
static bool redirect(struct lowering *l, const struct value *value, uint32_t slot)
{
	if (value->kind != VALUE_HOME || !l->last.valid || !l->last.has_result || l->failed || l->words[l->last.at + 1].a != value->home)
		return false;
	l->words[l->last.at + 1].a = (uint16_t)slot;
	fence(l);
	return true;
}

static void lower_local_set(struct lowering *l, bool tee)
{
	uint32_t local = read_u32(&l->reader);
	uint32_t slot = l->local_slots[local];
	struct value value = pop(l);
	bool same = value.kind == VALUE_LOCAL && value.slot == slot;
	if (!same) {
		bool read_before = l->pending[slot] != 0;
		settle_local(l, slot); /* if that is a step, it is the last one, and nothing is redirected */
		if (read_before || !redirect(l, &value, slot))
			move_to(l, &value, slot);
		fence(l);
	}
	if (tee)
		push_local(l, value.type, slot);
}

static void lower_global(struct lowering *l, bool set)
{
	struct global *global = l->func->instance->globals[read_u32(&l->reader)];
	uint8_t type = (uint8_t)global->type.type;
	if (set) {
		struct value value = pop(l);
		uint32_t slot = slot_of(l, &value);
		emit(l, control_steps.global_set[kind_of(type)], slot, 0, 0, 0);
	} else {
		emit(l, control_steps.global_get[kind_of(type)], push_result(l, type), 0, 0, 0);
	}
	emit_word(l, (uint64_t)(uintptr_t)global);
	l->last.has_result = !set;
}

static void lower_select(struct lowering *l)
{
	struct value condition = pop(l), y = pop(l), x = pop(l);
	uint32_t d = slot_of(l, &condition), c = slot_of(l, &y), b = slot_of(l, &x);
	emit(l, control_steps.select[kind_of(x.type)], push_result(l, x.type), b, c, d);
	l->last.has_result = true;
}

/* Three operands in slots a, b and c. */
static uint32_t emit_bulk(struct lowering *l, handler *handler)
{
	struct value z = pop(l), y = pop(l), x = pop(l);
	uint32_t a = slot_of(l, &x), b = slot_of(l, &y), c = slot_of(l, &z);
	return emit(l, handler, a, b, c, 0);
}

static void lower_table_access(struct lowering *l, uint32_t opcode)
{
	uint32_t table = read_u32(&l->reader);
	const struct control_steps *c = &control_steps;
	if (opcode == OP_table_get) {
		struct value index = pop(l);
		uint32_t b = slot_of(l, &index);
		emit(l, c->table_get, push_result(l, (uint8_t)l->module->tables[table].element), b, 0, 0);
	} else if (opcode == OP_table_set) {
		struct value value = pop(l), index = pop(l);
		uint32_t a = slot_of(l, &index), b = slot_of(l, &value);
		emit(l, c->table_set, a, b, 0, 0);
	} else if (opcode == OP_table_size) {
		emit(l, c->table_size, push_result(l, VALTYPE_I32), 0, 0, 0);
	} else if (opcode == OP_table_grow) {
		struct value count = pop(l), value = pop(l);
		uint32_t b = slot_of(l, &value), n = slot_of(l, &count);
		emit(l, c->table_grow, push_result(l, VALTYPE_I32), b, n, 0);
	} else {
		emit_bulk(l, c->table_fill);
	}
	emit_word(l, table);
}

static void lower_bulk(struct lowering *l, uint32_t opcode)
{
	struct reader *r = &l->reader;
	const struct control_steps *c = &control_steps;
	uint32_t first = read_u32(r);
	switch (opcode) {
	case OP_memory_fill: emit_bulk(l, c->memory_fill); break;
	case OP_memory_copy:
		read_u32(r);
		emit_bulk(l, c->memory_copy);
		break;
	case OP_memory_init:
		read_u32(r);
		emit_bulk(l, c->memory_init);
		emit_word(l, first);
		break;
	case OP_table_init: {
		uint64_t table = read_u32(r);
		emit_bulk(l, c->table_init);
		emit_word(l, table | (uint64_t)first << 32);
		break;
	}
	case OP_table_copy: {
		uint64_t from = read_u32(r);
		emit_bulk(l, c->table_copy);
		emit_word(l, first | from << 32);
		break;
	}
	case OP_data_drop: emit_imm(l, c->data_drop, 0, 0, first); break;
	default: emit_imm(l, c->elem_drop, 0, 0, first); break;
	}
}

static void lower_special(struct lowering *l, uint32_t opcode)
{
	struct reader *r = &l->reader;
	switch (opcode) {
	case OP_drop: pop(l); break;
	case OP_select_t:
		read_bytes(r, read_u32(r));
		lower_select(l);
		break;
	case OP_select: lower_select(l); break;
	case OP_local_get: {
		uint32_t local = read_u32(r);
		push_local(l, l->local_types[local], l->local_slots[local]);
		break;
	}
	case OP_local_set: lower_local_set(l, false); break;
	case OP_local_tee: lower_local_set(l, true); break;
	case OP_global_get: lower_global(l, false); break;
	case OP_global_set: lower_global(l, true); break;
	case OP_table_get:
	case OP_table_set:
	case OP_table_size:
	case OP_table_grow:
	case OP_table_fill: lower_table_access(l, opcode); break;
	case OP_ref_null: push_const(l, read_byte(r), 0); break;
	case OP_ref_is_null: lower_unary(l, opcode, VALTYPE_I32); break;
	case OP_ref_func: emit_imm(l, control_steps.ref_func, push_result(l, VALTYPE_FUNCREF), 0, read_u32(r)); break;
	case OP_table_copy: lower_bulk(l, opcode); break;
	default: lower_control(l, opcode); break;
	}
}

static void lower_memory_size(struct lowering *l, bool grow)
{
	read_byte(&l->reader);
	if (grow) {
		struct value pages = pop(l);
		uint32_t from = slot_of(l, &pages);
		emit(l, control_steps.memory_grow, push_result(l, VALTYPE_I32), from, 0, 0);
		l->last.has_result = true;
	} else {
		emit(l, control_steps.memory_size, push_result(l, VALTYPE_I32), 0, 0, 0);
		l->last.has_result = true;
	}
}

/* Instructions whose types follow from the opcode. */
static void lower_plain(struct lowering *l, uint32_t opcode, const struct opcode_info *info)
{
	const char *colon = strchr(info->signature, ':');
	uint8_t result = signature_type(colon[1]);
	struct reader *r = &l->reader;
	switch (opcode) {
	case OP_nop: return;
	case OP_table_size: lower_table_access(l, opcode); return;
	case OP_i32_const: push_const(l, VALTYPE_I32, (uint32_t)read_s32(r)); return;
	case OP_i64_const: push_const(l, VALTYPE_I64, (uint64_t)read_s64(r)); return;
	case OP_f32_const: push_const(l, VALTYPE_F32, read_fixed(r, 4)); return;
	case OP_f64_const: push_const(l, VALTYPE_F64, read_fixed(r, 8)); return;
	case OP_i32_eqz: lower_eqz(l, OP_i32_eq); return;
	case OP_i64_eqz: lower_eqz(l, OP_i64_eq); return;
	case OP_memory_size:
	case OP_memory_grow: lower_memory_size(l, opcode == OP_memory_grow); return;
	default: break;
	}
	if (info->immediates == IMM_MEMARG && colon[1])
		lower_load(l, opcode, result);
	else if (info->immediates == IMM_MEMARG)
		lower_store(l, opcode);
	else if (info->immediates != IMM_NONE)
		lower_bulk(l, opcode);
	else if (colon - info->signature == 2)
		lower_binary(l, opcode, result);
	else
		lower_unary(l, opcode, result);
}

/* After these, values may be in slots above the stack: on their way to where control goes on. */
static bool is_control(uint32_t opcode)
{
	return opcode <= OP_call_indirect;
}

static void lower_instruction(struct lowering *l)
{
	l->opcode_offset = (uint32_t)reader_offset(&l->reader);
	uint32_t opcode = read_opcode(l);
	const struct opcode_info *info = &opcode_infos[opcode_index(opcode)];
	uint32_t before = l->step_count;
	if (opcode >= 0xfd00)
		lower_simd(l, opcode);
	else if (info->signature[0] == '*')
		lower_special(l, opcode);
	else
		lower_plain(l, opcode, info);
	if (l->step_count > before && !is_control(opcode))
		free_behind(l);
}

/* Types and slots of parameters and locals, and the step that zeroes the latter. */
static void lower_locals(struct lowering *l)
{
	const struct functype *type = l->func->type;
	uint32_t local = 0, slot = 0;
	for (; local < type->param_count; local++) {
		l->local_types[local] = type->params[local];
		l->local_slots[local] = slot;
		slot += valtype_slots(type->params[local]);
	}
	struct reader r = { .start = l->module->bytes.data, .at = l->module->bytes.data + l->body->body, .end = l->reader.end };
	for (uint32_t groups = read_u32(&r); groups; groups--) {
		uint32_t count = read_u32(&r);
		uint8_t declared = read_byte(&r);
		for (; count && local < l->body->local_count; count--, local++) {
			l->local_types[local] = declared;
			l->local_slots[local] = slot;
			slot += valtype_slots(declared);
		}
	}
	l->next_slot = slot;
	l->opcode_offset = l->body->code;
	emit(l, control_steps.enter, slot - type->param_slots, type->param_slots, 0, 0);
	fence(l);
}

static void finish(struct lowering *l)
{
	free(l->words);
	free(l->steps);
	free(l->values);
	free(l->labels);
	free(l->patches);
	free(l->local_types);
	free(l->local_slots);
	free(l->pending);
}

static enum err start(struct lowering *l, struct func *func)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, init_steps);
	struct module *module = func->instance->module;
	const struct module_func *body = &module->funcs[func->index];
	const uint8_t *bytes = module->bytes.data;
	l->func = func;
	l->module = module;
	l->body = body;
	l->reader = (struct reader){ .start = bytes, .at = bytes + body->code, .end = bytes + body->body + body->body_size };
	l->local_types = malloc(body->local_count + 1);
	l->local_slots = malloc((body->local_count + 1) * sizeof *l->local_slots);
	l->pending = calloc(body->local_slots + 1, sizeof *l->pending);
	return l->local_types && l->local_slots && l->pending ? ERR_NONE : err_nomem();
}

/* Lowers into l->words. */
static enum err translate(struct lowering *l)
{
	const struct functype *type = l->func->type;
	lower_locals(l);
	push_label(l, OP_block, NULL, 0, type->results, type->result_count);
	while (l->label_count && !l->failed && !l->reader.failure)
		lower_instruction(l);
	return l->failed || l->reader.failure ? err_nomem() : ERR_NONE;
}

/* Where the code is kept: as machine code, if the store has room for it, or as words. */
static const union word *keep(struct func *func, const struct lowering *l)
{
	struct tier *tier = func->instance->store->tier;
	struct lowered lowered = { l->words, l->word_count, l->steps, l->step_count, func->local_slots,
		instance_main_memory(func->instance)->guarded };
	const union word *compiled = tier ? tier_compile(tier, &lowered) : NULL;
	if (compiled)
		return compiled;
	union word *code = ARENA_ARRAY(&func->instance->arena, union word, l->word_count);
	if (code)
		memcpy(code, l->words, l->word_count * sizeof *code);
	return code;
}

enum err lower(struct func *func)
{
	struct lowering l = { 0 };
	enum err err = start(&l, func);
	if (!err)
		err = translate(&l);
	if (!err) {
		const union word *code = keep(func, &l);
		if (code)
			func->code = code;
		else
			err = err_nomem();
	}
	finish(&l);
	return err;
}

uint32_t lower_offset_of(struct func *func, const union word *pc)
{
	struct lowering l = { .seeking = true, .wanted_word = (uint32_t)(pc - func->code) };
	uint32_t offset = func->instance->module->funcs[func->index].code;
	if (start(&l, func) == ERR_NONE && translate(&l) == ERR_NONE)
		offset = l.found_offset;
	finish(&l);
	return offset;
}

const union word *lower_step_of(struct func *func, const void *address)
{
	struct lowering l = { 0 };
	const union word *found = func->code;
	if (start(&l, func) == ERR_NONE && translate(&l) == ERR_NONE) {
		for (uint32_t i = 0; i < l.step_count && (uintptr_t)func->code[l.steps[i].word].pointer <= (uintptr_t)address; i++)
			found = func->code + l.steps[i].word;
	}
	finish(&l);
	return found;
}
