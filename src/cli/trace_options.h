/* The options of system call traces, as `run`, `replay` and `trace syscall` have them. */
#pragma once

#include "cli/options.h"
#include "cli/tracer.h"

extern const struct option trace_option_table[]; /* into a struct trace_options */
