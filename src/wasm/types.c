#include "wasm/types.h"

#include "base/buf.h"

bool functype_equal(const struct functype *a, const struct functype *b)
{
	return view_equal(view_of(a->params, a->param_count), view_of(b->params, b->param_count)) &&
		view_equal(view_of(a->results, a->result_count), view_of(b->results, b->result_count));
}

static const char *valtype_name(uint32_t type)
{
	switch (type) {
	case VALTYPE_I32: return "i32";
	case VALTYPE_I64: return "i64";
	case VALTYPE_F32: return "f32";
	case VALTYPE_F64: return "f64";
	case VALTYPE_V128: return "v128";
	case VALTYPE_FUNCREF: return "funcref";
	case VALTYPE_EXTERNREF: return "externref";
	default: return "unknown";
	}
}

static void print_vector(struct buf *out, const char *word, const uint8_t *types, uint32_t count)
{
	if (count == 0)
		return;
	buf_printf(out, " (%s", word);
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, " %s", valtype_name(types[i]));
	buf_append_text(out, ")");
}

static void print_limits(struct buf *out, const struct limits *limits)
{
	buf_printf(out, " %llu", (unsigned long long)limits->min);
	if (limits->max != UINT64_MAX)
		buf_printf(out, " %llu", (unsigned long long)limits->max);
}

void externtype_print(struct buf *out, const struct externtype *type)
{
	switch (type->kind) {
	case EXTERN_FUNC:
		buf_append_text(out, "(func");
		print_vector(out, "param", type->func->params, type->func->param_count);
		print_vector(out, "result", type->func->results, type->func->result_count);
		break;
	case EXTERN_TABLE:
		buf_append_text(out, "(table");
		print_limits(out, &type->table.limits);
		buf_printf(out, " %s", valtype_name(type->table.element));
		break;
	case EXTERN_MEMORY:
		buf_append_text(out, "(memory");
		print_limits(out, &type->memory.limits);
		break;
	case EXTERN_GLOBAL:
		buf_printf(out, type->global.mutable ? "(global (mut %s)" : "(global %s", valtype_name(type->global.type));
		break;
	}
	buf_append_text(out, ")");
}
