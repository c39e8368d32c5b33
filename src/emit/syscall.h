/*
 * The system call trace: a record as a line in the manner of strace, or as an object of JSON or YAML (docs/syscall-trace.schema.json),
 * from one walk over the call table.
 */
#pragma once

#include "base/buf.h"
#include "emit/emitter.h"
#include "log/record.h"
#include "trace/descriptors.h"
#include "trace/filter.h"

enum { STRING_SIZE_DEFAULT = 32 };
#define STRING_SIZE_WHOLE UINT64_MAX

struct syscall_options {
	struct trace_filter filter;
	uint64_t string_size; /* the most bytes of a buffer that are shown */
	bool absolute;  /* lines begin with the time of the call; objects always have it */
	bool relative;  /* lines begin with the time since the line before; objects have it */
	bool durations; /* lines end with how long the call took; objects always have it */
	bool paths;     /* what it stands for beside every descriptor */
	bool summary;   /* a table at the end in place of the records */

	/* Appends the guest's stack, a line a frame, as it is at the record; NULL: no stacks. */
	void (*stack)(void *data, struct buf *out);
	void *stack_data;
	/* The words for a trap's number; may be NULL. */
	const char *(*trap_text)(uint32_t trap);
};

struct syscall_printer;

/*
 * Options are copied; the emitter and the descriptors, which the printer keeps up to date, are borrowed. `descriptors` is what the guest
 * had before the first record.
 */
enum err syscall_printer_create(const struct syscall_options *options, struct emitter *emitter, struct descriptors *descriptors,
	struct syscall_printer **ret_printer);
void syscall_printer_destroy(struct syscall_printer *printer); /* NULL allowed */

/*
 * Prints a record, if it passes the filter. Every record must be passed, in order. ERR_END when nobody reads the output any more.
 * `shown` false: the record only counts for what the descriptors are.
 */
enum err syscall_print(struct syscall_printer *printer, const struct record *record, bool shown);

/* Prints the summary, if one was asked for. */
enum err syscall_printer_end(struct syscall_printer *printer);
