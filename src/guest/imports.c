#include "guest/imports.h"

#include "base/buf.h"

/* Whether a function type is the one that the call's table entry derives. */
static bool signature_fits(const struct functype *type, const char *signature)
{
	const uint8_t *at = type->params, *end = type->params + type->param_count;
	for (; *signature != ':'; signature++, at++) {
		if (at == end || *at != (*signature == 'I' ? VALTYPE_I64 : VALTYPE_I32))
			return false;
	}
	if (at != end)
		return false;
	bool returns = signature[1] == 'i';
	return type->result_count == returns && (!returns || type->results[0] == VALTYPE_I32);
}

const struct call_type *import_call(const struct module_import *import)
{
	if (import->type.kind != EXTERN_FUNC)
		return NULL;
	const struct call_type *call = call_find(import->module, import->name, import->type.func->param_count);
	return call && signature_fits(import->type.func, call->signature) ? call : NULL;
}

static void print_signature(struct buf *out, const char *signature)
{
	buf_append_text(out, "(func");
	if (*signature != ':')
		buf_append_text(out, " (param");
	bool params = *signature != ':';
	for (; *signature != ':'; signature++)
		buf_append_text(out, *signature == 'I' ? " i64" : " i32");
	buf_append_text(out, params ? ")" : "");
	buf_append_text(out, signature[1] ? " (result i32))" : ")");
}

static bool has_prefix(struct view text, const char *prefix)
{
	return view_is(view_slice(text, 0, strlen(prefix)), prefix);
}

/* What whoever built the module can do about an import that is not there. */
static const char *advice_for(struct view module)
{
	if (has_prefix(module, "wasi:"))
		return "it is built for WASI 0.2 (components): build it for WASI preview 1 instead "
		       "(Rust: --target wasm32-wasip1; Go: GOOS=wasip1; C: --target=wasm32-wasi)";
	if (view_is(module, "wasi"))
		return "it needs wasi-threads: build it without threads";
	if (has_prefix(module, "wasi_snapshot_preview1") || has_prefix(module, "wasi_unstable"))
		return "WASI preview 1 has no such function";
	if (has_prefix(module, "wasi_"))
		return "only wasi_snapshot_preview1 and wasi_unstable are provided";
	if (view_is(module, "go") || view_is(module, "gojs"))
		return "it is built for JavaScript: build it with GOOS=wasip1 GOARCH=wasm";
	if (view_is(module, "__wbindgen_placeholder__") || has_prefix(module, "./") || view_is(module, "wbg"))
		return "it is built for JavaScript: build it for wasm32-wasip1, without wasm-bindgen";
	if (view_is(module, "env"))
		return "link what it names into the module; a module built by Emscripten needs -sSTANDALONE_WASM";
	return "build it for WASI preview 1, with nothing else left to import";
}

static void print_missing(struct buf *out, const struct module_import *import)
{
	buf_printf(out, "\n    %.*s %.*s ", VIEW_ARG(import->module), VIEW_ARG(import->name));
	externtype_print(out, &import->type);
	const struct call_type *call =
		import->type.kind == EXTERN_FUNC ? call_find(import->module, import->name, import->type.func->param_count) : NULL;
	if (call) {
		buf_append_text(out, ", which WASI has as ");
		print_signature(out, call->signature);
	}
}

enum err imports_check(const struct module *module)
{
	enum { LISTED = 30 };
	BUF_CLEANUP struct buf list = { 0 };
	uint32_t missing = 0;
	const char *advice = "";
	for (uint32_t i = 0; i < module_import_count(module); i++) {
		struct module_import import = module_import(module, i);
		if (import_call(&import))
			continue;
		if (missing++ == 0)
			advice = advice_for(import.module);
		if (missing <= LISTED)
			print_missing(&list, &import);
	}
	if (missing == 0)
		return ERR_NONE;
	if (missing > LISTED)
		buf_printf(&list, "\n    ... and %u more", missing - LISTED);
	return err_set(ERR_UNSUPPORTED, "the module imports %u thing%s that timecraft does not provide (%s):%s", missing,
		missing == 1 ? "" : "s", advice, buf_text(&list));
}
