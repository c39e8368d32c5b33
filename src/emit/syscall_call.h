/* The arguments and the outcome of a call, parameter by parameter. Used by syscall.c. */
#pragma once

#include "emit/syscall_value.h"

/* The arguments, in an object that the caller has begun. */
void syscall_print_args(struct value_printer *printer, const struct syscall *syscall);

/* What comes behind the arguments: what the call returned, and what it wrote. In JSON and YAML the fields `errno` and `results`. */
void syscall_print_outcome(struct value_printer *printer, const struct syscall *syscall);
