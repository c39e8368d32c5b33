#include "cli/tracer.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "wasm/store.h"

enum { PATIENCE = 20 * NS_PER_MS }; /* how long a line may wait for the next call */

struct tracer {
	struct output output;
	struct emitter *emitter;
	struct descriptors *descriptors;
	struct syscall_printer *printer;
	struct trace_range range;
	uint64_t process_start;
	uint64_t written; /* when lines were last written */
	bool shared[3];   /* the guest's standard output, or error, goes to the same file */
	enum err err;
};

static const char *words_of_trap(uint32_t trap)
{
	return trap < TRAP_COUNT ? trap_text((enum trap)trap) : NULL;
}

static bool is_same_file(const struct stat *a, int fd)
{
	struct stat b;
	return fstat(fd, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

static enum err open_output(struct tracer *tracer, const struct trace_options *options, int fd, const char *name)
{
	struct stat stat = { 0 };
	TRY(trace_output_open(&options->output, fd, name, &tracer->output));
	fstat(tracer->output.fd, &stat);
	tracer->shared[STDOUT_FILENO] = is_same_file(&stat, STDOUT_FILENO);
	tracer->shared[STDERR_FILENO] = is_same_file(&stat, STDERR_FILENO);
	return ERR_NONE;
}

static enum err create_parts(struct tracer *tracer, const struct trace_options *options, int fd, const char *name)
{
	struct syscall_options syscall = options->syscall;
	if (!options->string_size_given)
		syscall.string_size = options->output.format == EMIT_LINE ? STRING_SIZE_DEFAULT : STRING_SIZE_WHOLE;
	syscall.trap_text = words_of_trap;
	TRY(open_output(tracer, options, fd, name));
	TRY(emitter_create(options->output.format, &tracer->output, &tracer->emitter));
	TRY(descriptors_create(&tracer->descriptors));
	return syscall_printer_create(&syscall, tracer->emitter, tracer->descriptors, &tracer->printer);
}

static enum err destroy(struct tracer *tracer)
{
	enum err err = output_finish(&tracer->output);
	syscall_printer_destroy(tracer->printer);
	descriptors_destroy(tracer->descriptors);
	emitter_destroy(tracer->emitter);
	free(tracer);
	return err;
}

enum err tracer_create(const struct trace_options *options, int fd, const char *name, struct tracer **ret_tracer)
{
	struct tracer *tracer = calloc(1, sizeof *tracer);
	if (!tracer)
		return err_nomem();
	tracer->range = options->output.range;
	tracer->process_start = tracer->written = time_of(CLOCK_REALTIME);
	enum err err = create_parts(tracer, options, fd, name);
	if (err) {
		destroy(tracer);
		return err;
	}
	*ret_tracer = tracer;
	return ERR_NONE;
}

enum err tracer_finish(struct tracer *tracer)
{
	enum err err = tracer->err == ERR_END ? ERR_NONE : tracer->err;
	if (!err)
		err = syscall_printer_end(tracer->printer);
	enum err end = destroy(tracer);
	err = err ? err : end;
	return err == ERR_END ? ERR_NONE : err;
}

struct descriptors *tracer_descriptors(struct tracer *tracer)
{
	return tracer->descriptors;
}

void tracer_set_start(struct tracer *tracer, uint64_t wall)
{
	tracer->process_start = wall;
}

enum err tracer_record(struct tracer *tracer, const struct record *record)
{
	if (tracer->err)
		return tracer->err;
	enum range_place place = trace_range_place(&tracer->range, tracer->process_start, record);
	if (place == RANGE_AFTER)
		tracer->err = ERR_END;
	else
		tracer->err = syscall_print(tracer->printer, record, place == RANGE_INSIDE);
	return tracer->err;
}

enum err tracer_flush(struct tracer *tracer)
{
	if (!tracer->err)
		tracer->err = output_flush(&tracer->output);
	return tracer->err;
}

/* Whether a call may take long, or puts something into the file that the trace goes to: what went before must be there then. */
static bool must_be_written(const struct tracer *tracer, const struct record *record)
{
	struct descriptor descriptor;
	uint16_t classes = call_type(record->call)->classes;
	if (record->start > tracer->written + PATIENCE || classes & (CLASS_NETWORK | CLASS_PROCESS))
		return true;
	if (!(classes & CLASS_FD))
		return false;
	if (classes & CLASS_CLOCK || !descriptors_get(tracer->descriptors, (uint32_t)record->args[0], &descriptor))
		return true;
	switch (descriptor.kind) {
	case DESCRIPTOR_STDOUT: return tracer->shared[STDOUT_FILENO];
	case DESCRIPTOR_STDERR: return tracer->shared[STDERR_FILENO];
	case DESCRIPTOR_STDIN:
	case DESCRIPTOR_SOCKET:
	case DESCRIPTOR_UNKNOWN: return true;
	default: return false;
	}
}

static void write_pending(struct tracer *tracer, uint64_t now)
{
	tracer_flush(tracer);
	tracer->written = now;
}

static void observe_before(void *data, const struct record *record)
{
	struct tracer *tracer = data;
	if (tracer->output.pending.size && must_be_written(tracer, record))
		write_pending(tracer, record->start);
}

static void observe_record(void *data, const struct record *record)
{
	struct tracer *tracer = data;
	uint64_t now = record->start + record->duration;
	tracer_record(tracer, record);
	if (tracer->output.pending.size && now > tracer->written + PATIENCE)
		write_pending(tracer, now);
}

struct observer_hooks tracer_hooks(struct tracer *tracer)
{
	return (struct observer_hooks){ .before = observe_before, .record = observe_record, .data = tracer };
}
