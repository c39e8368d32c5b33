/*
 * Where printed text goes: a descriptor, with what is not written yet.
 *
 * Text is appended to `pending` and belongs together until output_end; a write never splits what belongs together unless the descriptor
 * does. The first error stays, is what every later call returns, and drops what is pending. ERR_END, without text, says that nobody
 * reads any more (EPIPE): stop quietly.
 */
#pragma once

#include "base/buf.h"

enum output_mode {
	OUTPUT_BUFFERED, /* written when enough is pending */
	OUTPUT_AT_ONCE,  /* written at each output_end */
	OUTPUT_KEPT,     /* never written: whoever made it takes what is pending */
};

struct output {
	struct buf pending;
	int fd;
	enum output_mode mode;
	bool owned; /* the descriptor is closed with it */
	enum err failed;
	const char *name; /* for errors; borrowed */
};

void output_init(struct output *output, int fd, const char *name, enum output_mode mode);

/* Creates or empties the file; one that it creates is readable by its user alone. */
enum err output_open(struct output *output, const char *path, enum output_mode mode);

enum err output_end(struct output *output);
enum err output_flush(struct output *output);

/* Writes the rest, closes what it owns, frees. NULL and zero allowed. */
enum err output_finish(struct output *output);
