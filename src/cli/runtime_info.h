/* Runtimes: this timecraft, and those that recordings in the registry were made with. */
#pragma once

#include "emit/emitter.h"
#include "registry/brief.h"

struct runtime_info {
	struct view version, features;
	uint64_t processes; /* recorded with it */
};

struct runtime_list {
	struct runtime_info *runtimes; /* this timecraft first, then as they come */
	size_t count;
	struct briefs briefs; /* from which they borrow */
};

/* Processes whose manifest can't be read count nowhere. */
enum err runtime_list_load(struct registry *registry, struct runtime_list *ret_list);
void runtime_list_finish(struct runtime_list *list);

/* Whether this timecraft can replay what that one recorded. */
bool runtime_replays(const struct runtime_info *runtime);

/* As one object. */
void runtime_info_emit(const struct runtime_info *runtime, struct emitter *e);

/* This timecraft, with what guests get of it if the command line says nothing else. */
void runtime_describe(struct emitter *e);
