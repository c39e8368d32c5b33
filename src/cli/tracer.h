/*
 * A system call trace from options to text: output, emitter, descriptors and printer in one. `trace syscall` feeds it from a log; `run`
 * and `replay` from an observer.
 *
 *	tracer_create(&options, STDERR_FILENO, "standard error", &tracer);
 *	descriptors_add(tracer_descriptors(tracer), ...) for every preopened directory and socket;
 *	hooks = tracer_hooks(tracer);
 *	observer_create(&hooks, recorder, &observer);
 *	observer_note(observer, RECORD_GROW, ...), and after the run RECORD_TRAP, RECORD_EXIT, ...;
 *	err = tracer_finish(tracer);
 */
#pragma once

#include "cli/trace_output.h"
#include "emit/syscall.h"
#include "record/observer.h"
#include "trace/range.h"

struct trace_options {
	struct trace_output output;
	struct syscall_options syscall;
	bool string_size_given;
};

struct tracer;

/*
 * `fd` and `name` are for when no file was named. The guest may write to descriptors of ours: what goes to the same file keeps its
 * order.
 */
enum err tracer_create(const struct trace_options *options, int fd, const char *name, struct tracer **ret_tracer);

/* Prints the summary if there is one, writes the rest, and destroys. Returns the first error; that nobody reads any more is none. */
enum err tracer_finish(struct tracer *tracer);

struct descriptors *tracer_descriptors(struct tracer *tracer);

/* When the process started, for ranges of time; now, if not called. */
void tracer_set_start(struct tracer *tracer, uint64_t wall);

/*
 * A record, in order. ERR_END when no later one is wanted: the range is over, or nobody reads. Any error stays, and is returned again.
 */
enum err tracer_record(struct tracer *tracer, const struct record *record);

/* Writes what is pending. */
enum err tracer_flush(struct tracer *tracer);

/* For an observer, without `stamp`. A failure does not stop the guest: tracer_finish tells of it. */
struct observer_hooks tracer_hooks(struct tracer *tracer);
