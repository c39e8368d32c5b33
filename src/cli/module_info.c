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

void module_info_emit(struct registry *registry, const struct stored_module *stored, struct view name, struct emitter *e)
{
	char digest[DIGEST_TEXT];
	digest_print(&stored->digest, digest);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "digest");
	emit_text(e, digest);
	if (name.size) {
		emit_key(e, "name");
		emit_string(e, name);
	}
	emit_key(e, "size");
	emit_size(e, stored->size);
	emit_key(e, "stored");
	emit_time(e, stored->stored);
	emit_contents(registry, &stored->digest, e);
	emit_object_end(e);
}

static enum err module_of_process(struct registry *registry, const char *id, struct digest *ret_digest)
{
	struct uuid uuid;
	struct process process;
	struct manifest manifest;
	TRY(registry_resolve(registry, id, &uuid));
	TRY(registry_open_process(registry, &uuid, &process));
	enum err err = process_manifest(&process, &manifest);
	process_close(&process);
	TRY(err);
	*ret_digest = manifest.module;
	manifest_finish(&manifest);
	return ERR_NONE;
}

enum err module_resolve(struct registry *registry, const char *id, struct digest *ret_digest)
{
	if (!id || id[0] == '@')
		return module_of_process(registry, id ? id : "@last", ret_digest);
	enum err err = registry_resolve_module(registry, id, ret_digest);
	if (err != ERR_NOT_FOUND)
		return err;
	err = module_of_process(registry, id, ret_digest);
	if (err == ERR_NOT_FOUND)
		return err_set(err, "no module %s in the registry %s, and no process that ran one", id, registry_path(registry));
	return err;
}

struct module_name {
	struct digest digest;
	size_t order; /* of the process: higher is newer */
	struct view name;
};

/* By digest, the newest first. */
static int compare_names(const void *a, const void *b)
{
	const struct module_name *x = a, *y = b;
	int order = memcmp(&x->digest, &y->digest, sizeof x->digest);
	return order ? order : (x->order < y->order) - (x->order > y->order);
}

/* Processes whose manifest can't be read are passed over: others tell of them. */
enum err module_names_load(struct registry *registry, struct module_names *ret_names)
{
	struct module_names names = { 0 };
	TRY(briefs_load(registry, &names.briefs));
	names.names = reallocarray(NULL, names.briefs.count + 1, sizeof *names.names);
	if (!names.names) {
		module_names_finish(&names);
		return err_nomem();
	}
	for (size_t i = 0; i < names.briefs.count; i++) {
		const struct brief *brief = &names.briefs.items[i];
		if (brief->start_wall)
			names.names[names.count++] = (struct module_name){ brief->module, i, brief->module_name };
	}
	qsort(names.names, names.count, sizeof *names.names, compare_names);
	*ret_names = names;
	return ERR_NONE;
}

void module_names_finish(struct module_names *names)
{
	free(names->names);
	briefs_finish(&names->briefs);
	*names = (struct module_names){ 0 };
}

struct view module_names_find(const struct module_names *names, const struct digest *digest)
{
	struct module_name wanted = { .digest = *digest, .order = SIZE_MAX };
	size_t low = 0, high = names->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_names(&names->names[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < names->count && memcmp(&names->names[low].digest, digest, sizeof *digest) == 0;
	return found ? names->names[low].name : (struct view){ 0 };
}
