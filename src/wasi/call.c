#include "wasi/call.h"

#include <stdlib.h>

const struct type types[TYPE_NONE] = {
#define TYPE(name, size, core, style) [TYPE_##name] = { #name, size, CORE_##core, STYLE_##style },
#include "wasi/types.def"
};

/* The name of a parameter stands for the core argument of that name; init_calls turns it into the argument's number. */
struct draft {
	const char *name, *second, *count, *used;
	uint8_t kind, type;
};

struct call_draft {
	const char *name;
	uint8_t number, result;
	uint16_t classes;
	struct draft params[CALL_MAX_PARAMS + 1];
};

#define ERRNO RESULT_ERRNO
#define NEVER RESULT_NEVER
static const struct call_draft drafts[] = {
#define CALL(number, name, result, classes, params) { #name, number, result, classes, { params{ 0 } } },
#define VAL(name, type)                             { #name, 0, 0, 0, PARAM_VAL, TYPE_##type },
#define STR(name)                                   { #name, 0, 0, 0, PARAM_STR, TYPE_NONE },
#define BUF(name, used)                             { #name, 0, 0, #used, PARAM_BUF, TYPE_NONE },
#define IOV_IN(name)                                { #name, 0, 0, 0, PARAM_IOV_IN, TYPE_NONE },
#define IOV_OUT(name, used)                         { #name, 0, 0, #used, PARAM_IOV_OUT, TYPE_NONE },
#define ARR_IN(name, type, count)                   { #name, 0, #count, 0, PARAM_ARR_IN, TYPE_##type },
#define ARR_OUT(name, type, count, used)            { #name, 0, #count, #used, PARAM_ARR_OUT, TYPE_##type },
#define OUT(name, type)                             { #name, 0, 0, 0, PARAM_OUT, TYPE_##type },
#define STRS(name, buf)                             { #name, #buf, 0, 0, PARAM_STRS, TYPE_NONE },
#include "wasi/calls.def"
};
#undef ERRNO
#undef NEVER

static struct call_type calls[CALL_COUNT];
static char signatures[CALL_COUNT][CALL_MAX_ARGS + 3];

static uint32_t args_of(const struct draft *draft)
{
	switch (draft->kind) {
	case PARAM_VAL:
	case PARAM_ARR_IN:
	case PARAM_ARR_OUT:
	case PARAM_OUT: return 1;
	default: return 2;
	}
}

/* The core argument that begins parameter `name`. The tables are ours: a name that is not there is a mistake in them. */
static uint8_t arg_named(const struct call_draft *draft, const char *name)
{
	uint32_t arg = 0;
	for (const struct draft *p = draft->params; p->name; arg += args_of(p++)) {
		if (strcmp(p->name, name) == 0)
			return (uint8_t)arg;
	}
	abort();
}

static void init_call(struct call_type *call, const struct call_draft *draft, char *signature)
{
	static const char unstable[] = "unstable_";
	bool prefixed = strncmp(draft->name, unstable, sizeof unstable - 1) == 0;
	*call = (struct call_type){ .name = draft->name + (prefixed ? sizeof unstable - 1 : 0),
		.signature = signature,
		.number = draft->number,
		.result = draft->result,
		.classes = draft->classes };
	for (const struct draft *from = draft->params; from->name; from++) {
		struct param *to = &call->params[call->param_count++];
		*to = (struct param){
			.name = from->name, .second = from->second, .kind = from->kind, .type = from->type, .arg = call->arg_count
		};
		to->count = from->count ? arg_named(draft, from->count) : 0;
		if (from->used)
			to->used = strcmp(from->used, "all") == 0 ? PARAM_ALL : arg_named(draft, from->used);
		for (uint32_t i = 0; i < args_of(from); i++)
			*signature++ = from->kind == PARAM_VAL && types[from->type].core == CORE_i64 ? 'I' : 'i';
		call->arg_count += (uint8_t)args_of(from);
		call->varies |= from->kind == PARAM_BUF || from->kind == PARAM_IOV_OUT || from->kind == PARAM_ARR_OUT;
		if (from->kind == PARAM_OUT) {
			call->output_bound += types[from->type].size;
			call->output_spans++;
		}
		call->input_count +=
			from->kind == PARAM_STR || from->kind == PARAM_IOV_IN || from->kind == PARAM_IOV_OUT || from->kind == PARAM_ARR_IN;
	}
	*signature++ = ':';
	if (draft->result == RESULT_ERRNO)
		*signature++ = 'i';
}

__attribute__((constructor)) static void init_calls(void)
{
	for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++)
		init_call(&calls[drafts[i].number], &drafts[i], signatures[drafts[i].number]);
}

const struct call_type *call_type(uint32_t number)
{
	return number < CALL_COUNT && calls[number].name ? &calls[number] : NULL;
}

const struct call_type *call_find(struct view module, struct view name)
{
	bool unstable = view_is(module, "wasi_unstable");
	if (!unstable && !view_is(module, "wasi_snapshot_preview1"))
		return NULL;
	if (unstable && view_is(name, "sock_accept"))
		return NULL;
	for (uint32_t i = unstable ? CALL_COUNT : CALL_unstable_fd_seek; i-- > 0;) {
		if (calls[i].name && view_is(name, calls[i].name))
			return &calls[i];
	}
	return NULL;
}

bool guest_write(struct call *call, uint32_t offset, const void *data, uint32_t size)
{
	uint8_t *to = memory_at(call->memory, offset, size);
	if (!to)
		return false;
	memcpy(to, data, size);
	if (call->output)
		call->output->span(call->output, offset, to, size, false);
	return true;
}

void guest_filled(struct call *call, uint32_t offset, uint32_t size)
{
	if (call->output && size)
		call->output->span(call->output, offset, call->memory->base + offset, size, true);
}

static bool vectors_fault(const struct call *call, uint64_t vectors, uint64_t count)
{
	const uint8_t *at = memory_at(call->memory, vectors, count * 8);
	if (!at)
		return true;
	for (; count; count--, at += 8) {
		if (!memory_has(call->memory, load_u32(at), load_u32(at + 4)))
			return true;
	}
	return false;
}

static bool param_faults(const struct call *call, const struct param *param)
{
	const uint64_t *args = call->args;
	uint64_t at = args[param->arg];
	switch (param->kind) {
	case PARAM_STR:
	case PARAM_BUF: return !memory_has(call->memory, at, args[param->arg + 1]);
	case PARAM_IOV_IN:
	case PARAM_IOV_OUT: return vectors_fault(call, at, args[param->arg + 1]);
	case PARAM_ARR_IN:
	case PARAM_ARR_OUT: return !memory_has(call->memory, at, args[param->count] * types[param->type].size);
	case PARAM_OUT: return !memory_has(call->memory, at, types[param->type].size);
	default: return false;
	}
}

const struct param *call_fault(const struct call *call)
{
	const struct call_type *type = call->type;
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		if (param->kind != PARAM_VAL && param_faults(call, param))
			return param;
	}
	return NULL;
}

static void visit_vectors(const struct call *call, const struct param *param, input_func *visit, void *data)
{
	const uint8_t *at = call->memory->base + call->args[param->arg];
	uint64_t count = call->args[param->arg + 1];
	visit(data, &(struct input){ param, { at, count * 8 }, INPUT_VECTORS });
	if (param->kind != PARAM_IOV_IN)
		return;
	for (; count; count--, at += 8)
		visit(data, &(struct input){ param, { call->memory->base + load_u32(at), load_u32(at + 4) }, INPUT_DATA });
}

void call_inputs(const struct call *call, input_func *visit, void *data)
{
	const struct call_type *type = call->type;
	if (type->input_count == 0)
		return;
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		const uint8_t *at = call->memory->base + call->args[param->arg];
		switch (param->kind) {
		case PARAM_STR: visit(data, &(struct input){ param, { at, call->args[param->arg + 1] }, INPUT_BYTES }); break;
		case PARAM_ARR_IN:
			visit(data, &(struct input){ param, { at, call->args[param->count] * types[param->type].size }, INPUT_BYTES });
			break;
		case PARAM_IOV_IN:
		case PARAM_IOV_OUT: visit_vectors(call, param, visit, data); break;
		default: break;
		}
	}
}

static uint64_t vectors_size(const struct call *call, const struct param *param)
{
	const uint8_t *at = call->memory->base + call->args[param->arg];
	uint64_t size = 0;
	for (uint64_t i = 0; i < call->args[param->arg + 1]; i++)
		size += load_u32(at + 8 * i + 4);
	return size;
}

uint64_t call_output_bound(const struct call *call, uint32_t *ret_spans)
{
	const struct call_type *type = call->type;
	if (!type->varies) {
		*ret_spans = type->output_spans;
		return type->output_bound;
	}
	uint64_t bound = 0;
	uint64_t spans = 0;
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		switch (param->kind) {
		case PARAM_BUF:
			bound += call->args[param->arg + 1];
			spans++;
			break;
		case PARAM_ARR_OUT:
			bound += call->args[param->count] * types[param->type].size;
			spans++;
			break;
		case PARAM_OUT:
			bound += types[param->type].size;
			spans++;
			break;
		case PARAM_IOV_OUT:
			bound += vectors_size(call, param);
			spans += call->args[param->arg + 1];
			break;
		default: break;
		}
	}
	*ret_spans = spans < UINT32_MAX ? (uint32_t)spans : UINT32_MAX;
	return bound;
}
