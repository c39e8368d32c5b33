/*
 * Bundles: a process with its module and its log in one file (docs/bundle-format.md), written from a registry and read into one.
 */
#pragma once

#include "registry/registry.h"

/* What a bundle is made of. */
struct bundle_source {
	struct uuid id;
	struct view manifest; /* the file's bytes */
	struct view module;
	bool has_module;
	int log_fd;           /* the directory with the log's files */
};

/* Takes the bytes of a bundle, in order. Its error ends the writing. */
struct bundle_sink {
	enum err (*write)(struct bundle_sink *sink, struct view bytes);
};

/* Reads each file twice, since the digests come first. ERR_IO if it changed in between. */
enum err bundle_write(const struct bundle_source *source, struct bundle_sink *sink);

enum bundle_durability {
	BUNDLE_KEPT,      /* on the disk when it is done */
	BUNDLE_TEMPORARY, /* soon removed */
};

/*
 * Reads a bundle until its end and stores its process and module. What it needs of memory does not grow with the bundle; nothing has its
 * name in the registry before all of it was read and found right. `name` is for messages.
 *
 * The same process may be there: `ret_present` if it is the same to the byte, else ERR_EXISTS. ERR_DAMAGED, ERR_MALFORMED (no bundle),
 * ERR_UNSUPPORTED, ERR_LIMIT.
 */
enum err bundle_import(struct registry *registry, int fd, const char *name, enum bundle_durability durability, struct uuid *ret_id,
	bool *ret_present);
