/* Blocks, branches and calls. */
#include "wasm/decode.h"
#include "wasm/validate.h"

#include <stdlib.h>

/* What a branch to a frame carries: a loop's parameters, since it goes back to the start, else the results. */
struct label {
	const uint8_t *types;
	uint32_t count, slots;
};

static struct label label_of(const struct control *control)
{
	if (control->opcode == OP_loop)
		return (struct label){ control->params, control->param_count, control->param_slots };
	return (struct label){ control->results, control->result_count, control->result_slots };
}

static enum err read_label(struct validator *v, struct label *ret_label)
{
	uint32_t depth = read_u32(&v->r);
	if (__builtin_expect(depth >= v->depth, 0))
		return validate_index(v, "label", depth, v->depth);
	*ret_label = label_of(v->top - depth);
	return 0;
}

/* What follows can't be reached. */
static void leave(struct validator *v)
{
	v->operand_count = v->top->height;
	v->slots = v->top->slots;
	v->top->unreachable = true;
}

static enum err grow_controls(struct validator *v)
{
	if (v->control_capacity >= MAX_NESTING)
		return err_set(ERR_LIMIT, "blocks nested more than %d deep", MAX_NESTING);
	uint32_t capacity = v->control_capacity ? v->control_capacity * 2 : 256;
	if (capacity > MAX_NESTING)
		capacity = MAX_NESTING;
	struct control *controls = realloc(v->controls, capacity * sizeof *controls);
	if (!controls)
		return err_nomem();
	v->controls = controls;
	v->control_capacity = capacity;
	return 0;
}

/* The parameters are on the stack still; they become the frame's own. */
static enum err push_control(struct validator *v, struct control control)
{
	if (__builtin_expect(v->depth == v->control_capacity, 0))
		TRY(grow_controls(v));
	control.height = v->operand_count;
	control.slots = v->slots;
	v->top = &v->controls[v->depth++];
	*v->top = control;
	return push_types(v, control.params, control.param_count, control.param_slots);
}

static void set_types(struct control *control, const struct functype *type)
{
	control->params = type->params;
	control->param_count = (uint16_t)type->param_count;
	control->param_slots = (uint16_t)type->param_slots;
	control->results = type->results;
	control->result_count = (uint16_t)type->result_count;
	control->result_slots = (uint16_t)type->result_slots;
}

/* A block type: nothing, one type, or the index of a function type. */
static enum err read_block_type(struct validator *v, struct control *control)
{
	struct reader *r = &v->r;
	uint8_t byte = r->at == r->end ? 0 : *r->at;
	if (byte == 0x40 || is_valtype(byte)) {
		control->params = control->results = r->at++;
		control->result_count = byte != 0x40;
		control->result_slots = (uint16_t)(byte == 0x40 ? 0 : valtype_slots((enum valtype)byte));
		return 0;
	}
	if (byte >= 0x40 && byte < 0x80) {
		r->feature = feature_of_type(byte);
		reader_fail(r, "malformed block type");
		return 0;
	}
	int64_t index = read_s33(r);
	if (index < 0 || index >= v->module->type_count)
		return r->failure ? 0 : invalid(v, "unknown type %lld, of %u, named by a block", (long long)index, v->module->type_count);
	set_types(control, &v->module->types[index]);
	return 0;
}

static enum err begin_block(struct validator *v)
{
	struct control control = { .opcode = (uint8_t)v->opcode };
	TRY(read_block_type(v, &control));
	if (v->r.failure)
		return 0;
	if (v->opcode == OP_if_)
		TRY(pop(v, VALTYPE_I32));
	TRY(pop_types(v, control.params, control.param_count, control.param_slots));
	return push_control(v, control);
}

/* At the end of a block its results, and nothing else, are on the stack. */
static enum err leave_block(struct validator *v)
{
	const struct control *top = v->top;
	TRY(pop_types(v, top->results, top->result_count, top->result_slots));
	if (v->operand_count != top->height)
		return invalid(v, "type mismatch: %u value(s) too many at the end of a block", v->operand_count - top->height);
	return 0;
}

static enum err do_else(struct validator *v)
{
	if (v->top->opcode != OP_if_)
		return invalid(v, "END opcode expected: else without if");
	TRY(leave_block(v));
	struct control control = *v->top;
	control.opcode = OP_else_;
	control.unreachable = false;
	v->depth--;
	v->slots = control.slots;
	return push_control(v, control);
}

static enum err do_end(struct validator *v, bool *ret_more)
{
	TRY(leave_block(v));
	struct control control = *v->top;
	bool same = control.param_count == control.result_count && memcmp(control.params, control.results, control.param_count) == 0;
	if (control.opcode == OP_if_ && !same)
		return invalid(v, "type mismatch: an if without else gives other values than it takes");
	v->slots = control.slots;
	*ret_more = --v->depth > 0;
	v->top = &v->controls[*ret_more ? v->depth - 1 : 0];
	return push_types(v, control.results, control.result_count, control.result_slots);
}

/* All labels take as many values, of the types on the stack. */
static enum err do_br_table(struct validator *v)
{
	struct reader *r = &v->r;
	TRY(pop(v, VALTYPE_I32));
	uint32_t count = read_count(r);
	struct label first = { 0 }, last = { 0 };
	for (uint64_t i = 0; i <= count && !r->failure; i++) {
		struct label label;
		TRY(read_label(v, &label));
		if (i == 0)
			first = label;
		if (label.count != first.count)
			return invalid(v, "type mismatch: labels of br_table take %u and %u values", first.count, label.count);
		if (i == 0 || label.types != last.types)
			TRY(check_types(v, label.types, label.count));
		last = label;
	}
	leave(v);
	return 0;
}

static enum err do_br(struct validator *v)
{
	struct label label;
	TRY(read_label(v, &label));
	TRY(check_types(v, label.types, label.count));
	leave(v);
	return 0;
}

static enum err do_br_if(struct validator *v)
{
	struct label label;
	TRY(read_label(v, &label));
	TRY(pop(v, VALTYPE_I32));
	TRY(pop_types(v, label.types, label.count, label.slots));
	return push_types(v, label.types, label.count, label.slots);
}

static enum err do_return(struct validator *v)
{
	TRY(check_types(v, v->controls->results, v->controls->result_count));
	leave(v);
	return 0;
}

static enum err call_type(struct validator *v, const struct functype *type)
{
	TRY(pop_types(v, type->params, type->param_count, type->param_slots));
	return push_types(v, type->results, type->result_count, type->result_slots);
}

static enum err do_call(struct validator *v)
{
	const struct module *module = v->module;
	uint32_t func = read_u32(&v->r);
	TRY(validate_index(v, "function", func, module->func_count));
	return call_type(v, &module->types[module->funcs[func].type]);
}

static enum err do_call_indirect(struct validator *v)
{
	const struct module *module = v->module;
	uint32_t type = read_u32(&v->r), table = read_u32(&v->r);
	if (v->r.failure)
		return 0;
	TRY(validate_index(v, "table", table, module->table_count));
	if (module->tables[table].element != VALTYPE_FUNCREF)
		return invalid(v, "type mismatch: call_indirect through table %u, which holds externref", table);
	TRY(validate_index(v, "type", type, module->type_count));
	TRY(pop(v, VALTYPE_I32));
	return call_type(v, &module->types[type]);
}

enum err validate_control(struct validator *v, bool *ret_more)
{
	switch (v->opcode) {
	case OP_unreachable: leave(v); return 0;
	case OP_block:
	case OP_loop:
	case OP_if_: return begin_block(v);
	case OP_else_: return do_else(v);
	case OP_end: return do_end(v, ret_more);
	case OP_br: return do_br(v);
	case OP_br_if: return do_br_if(v);
	case OP_br_table: return do_br_table(v);
	case OP_return_: return do_return(v);
	case OP_call: return do_call(v);
	case OP_call_indirect: return do_call_indirect(v);
	default: return 0; /* nop */
	}
}

/* Parameters are locals, not operands. */
enum err push_function(struct validator *v, const struct functype *type)
{
	struct control control = { .opcode = OP_block };
	set_types(&control, type);
	control.param_count = control.param_slots = 0;
	return push_control(v, control);
}
