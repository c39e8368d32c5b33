/* What the registry's own files share. */
#pragma once

#include "registry/files.h"
#include "registry/registry.h"
#include "registry/remote.h"

struct registry {
	char *path;
	int fd;
	int hold_fd; /* with it the shared lock; -1: it is not held */
	bool has_remote;
	struct registry_remote remote;
};

#define MODULES_DIR   "modules/sha256"
#define PROCESSES_DIR "processes"

/* A directory below the registry's; each part of `path` is shorter than 64 bytes. ERR_NOT_FOUND if it is not there. */
enum err registry_dir(struct registry *registry, const char *path, bool create, int *ret_fd);

/*
 * Who stores a module holds the shared lock until there is a process that needs it: nobody collects modules meanwhile. The lock is on the
 * directory of modules, and the kernel releases it when who holds it ends.
 */
enum err registry_hold(struct registry *registry);
void registry_release(struct registry *registry);

/* The other side of it, for a while: ERR_LIMIT when others did not release it. ERR_NOT_FOUND: there are no modules. Close it. */
enum err registry_lock(struct registry *registry, int *ret_fd);

/* Under the lock. */
enum err registry_remove_module(struct registry *registry, const struct digest *digest);

/* Whether `id`, which is not empty, begins or ends `text`, without regard to case. */
bool id_matches(const char *id, const char *text);
