/*
 * Prints docs/system-calls.md from the call table. `system_calls --check FILE` fails, and says how to mend it, if FILE holds anything
 * else.
 */
#include "base/buf.h"
#include "trace/filter.h"
#include "wasi/abi.h"
#include "wasi/call.h"

#include <stdio.h>
#include <stdlib.h>

static const char introduction[] =
	"# System calls\n\n"
	"<!-- Made from the call table by `ninja -C build docs`: change src/wasi/*.def, not this page. -->\n\n"
	"Every call that a guest can make, as timecraft records and prints it. *Arguments* and *results* are named as in `-o json`;\n"
	"in text, arguments stand between the parentheses in this order and results behind the `=`. *Classes* are what `--filter`\n"
	"knows a call by; every call is also in `all`. The number is the one that recordings store.\n\n"
	"Calls marked *unstable* are those of `wasi_unstable` that differ from the call of the same name in `wasi_snapshot_preview1`.\n"
	"From 50 on they are the socket extension's (WasmEdge's): those marked *version 1* are what an import with as many parameters as\n"
	"they have is bound to.\n\n";

static const char *const kinds[] = {
	[PARAM_STR] = "text",
	[PARAM_BUF] = "bytes",
	[PARAM_IOV_IN] = "list of buffers",
	[PARAM_IOV_OUT] = "list of buffers",
	[PARAM_STRS] = "list of strings",
	[PARAM_ADDR_IN] = "address",
	[PARAM_ADDR_OUT] = "address",
	[PARAM_OPT_IN] = "option",
	[PARAM_OPT_OUT] = "option",
	[PARAM_ADDRINFOS] = "list of addresses",
};

static bool is_argument(const struct param *param)
{
	return param->kind == PARAM_VAL || param->kind == PARAM_STR || param->kind == PARAM_IOV_IN || param->kind == PARAM_ARR_IN ||
		param->kind == PARAM_IN || param->kind == PARAM_ADDR_IN || param->kind == PARAM_OPT_IN;
}

static void put_param(struct buf *out, const struct param *param, bool *ret_any)
{
	buf_printf(out, "%s`%s` ", *ret_any ? ", " : "", param->name);
	if (param->kind == PARAM_ARR_IN || param->kind == PARAM_ARR_OUT)
		buf_printf(out, "list of %s", types[param->type].name);
	else
		buf_append_text(out, param->type < TYPE_NONE ? types[param->type].name : kinds[param->kind]);
	*ret_any = true;
}

static void put_params(struct buf *out, const struct call_type *type, bool arguments)
{
	bool any = false;
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		if (is_argument(param) == arguments)
			put_param(out, param, &any);
		else if (arguments && (param->kind == PARAM_IOV_OUT || param->kind == PARAM_BUF))
			buf_printf(out, "%s`%s` %s", any ? ", " : "", param->name, param->kind == PARAM_BUF ? "size" : "list of sizes"),
				any = true;
	}
	if (!any)
		buf_append_text(out, "-");
}

/* What sets a call apart from the newest one of its name. */
static const char *version_of(const struct call_type *type)
{
	const struct call_type *plain = call_find(view_text("wasi_snapshot_preview1"), view_text(type->name), UINT32_MAX);
	if (plain == type)
		return "";
	return type->number >= CALL_sock_open ? " *version 1*" : " *unstable*";
}

static void put_call(struct buf *out, const struct call_type *type)
{
	const char *names[16];
	buf_printf(out, "| %u | `%s`%s | `%s` | ", type->number, type->name, version_of(type), type->signature);
	put_params(out, type, true);
	buf_append_text(out, " | ");
	if (type->result == RESULT_NEVER)
		buf_append_text(out, "does not return");
	else
		put_params(out, type, false);
	buf_append_text(out, " | ");
	trace_classes_of(type, names, sizeof names / sizeof *names);
	for (uint32_t i = 0; names[i]; i++)
		buf_printf(out, "%s%s", i ? ", " : "", names[i]);
	buf_append_text(out, " |\n");
}

static void put_calls(struct buf *out)
{
	buf_append_text(out, "| number | call | signature | arguments | results | classes |\n|---|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < CALL_COUNT; i++) {
		if (call_type(i))
			put_call(out, call_type(i));
	}
}

static void put_structures(struct buf *out)
{
	buf_append_text(out, "\n## Structures\n\n| type | bytes | fields |\n|---|---|---|\n");
	for (uint32_t type = 0; type < TYPE_NONE; type++) {
		const struct field *fields = struct_fields((enum type_number)type);
		if (!fields)
			continue;
		buf_printf(out, "| %s | %u | ", types[type].name, types[type].size);
		for (const struct field *field = fields; field->name; field++) {
			buf_printf(out, "%s`%s` %s at %u", field == fields ? "" : ", ", field->name, types[field->type].name,
				field->offset);
			if (field->tag >= 0)
				buf_printf(out, " (%s)", value_name((enum type_number)fields[field->tag].type, field->value));
		}
		buf_append_text(out, " |\n");
	}
}

static void put_names(struct buf *out)
{
	buf_append_text(out, "\n## Enumerations and flags\n\n| type | kind | names |\n|---|---|---|\n");
	for (uint32_t type = 0; type < TYPE_NONE; type++) {
		bool flags = types[type].style == STYLE_FLAGS, any = false;
		if ((!flags && types[type].style != STYLE_ENUM) || type == TYPE_errno)
			continue;
		buf_printf(out, "| %s | %s | ", types[type].name, flags ? "flags" : "enumeration");
		for (uint64_t value = 0; value < 64 || (value == 64 && type == TYPE_sockopt_level); value++) {
			const char *name = value_name((enum type_number)type,
				flags                ? (uint64_t)1 << value
					: value < 64 ? value
						     : WASI_sockopt_level_TLS);
			if (name)
				buf_printf(out, "%s%s", any ? ", " : "", name), any = true;
		}
		buf_append_text(out, " |\n");
	}
}

static void put_errnos(struct buf *out)
{
	buf_append_text(out, "\n## Errors\n\n| number | name | description |\n|---|---|---|\n");
	for (uint32_t i = 0; errno_name(i); i++)
		buf_printf(out, "| %u | %s | %s |\n", i, errno_name(i), errno_text(i));
}

static int check(struct view page, const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = malloc(page.size + 2);
	size_t size = file && text ? fread(text, 1, page.size + 1, file) : 0;
	bool same = view_equal(page, view_of(text, size));
	if (!same)
		fprintf(stderr, "%s is not what the call table says: run `ninja -C build docs`\n", path);
	if (file)
		fclose(file);
	free(text);
	return same ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct buf out BUF_CLEANUP = { 0 };
	buf_append_text(&out, introduction);
	put_calls(&out);
	put_structures(&out);
	put_names(&out);
	put_errnos(&out);
	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return check(buf_view(&out), argv[2]);
	return fwrite(out.data, 1, out.size, stdout) == out.size ? 0 : 1;
}
