#include "wasi/call.h"

#include <stdlib.h>

#include "wasi/net.h"

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
#define IN(name, type)                              { #name, 0, 0, 0, PARAM_IN, TYPE_##type },
#define ADDR_IN(name)                               { #name, 0, 0, 0, PARAM_ADDR_IN, TYPE_NONE },
#define ADDR_OUT(name)                              { #name, 0, 0, 0, PARAM_ADDR_OUT, TYPE_NONE },
#define OPT_IN(name)                                { #name, 0, 0, 0, PARAM_OPT_IN, TYPE_NONE },
#define OPT_OUT(name)                               { #name, 0, 0, 0, PARAM_OPT_OUT, TYPE_NONE },
#define ADDRINFOS(name, count)                      { #name, 0, #count, 0, PARAM_ADDRINFOS, TYPE_NONE },
#include "wasi/calls.def"
};
#undef ERRNO
#undef NEVER

static struct call_type calls[CALL_COUNT];
static char signatures[CALL_COUNT][CALL_MAX_ARGS + 3];

uint32_t param_args(enum param_kind kind)
{
	switch (kind) {
	case PARAM_STR:
	case PARAM_BUF:
	case PARAM_IOV_IN:
	case PARAM_IOV_OUT:
	case PARAM_OPT_IN:
	case PARAM_OPT_OUT:
	case PARAM_STRS: return 2;
	default: return 1;
	}
}

/* The core argument that begins parameter `name`. The tables are ours: a name that is not there is a mistake in them. */
static uint8_t arg_named(const struct call_draft *draft, const char *name)
{
	uint32_t arg = 0;
	for (const struct draft *p = draft->params; p->name; arg += param_args((p++)->kind)) {
		if (strcmp(p->name, name) == 0)
			return (uint8_t)arg;
	}
	abort();
}

/* What a name of the table has before the name that is imported. */
static size_t prefix_size(const char *name)
{
	static const char *const prefixes[] = { "unstable_", "v1_" };
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return strlen(prefixes[i]);
	}
	return 0;
}

/* Whether what the host may write there depends on the arguments. */
static bool kind_varies(uint8_t kind)
{
	return kind == PARAM_BUF || kind == PARAM_IOV_OUT || kind == PARAM_ARR_OUT || kind == PARAM_ADDR_OUT || kind == PARAM_OPT_OUT ||
		kind == PARAM_ADDRINFOS;
}

static bool kind_reads(uint8_t kind)
{
	return kind != PARAM_VAL && kind != PARAM_OUT && kind != PARAM_BUF && kind != PARAM_ARR_OUT && kind != PARAM_STRS;
}

/* Notes of calls on descriptors, which may be sockets, and of path_open, which may make one, are kept with what the host writes. */
static void init_note_bound(struct call_type *call)
{
	bool has_notes = call->classes & CLASS_NETWORK || (call->classes & CLASS_FD && !(call->classes & CLASS_FILE));
	int notes = call->number == CALL_path_open ? 3 : has_notes; /* a name, a socket, its failure */
	call->note_bound = (uint16_t)(notes * NOTE_SIZE_MAX);
	call->output_bound += call->note_bound;
	call->output_spans += (uint16_t)notes;
}

static void init_call(struct call_type *call, const struct call_draft *draft, char *signature)
{
	*call = (struct call_type){ .name = draft->name + prefix_size(draft->name),
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
		for (uint32_t i = 0; i < param_args(from->kind); i++)
			*signature++ = from->kind == PARAM_VAL && types[from->type].core == CORE_i64 ? 'I' : 'i';
		call->arg_count += (uint8_t)param_args(from->kind);
		call->varies |= kind_varies(from->kind);
		if (from->kind == PARAM_OUT) {
			call->output_bound += types[from->type].size;
			call->output_spans++;
		}
		call->input_count += kind_reads(from->kind);
	}
	init_note_bound(call);
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

/* WasmEdge exports version 2 of a socket call a second time with this behind its name, and poll_oneoff under another. */
static struct view plain_name(struct view name)
{
	static const char suffix[] = "_v2", epoll[] = "epoll_oneoff";
	size_t size = sizeof suffix - 1;
	if (view_is(name, epoll))
		return view_slice(name, 1, name.size);
	if (name.size > size + 5 && memcmp(name.data, "sock_", 5) == 0 && memcmp(name.data + name.size - size, suffix, size) == 0)
		return view_slice(name, 0, name.size - size);
	return name;
}

const struct call_type *call_find(struct view module, struct view name, uint32_t arg_count)
{
	bool unstable = view_is(module, "wasi_unstable");
	const struct call_type *found = NULL;
	if (!unstable && !view_is(module, "wasi_snapshot_preview1"))
		return NULL;
	name = unstable ? name : plain_name(name);
	for (uint32_t i = 0; i < CALL_COUNT; i++) {
		bool older = i >= CALL_unstable_fd_seek && i <= CALL_unstable_poll_oneoff;
		bool newer = i >= CALL_sock_open || i == CALL_sock_accept;
		if (!calls[i].name || (unstable ? newer : older) || !view_is(name, calls[i].name))
			continue;
		if (!found || older || (calls[i].arg_count == arg_count && found->arg_count != arg_count))
			found = &calls[i];
	}
	return found;
}
