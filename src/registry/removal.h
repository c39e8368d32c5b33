/*
 * Removing processes, and modules that no process needs any more.
 *
 * A process is renamed first, to a name that nobody looks for, and what is in it removed afterwards: whoever is interrupted leaves
 * something to sweep up, not half a process. Modules go when the renaming is safe on disk.
 */
#pragma once

#include "registry/brief.h"

/* What a process takes on disk, and when the last of it was written (ns since 1970). */
struct process_usage {
	uint64_t size, changed;
};
enum err process_usage(const struct process *process, struct process_usage *ret_usage);

/* Takes a process out of the registry. ERR_NOT_FOUND; ERR_ACCESS for one that is running. Its files are there until the next sweep. */
enum err registry_remove_process(struct registry *registry, const struct uuid *id);

/* Removes what was taken out, and what those left who were interrupted. */
enum err registry_sweep(struct registry *registry);

/*
 * Removes them, or with `remove` false only says what there is: paths below the registry's. What belongs to somebody who is at work is
 * neither removed nor told. Free each and the array.
 */
enum err registry_leftovers(struct registry *registry, bool remove, char ***ret_paths, size_t *ret_count);

/* Modules, and why none of them may be removed; neither has anything if there are none that nobody needs. */
struct unneeded {
	struct stored_module *modules;
	size_t count;
	char *kept; /* NULL: nothing is in the way */
};
void unneeded_finish(struct unneeded *unneeded); /* zero allowed */

/* Those that only processes need that `gone` says are; it may be NULL. */
enum err registry_unneeded_modules(struct registry *registry, const struct briefs *briefs, const bool *gone, struct unneeded *ret_unneeded);

/* Removes those that no process needs, or of them only the one with this digest; NULL: all. Those that were removed are returned. */
enum err registry_collect_modules(struct registry *registry, const struct digest *only, struct unneeded *ret_removed);
