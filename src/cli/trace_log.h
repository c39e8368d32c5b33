/* The system call trace of a recording: from its log alone, nothing runs. */
#pragma once

#include "cli/tracer.h"
#include "registry/manifest.h"

/* A process: all of it is borrowed. */
struct trace_source {
	int dir_fd;     /* its directory */
	const char *id; /* for messages */
	uint64_t start; /* ns, wall clock */
	const struct manifest_dir *dirs; /* what it was given */
	size_t dir_count;
};

/*
 * Prints the trace of a process on standard output, or to the file that the options name. That a process was killed is told on standard
 * error. ERR_DAMAGED: what can be read was printed, and what is missing was said.
 */
enum err trace_log(const struct trace_source *source, const struct trace_options *options);
