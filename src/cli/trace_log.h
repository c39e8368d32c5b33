/* The system call trace of a recording: from its log alone, nothing runs. */
#pragma once

#include "cli/tracer.h"

/*
 * Prints the trace of the process whose directory is `dir_fd`, `id` in messages, which started at `process_start` (ns, wall clock). A
 * process that was killed is told of on standard error. ERR_DAMAGED: what can be read was printed, and what is missing was said.
 */
enum err trace_log(int dir_fd, const char *id, uint64_t process_start, const struct trace_options *options);
