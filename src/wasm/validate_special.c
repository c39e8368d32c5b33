/* Instructions whose types depend on their immediates or operands: locals, globals, tables, references, drop, select. */
#include "wasm/decode.h"
#include "wasm/validate.h"

static bool is_reference(uint8_t type)
{
	return type == VALTYPE_FUNCREF || type == VALTYPE_EXTERNREF;
}

static enum err do_local(struct validator *v)
{
	uint32_t index = read_u32(&v->r);
	if (__builtin_expect(index >= v->local_count, 0))
		return validate_index(v, "local", index, v->local_count);
	uint8_t type = v->locals[index];
	if (v->opcode != OP_local_get)
		TRY(pop(v, type));
	if (v->opcode != OP_local_set)
		push(v, type);
	return 0;
}

static enum err do_global(struct validator *v)
{
	uint32_t index = read_u32(&v->r);
	TRY(validate_index(v, "global", index, v->module->global_count));
	const struct globaltype *type = &v->module->globals[index].type;
	if (v->opcode == OP_global_get) {
		push(v, (uint8_t)type->type);
		return 0;
	}
	if (!type->mutable)
		return invalid(v, "global is immutable: global.set of global %u", index);
	return pop(v, (uint8_t)type->type);
}

static enum err do_table(struct validator *v)
{
	uint32_t index = read_u32(&v->r);
	TRY(validate_index(v, "table", index, v->module->table_count));
	uint8_t element = (uint8_t)v->module->tables[index].element;
	switch (v->opcode) {
	case OP_table_get:
		TRY(pop(v, VALTYPE_I32));
		push(v, element);
		return 0;
	case OP_table_set: TRY(pop(v, element)); return pop(v, VALTYPE_I32);
	case OP_table_grow:
		TRY(pop(v, VALTYPE_I32));
		TRY(pop(v, element));
		push(v, VALTYPE_I32);
		return 0;
	default: /* table.fill */
		TRY(pop(v, VALTYPE_I32));
		TRY(pop(v, element));
		return pop(v, VALTYPE_I32);
	}
}

/* Without types, for numbers and vectors only: references need the form that names the type. */
static enum err do_select(struct validator *v)
{
	uint8_t first, second;
	TRY(pop(v, VALTYPE_I32));
	TRY(pop_any(v, &second));
	TRY(pop_any(v, &first));
	if (is_reference(first) || is_reference(second))
		return invalid(v, "type mismatch: select of references must name their type");
	if (first != second && first != TYPE_ANY && second != TYPE_ANY)
		return mismatch(v, first, second);
	push(v, first == TYPE_ANY ? second : first);
	return 0;
}

static enum err do_select_typed(struct validator *v)
{
	uint32_t count = read_count(&v->r);
	if (count != 1)
		return v->r.failure ? 0 : invalid(v, "invalid result arity: select of %u types", count);
	uint8_t type = read_valtype(&v->r);
	TRY(pop(v, VALTYPE_I32));
	TRY(pop(v, type));
	TRY(pop(v, type));
	push(v, type);
	return 0;
}

static enum err do_is_null(struct validator *v)
{
	uint8_t type;
	TRY(pop_any(v, &type));
	if (type != TYPE_ANY && !is_reference(type))
		return invalid(v, "type mismatch: ref.is_null expects a reference, found %s", valtype_name(type));
	push(v, VALTYPE_I32);
	return 0;
}

static enum err do_ref_func(struct validator *v)
{
	uint32_t index = read_u32(&v->r);
	TRY(validate_index(v, "function", index, v->module->func_count));
	if (!v->module->funcs[index].referenced)
		return invalid(v, "undeclared function reference %u: no export, global or element segment names the function", index);
	push(v, VALTYPE_FUNCREF);
	return 0;
}

enum err validate_special(struct validator *v)
{
	uint8_t type;
	switch (v->opcode) {
	case OP_local_get:
	case OP_local_set:
	case OP_local_tee: return do_local(v);
	case OP_global_get:
	case OP_global_set: return do_global(v);
	case OP_drop: return pop_any(v, &type);
	case OP_select: return do_select(v);
	case OP_select_t: return do_select_typed(v);
	case OP_ref_null: push(v, read_reftype(&v->r)); return 0;
	case OP_ref_is_null: return do_is_null(v);
	case OP_ref_func: return do_ref_func(v);
	default: return do_table(v);
	}
}
