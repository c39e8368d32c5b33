/* What those who write and read bundles share. */
#pragma once

#include <nettle/sha2.h>

#include "base/buf.h"
#include "registry/bundle.h"
#include "registry/files.h"
#include "registry/tar.h"

#define BUNDLE_CONTENTS "contents"
#define BUNDLE_MANIFEST "manifest.yaml"
#define BUNDLE_MODULE   "module.wasm"
#define BUNDLE_TAIL     "tail"

enum { BUNDLE_NAME = 16, BUNDLE_COPY = 256 << 10 };

#define BUNDLE_CONTENTS_MAX ((uint64_t)1 << 20)
#define BUNDLE_MANIFEST_MAX ((uint64_t)16 << 20)
#define BUNDLE_MODULE_MAX   ((uint64_t)UINT32_MAX)
#define BUNDLE_TAIL_MAX     ((uint64_t)64 << 20)

struct bundle_file {
	char name[BUNDLE_NAME]; /* one of those above, or of a segment */
	uint64_t size;
	struct digest digest;
};

struct bundle_contents {
	struct uuid id;
	struct bundle_file *files; /* in the order of the bundle */
	size_t count;
};

/* "00000000.log" */
bool bundle_is_segment(struct view name);

enum err bundle_contents_encode(const struct bundle_contents *contents, struct buf *out);

/* Only what follows the format to the letter. `bundle` is for messages. */
enum err bundle_contents_decode(struct view text, const char *bundle, struct bundle_contents *ret_contents);
void bundle_contents_finish(struct bundle_contents *contents);

/* Adds a file; ERR_NOMEM. */
enum err bundle_contents_add(struct bundle_contents *contents, const char *name, uint64_t size, const struct digest *digest);

/* The header of a member. */
enum err bundle_header(const char *name, uint64_t size, struct buf *out);

/* Of a file in a directory of a process. */
enum err bundle_digest_file(int dir_fd, const char *name, uint64_t *ret_size, struct digest *ret_digest);
