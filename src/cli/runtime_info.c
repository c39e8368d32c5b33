#include "cli/runtime_info.h"

#include <stdlib.h>

#include "cli/ending.h"
#include "wasm/store.h"

static struct runtime_info *find(const struct runtime_list *list, struct view version, struct view features)
{
	for (size_t i = 0; i < list->count; i++) {
		if (view_equal(list->runtimes[i].version, version) && view_equal(list->runtimes[i].features, features))
			return &list->runtimes[i];
	}
	return NULL;
}

static enum err add(struct runtime_list *list, const struct manifest *manifest)
{
	struct runtime_info *known = find(list, manifest->runtime, manifest->features);
	if (!known) {
		const char *version = arena_text(&list->arena, manifest->runtime), *features = arena_text(&list->arena, manifest->features);
		if (!version || !features)
			return err_nomem();
		known = &list->runtimes[list->count++];
		*known = (struct runtime_info){ view_text(version), view_text(features), 0 };
	}
	known->processes++;
	return ERR_NONE;
}

static enum err add_process(struct registry *registry, const struct uuid *id, struct runtime_list *list)
{
	struct process process;
	struct manifest manifest;
	if (registry_open_process(registry, id, &process))
		return ERR_NONE;
	enum err err = ERR_NONE;
	if (process_manifest(&process, &manifest) == 0) {
		err = add(list, &manifest);
		manifest_finish(&manifest);
	}
	process_close(&process);
	return err;
}

enum err runtime_list_load(struct registry *registry, struct runtime_list *ret_list)
{
	struct runtime_list list = { 0 };
	struct uuid *ids;
	size_t count;
	TRY(registry_processes(registry, &ids, &count));
	list.runtimes = ARENA_ARRAY(&list.arena, struct runtime_info, count + 1);
	enum err err = list.runtimes ? ERR_NONE : err_nomem();
	if (!err)
		list.runtimes[list.count++] = (struct runtime_info){ view_text(TIMECRAFT_VERSION), view_text(ENGINE_FEATURES), 0 };
	for (size_t i = 0; i < count && !err; i++)
		err = add_process(registry, &ids[i], &list);
	free(ids);
	if (err) {
		runtime_list_finish(&list);
		return err;
	}
	*ret_list = list;
	return ERR_NONE;
}

void runtime_list_finish(struct runtime_list *list)
{
	arena_finish(&list->arena);
	*list = (struct runtime_list){ 0 };
}

bool runtime_replays(const struct runtime_info *runtime)
{
	return view_is(runtime->features, ENGINE_FEATURES);
}

void runtime_info_emit(const struct runtime_info *runtime, struct emitter *e)
{
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "version");
	emit_string(e, runtime->version);
	emit_key(e, "features");
	emit_string(e, runtime->features);
	emit_key(e, "processes");
	emit_uint(e, runtime->processes);
	emit_key(e, "replays");
	emit_bool(e, runtime_replays(runtime));
	emit_object_end(e);
}

void runtime_describe(struct emitter *e)
{
	const struct store_limits limits = STORE_LIMITS_DEFAULT;
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "version");
	emit_text(e, TIMECRAFT_VERSION);
	emit_key(e, "features");
	emit_text(e, ENGINE_FEATURES);
	emit_key(e, "memory_pages");
	emit_uint(e, limits.memory_pages);
	emit_key(e, "table_elements");
	emit_uint(e, limits.table_elements);
	emit_key(e, "stack_bytes");
	emit_size(e, limits.stack_bytes);
	emit_object_end(e);
}
