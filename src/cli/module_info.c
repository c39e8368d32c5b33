#include "cli/module_info.h"

#include <stdlib.h>

#include "wasm/module.h"

static void emit_type(struct emitter *e, const struct externtype *type)
{
	BUF_CLEANUP struct buf text = { 0 };
	externtype_print(&text, type);
	emit_key(e, "type");
	emit_string(e, buf_view(&text));
}

static void emit_imports(const struct module *module, struct emitter *e)
{
	emit_key(e, "imports");
	emit_array_begin(e);
	for (uint32_t i = 0; i < module_import_count(module); i++) {
		struct module_import import = module_import(module, i);
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "module");
		emit_string(e, import.module);
		emit_key(e, "name");
		emit_string(e, import.name);
		emit_type(e, &import.type);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void emit_exports(const struct module *module, struct emitter *e)
{
	emit_key(e, "exports");
	emit_array_begin(e);
	for (uint32_t i = 0; i < module_export_count(module); i++) {
		struct module_export export = module_export(module, i);
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "name");
		emit_string(e, export.name);
		emit_type(e, &export.type);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void emit_problem(struct emitter *e)
{
	emit_key(e, "problem");
	emit_text(e, err_text());
}

static void emit_contents(struct registry *registry, const struct digest *digest, struct emitter *e)
{
	struct module_file file;
	struct module *module;
	if (registry_load_module(registry, digest, &file) != 0) {
		emit_problem(e);
		return;
	}
	if (module_decode(file.bytes, &module) == 0) {
		emit_key(e, "functions");
		emit_uint(e, module_func_count(module));
		emit_imports(module, e);
		emit_exports(module, e);
		module_destroy(module);
	} else {
		emit_problem(e);
	}
	module_file_finish(&file);
}

enum err module_info_emit(struct registry *registry, const struct stored_module *stored, struct emitter *e)
{
	char digest[DIGEST_TEXT];
	BUF_CLEANUP struct buf name = { 0 };
	TRY(module_info_name(registry, &stored->digest, &name));
	digest_print(&stored->digest, digest);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "digest");
	emit_text(e, digest);
	if (name.size) {
		emit_key(e, "name");
		emit_string(e, buf_view(&name));
	}
	emit_key(e, "size");
	emit_size(e, stored->size);
	emit_key(e, "stored");
	emit_time(e, stored->stored);
	emit_contents(registry, &stored->digest, e);
	emit_object_end(e);
	return ERR_NONE;
}

/* Whether the process ran the module; its name for it goes to `out`. */
static bool ran(struct registry *registry, const struct uuid *id, const struct digest *digest, struct buf *out)
{
	struct process process;
	struct manifest manifest;
	if (registry_open_process(registry, id, &process) != 0)
		return false;
	bool same = false;
	if (process_manifest(&process, &manifest) == 0) {
		same = memcmp(&manifest.module, digest, sizeof *digest) == 0;
		if (same)
			buf_append(out, manifest.module_name.data, manifest.module_name.size);
		manifest_finish(&manifest);
	}
	process_close(&process);
	return same;
}

enum err module_info_name(struct registry *registry, const struct digest *digest, struct buf *out)
{
	struct uuid *ids;
	size_t count;
	TRY(registry_processes(registry, &ids, &count));
	while (count > 0 && !ran(registry, &ids[count - 1], digest, out))
		count--;
	free(ids);
	return buf_status(out);
}
