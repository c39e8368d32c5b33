/* One function's body. */
#include "wasm/validate.h"
#include "wasm/decode.h"

#include <pthread.h>
#include <stdlib.h>

/* A signature of opcodes.def taken apart. Operands stand in the order they are popped. */
struct shape {
	uint8_t operands[3];
	uint8_t operand_count;
	uint8_t result; /* TYPE_ANY: none */
};

static struct shape shapes[3 * 256];

static void make_shapes(void)
{
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		const char *signature = opcode_infos[i].signature;
		if (!signature || *signature == '*')
			continue;
		size_t count = strcspn(signature, ":");
		shapes[i].operand_count = (uint8_t)count;
		for (size_t at = 0; at < count; at++)
			shapes[i].operands[count - 1 - at] = signature_type(signature[at]);
		shapes[i].result = signature[count + 1] ? signature_type(signature[count + 1]) : TYPE_ANY;
	}
}

void validator_finish(struct validator *v)
{
	free(v->operands);
	free(v->controls);
	free(v->locals);
	*v = (struct validator){ 0 };
}

static enum err zero_byte(struct validator *v)
{
	if (read_byte(&v->r) != 0)
		return invalid(v, "zero byte expected: %s names a memory other than 0", opcode_infos[opcode_index(v->opcode)].name);
	return 0;
}

static enum err need_memory(const struct validator *v)
{
	return v->module->memory_count ? 0 : invalid(v, "unknown memory 0, of 0");
}

static enum err read_memarg(struct validator *v, const struct opcode_info *info)
{
	struct reader *r = &v->r;
	uint32_t align = read_u32(r);
	read_u32(r);
	if (__builtin_expect(align > info->width, 0) && !r->failure)
		return invalid(v, "alignment must not be larger than natural: %s with 2^%u", info->name, align);
	return v->module->memory_count ? 0 : need_memory(v);
}

static enum err read_lane(struct validator *v, uint32_t lanes)
{
	uint8_t lane = read_byte(&v->r);
	if (lane >= lanes)
		return invalid(v, "invalid lane index %u, of %u", lane, lanes);
	return 0;
}

static enum err read_segment(struct validator *v, const char *what, uint32_t count, uint32_t *ret_index)
{
	*ret_index = read_u32(&v->r);
	return v->r.failure ? 0 : validate_index(v, what, *ret_index, count);
}

static enum err read_data(struct validator *v)
{
	if (!v->module->has_data_count)
		return invalid(v, "data count section required: %s names a data segment", opcode_infos[opcode_index(v->opcode)].name);
	uint32_t index;
	return read_segment(v, "data segment", v->module->data_count, &index);
}

static enum err read_elem_table(struct validator *v)
{
	const struct module *module = v->module;
	uint32_t elem = read_u32(&v->r), table;
	TRY(read_segment(v, "table", module->table_count, &table));
	if (v->r.failure)
		return 0;
	TRY(validate_index(v, "elem segment", elem, module->elem_count));
	if (module->elems[elem].type == module->tables[table].element)
		return 0;
	return invalid(v, "type mismatch: table.init of table %u from segment %u of another type", table, elem);
}

static enum err read_two_tables(struct validator *v)
{
	const struct module *module = v->module;
	uint32_t to, from;
	TRY(read_segment(v, "table", module->table_count, &to));
	TRY(read_segment(v, "table", module->table_count, &from));
	if (v->r.failure || module->tables[to].element == module->tables[from].element)
		return 0;
	return invalid(v, "type mismatch: table.copy to table %u from table %u of another type", to, from);
}

static enum err read_shuffle(struct validator *v)
{
	for (int i = 0; i < 16; i++)
		TRY(read_lane(v, 32));
	return 0;
}

static enum err read_immediates(struct validator *v, const struct opcode_info *info)
{
	struct reader *r = &v->r;
	uint32_t index;
	switch ((enum immediates)info->immediates) {
	case IMM_I32: read_s32(r); return 0;
	case IMM_I64: read_s64(r); return 0;
	case IMM_F32: read_bytes(r, 4); return 0;
	case IMM_F64: read_bytes(r, 8); return 0;
	case IMM_V128: read_bytes(r, 16); return 0;
	case IMM_MEMARG: return read_memarg(v, info);
	case IMM_MEMARG_LANE: TRY(read_memarg(v, info)); return read_lane(v, 16u >> info->width);
	case IMM_LANE: return read_lane(v, info->width);
	case IMM_SHUFFLE: return read_shuffle(v);
	case IMM_MEMORY: TRY(zero_byte(v)); return need_memory(v);
	case IMM_MEMORY_MEMORY:
		TRY(zero_byte(v));
		TRY(zero_byte(v));
		return need_memory(v);
	case IMM_DATA: return read_data(v);
	case IMM_DATA_MEMORY:
		TRY(read_data(v));
		TRY(zero_byte(v));
		return need_memory(v);
	case IMM_ELEM: return read_segment(v, "elem segment", v->module->elem_count, &index);
	case IMM_ELEM_TABLE: return read_elem_table(v);
	case IMM_TABLE: return read_segment(v, "table", v->module->table_count, &index);
	case IMM_TABLE_TABLE: return read_two_tables(v);
	default: return 0;
	}
}

static inline enum err validate_plain(struct validator *v, uint32_t index)
{
	const struct shape *shape = &shapes[index];
	if (opcode_infos[index].immediates != IMM_NONE)
		TRY(read_immediates(v, &opcode_infos[index]));
	for (uint32_t i = 0; i < shape->operand_count; i++)
		TRY(pop(v, shape->operands[i]));
	if (shape->result)
		push(v, shape->result);
	return 0;
}

/* An opcode that is none of 2.0's. */
static enum err __attribute__((cold)) unknown_opcode(struct validator *v, uint8_t byte, uint32_t number)
{
	if (v->r.failure)
		return 0;
	uint32_t opcode = byte < 0xfb ? byte : number < 0x100 ? (uint32_t)byte << 8 | number : (uint32_t)byte << 12 | (number & 0xfff);
	const char *feature = feature_of_opcode(opcode);
	if (feature)
		return err_set(ERR_UNSUPPORTED, "illegal opcode 0x%02x: " NOT_SUPPORTED, opcode, feature);
	return invalid(v, "illegal opcode 0x%02x", opcode);
}

static inline enum err validate_instruction(struct validator *v, bool *ret_more)
{
	struct reader *r = &v->r;
	v->at = (uint32_t)reader_offset(r);
	if (__builtin_expect(reader_left(r) == 0, 0))
		return invalid(v, "END opcode expected: the function's code has no end");
	uint8_t byte = read_byte(r);
	uint32_t number = 0, opcode = byte;
	if (__builtin_expect(byte >= 0xfb, 0)) {
		number = read_u32(r);
		opcode = opcode << 8 | number;
		if (number > 0xff || (byte != 0xfc && byte != 0xfd))
			return unknown_opcode(v, byte, number);
	}
	uint32_t index = opcode_index(opcode);
	const char *signature = opcode_infos[index].signature;
	if (__builtin_expect(!signature, 0))
		return unknown_opcode(v, byte, number);
	v->opcode = opcode;
	if (__builtin_expect(v->operand_count + OPERAND_ROOM > v->operand_capacity, 0))
		TRY(reserve_operands(v, 0));
	if (*signature != '*')
		return validate_plain(v, index);
	if (opcode <= OP_call_indirect)
		return validate_control(v, ret_more);
	return validate_special(v);
}

static enum err read_locals(struct validator *v, struct module_func *func, const struct functype *type)
{
	struct reader *r = &v->r;
	uint64_t total = type->param_count;
	uint32_t slots = type->param_slots, groups = read_count(r);
	if (type->param_count)
		memcpy(v->locals, type->params, type->param_count);
	for (uint32_t i = 0; i < groups && !r->failure; i++) {
		v->at = (uint32_t)reader_offset(r);
		uint32_t count = read_u32(r);
		uint8_t local = read_valtype(r);
		uint64_t room = total < MAX_LOCALS ? MAX_LOCALS - total : 0;
		memset(v->locals + (total < MAX_LOCALS ? total : 0), local, count < room ? count : room);
		total += count;
		slots += count < room ? count * valtype_slots((enum valtype)local) : 0;
	}
	if (total > UINT32_MAX && !r->failure)
		return invalid(v, "too many locals: %llu", (unsigned long long)total);
	if (total > MAX_LOCALS && !r->failure)
		return err_set(ERR_LIMIT, "too many locals: %llu, of which at most %d are supported", (unsigned long long)total,
			MAX_LOCALS);
	func->local_count = v->local_count = (uint32_t)total;
	func->local_slots = slots;
	return 0;
}

static enum err begin_body(struct validator *v)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_shapes);
	v->operand_count = v->slots = v->max_slots = v->depth = 0;
	if (!v->locals)
		v->locals = malloc(MAX_LOCALS);
	return v->locals ? reserve_operands(v, MAX_PARAMS) : err_nomem();
}

enum err validate_body(struct validator *v, struct module_func *func)
{
	const struct module *module = v->module;
	const struct functype *type = &module->types[func->type];
	const uint8_t *start = module->bytes.data, *body = start + func->body;
	v->r = (struct reader){ .start = start, .at = body, .end = body + func->body_size };
	TRY(begin_body(v));
	TRY(read_locals(v, func, type));
	func->code = (uint32_t)reader_offset(&v->r);
	TRY(push_function(v, type));
	for (bool more = true; more && !v->r.failure;)
		TRY(validate_instruction(v, &more));
	if (reader_left(&v->r)) {
		v->at = (uint32_t)reader_offset(&v->r);
		return invalid(v, "END opcode expected: %zu byte(s) behind the function's end", reader_left(&v->r));
	}
	func->max_height = v->max_slots;
	if (func->local_slots + v->max_slots > MAX_FRAME && !v->r.failure)
		return err_set(ERR_LIMIT, "locals and operands of %u slots, of which at most %d are supported; a v128 takes two",
			func->local_slots + v->max_slots, MAX_FRAME);
	return 0;
}
