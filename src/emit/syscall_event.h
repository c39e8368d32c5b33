/* Records that are no call, or none that this version knows: growth, signals, traps, ends. Used by syscall.c. */
#pragma once

#include "emit/emitter.h"
#include "log/record.h"

typedef const char *trap_text_func(uint32_t trap);

/* memory.grow(1) = 16, --- SIGINT ---, +++ exited with 0 +++ */
void syscall_print_event_line(struct emitter *e, const struct record *record, trap_text_func *trap_text);

/* The same as fields of an object that the caller has begun. */
const char *syscall_event_kind(const struct record *record);
void syscall_print_event_fields(struct emitter *e, const struct record *record, trap_text_func *trap_text);

/* A guest's stack, a line a frame: lines behind the one of the record, or an array named `stack`. */
void syscall_print_stack(struct emitter *e, struct view stack);
