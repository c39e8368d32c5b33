/* All that is known of a stored module, and how it is shown. */
#pragma once

#include "emit/emitter.h"
#include "registry/brief.h"

/* What modules were called when they were run, as processes' manifests have it. All zero is empty. */
struct module_names {
	struct module_name *names; /* sorted by digest */
	size_t count;
	struct briefs briefs;      /* from which they borrow */
};

enum err module_names_load(struct registry *registry, struct module_names *ret_names);
void module_names_finish(struct module_names *names);

/* The name that the newest of its processes had for it; empty if none ran it. */
struct view module_names_find(const struct module_names *names, const struct digest *digest);

/* As one object: what it is, what it imports and exports. A module that can't be decoded has a `problem` instead. */
void module_info_emit(struct registry *registry, const struct stored_module *module, struct view name, struct emitter *e);

/*
 * The module that a user means: by its digest or enough of it, or by a process that ran it; NULL is that of the last process.
 * ERR_NOT_FOUND, ERR_AMBIGUOUS.
 */
enum err module_resolve(struct registry *registry, const char *id, struct digest *ret_digest);
