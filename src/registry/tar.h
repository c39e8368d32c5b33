/* Headers of archives in the ustar format of POSIX: as many as bundles and exported logs have. */
#pragma once

#include "base/buf.h"

enum { TAR_BLOCK = 512 };

/*
 * Appends the header of a regular file that is its owner's alone, and before it an extended one where the size needs that. `name` is at
 * most 100 bytes. ERR_LIMIT, ERR_NOMEM.
 */
enum err tar_header(const char *name, uint64_t size, uint64_t mtime, struct buf *out);

/* How many bytes fill a file of this size up to whole blocks. */
static inline size_t tar_padding(uint64_t size)
{
	return (size_t)(-size % TAR_BLOCK);
}
