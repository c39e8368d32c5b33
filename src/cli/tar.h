/* Writing archives in the ustar format of POSIX, for export. */
#pragma once

#include "emit/output.h"

/* A file with its content. `name` is at most 100 bytes. */
enum err tar_add(struct output *output, const char *name, struct view content, uint64_t mtime);

/* Two empty blocks. */
enum err tar_end(struct output *output);
