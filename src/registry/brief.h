/*
 * What lists show of processes, and what decides which of them to keep: the beginning of the manifest and the end of the recording.
 *
 * Those of processes that have ended are kept in the file `.index` beside them (registry/index.h), so that a hundred thousand of them need
 * no reading. It is a copy: whoever removes it loses nothing but time.
 */
#pragma once

#include "log/reader.h"
#include "registry/registry.h"

struct brief {
	struct uuid id;
	struct digest module;
	struct view module_name, runtime, features;
	uint64_t start_wall;    /* ns since 1970; 0: the manifest can't be read, and what comes of it is zero */
	struct log_summary log; /* zero but for its state where it can't be read */
	const char *problem;    /* what can't be read, and why; NULL: nothing */
};

/*
 * Of one process, with its manifest if `ret_manifest` is not NULL. Never fails for what is broken in the process: that is told in
 * `problem`, and a manifest that can't be read is zero. ERR_NOT_FOUND, ERR_NOMEM.
 */
enum err brief_load(struct registry *registry, const struct uuid *id, struct arena *arena, struct manifest *ret_manifest,
	struct brief *ret_brief);

struct briefs {
	struct brief *items;
	size_t count;
	struct buf index;   /* they borrow from both */
	struct arena arena;
};

/* Of all processes, oldest first. */
enum err briefs_load(struct registry *registry, struct briefs *ret_briefs);
void briefs_finish(struct briefs *briefs); /* zero allowed */
