/* Which part of an execution a trace shows, as what, and where: the options that all traces share. */
#pragma once

#include "cli/options.h"
#include "emit/emitter.h"
#include "trace/range.h"

struct trace_output {
	enum emit_format format;
	struct trace_range range;
	const char *file; /* NULL: where the command says */
};

extern const struct option trace_output_table[]; /* into a struct trace_output */

/*
 * `fd` and `name` are for when no file was named. A file takes many lines in one write; who is behind a terminal or a pipe sees each at
 * once.
 */
enum err trace_output_open(const struct trace_output *options, int fd, const char *name, struct output *ret_output);

/* Of what was recorded there is much at once: a pipe takes many lines in one write too. To be flushed before what takes time. */
void trace_output_gather(struct output *output);
