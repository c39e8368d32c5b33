/* Traces of a recorded process, or of one that runs: from its recording alone, nothing is run. */
#pragma once

#include "cli/setup.h"
#include "log/record.h"
#include "trace/range.h"

/* A process and what is known of it. */
struct trace_source {
	struct setup setup;
	struct process process;
	struct manifest manifest;
};

/* Finds the process that the user names. To be closed on failure too. */
enum err trace_source_open(struct trace_source *source, const struct setup_options *options, const char *name);
void trace_source_close(struct trace_source *source);

/* Who takes records. ERR_END from `record`: no more is wanted. */
struct record_sink {
	enum err (*record)(struct record_sink *sink, const struct record *record);
	enum err (*flush)(struct record_sink *sink); /* what was made of them so far is to be seen now */
	enum err (*end)(struct record_sink *sink);   /* the process is over, and its last record was passed; may be NULL */
	/* What was before the first record that is passed, where that is not the process's first (trace/checkpoint.h). NULL: it makes no
	 * difference. */
	enum err (*begin)(struct record_sink *sink, struct view checkpoint);
};

/*
 * Passes the records of a process from the start of `range` on, and for who has a `begin` some before; with `wait`, also those that come
 * while it runs. That a process was killed, or that not all was kept, is told on standard error. ERR_DAMAGED: what can be read was passed,
 * and what is missing was said.
 */
enum err trace_log(const struct trace_source *source, struct record_sink *sink, const struct trace_range *range, bool wait);
