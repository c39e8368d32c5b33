#include "cli/runtime_info.h"

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

static void add(struct runtime_list *list, const struct brief *brief)
{
	struct runtime_info *known = find(list, brief->runtime, brief->features);
	if (!known) {
		known = &list->runtimes[list->count++];
		*known = (struct runtime_info){ brief->runtime, brief->features, 0 };
	}
	known->processes++;
}

enum err runtime_list_load(struct registry *registry, struct runtime_list *ret_list)
{
	struct runtime_list list = { 0 };
	TRY(briefs_load(registry, &list.briefs));
	list.runtimes = ARENA_ARRAY(&list.briefs.arena, struct runtime_info, list.briefs.count + 1);
	if (!list.runtimes) {
		runtime_list_finish(&list);
		return err_nomem();
	}
	list.runtimes[list.count++] = (struct runtime_info){ view_text(TIMECRAFT_VERSION), view_text(ENGINE_FEATURES), 0 };
	for (size_t i = 0; i < list.briefs.count; i++) {
		if (list.briefs.items[i].start_wall)
			add(&list, &list.briefs.items[i]);
	}
	*ret_list = list;
	return ERR_NONE;
}

void runtime_list_finish(struct runtime_list *list)
{
	briefs_finish(&list->briefs);
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
