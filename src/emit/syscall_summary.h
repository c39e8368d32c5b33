/* The summary of a system call trace. Used by syscall.c. */
#pragma once

#include "emit/emitter.h"
#include "trace/summary.h"

/* A table with a line for each call and their sum, or a document of JSON or YAML with the same. */
enum err syscall_print_summary(struct emitter *emitter, const struct summary *summary);
