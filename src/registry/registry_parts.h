/* What the registry's own files share. */
#pragma once

#include "registry/files.h"
#include "registry/registry.h"

struct registry {
	char *path;
	int fd;
};

#define MODULES_DIR   "modules/sha256"
#define PROCESSES_DIR "processes"

/* A directory below the registry's; each part of `path` is shorter than 64 bytes. ERR_NOT_FOUND if it is not there. */
enum err registry_dir(struct registry *registry, const char *path, bool create, int *ret_fd);

/* Whether `id`, which is not empty, begins or ends `text`, without regard to case. */
bool id_matches(const char *id, const char *text);
