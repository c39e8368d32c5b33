/* timecraft trace syscall: the system calls of a recorded process, from its recording alone. */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/given.h"
#include "cli/trace_log.h"
#include "cli/trace_options.h"

struct trace_syscall_options {
	struct trace_options tracing;
	struct setup_options setup;
	bool follow;
};

#define AT(member) offsetof(struct trace_syscall_options, member)
static const struct option table[] = {
	{ "follow", 'f', OPTION_FLAG, false, NULL, "Go on while the process runs.", AT(follow) },
	OPTION_INCLUDE(setup_option_table, struct trace_syscall_options, setup),
	OPTION_INCLUDE(trace_option_table, struct trace_syscall_options, tracing),
	{ 0 },
};

struct syscall_trace {
	struct record_sink sink;
	struct tracer *tracer;
};

static enum err pass_record(struct record_sink *sink, const struct record *record)
{
	return tracer_record(((struct syscall_trace *)sink)->tracer, record);
}

static enum err pass_flush(struct record_sink *sink)
{
	return tracer_flush(((struct syscall_trace *)sink)->tracer);
}

static enum err pass_checkpoint(struct record_sink *sink, struct view checkpoint)
{
	return descriptors_load(tracer_descriptors(((struct syscall_trace *)sink)->tracer), checkpoint);
}

static enum err trace(const struct trace_source *source, const struct trace_syscall_options *options)
{
	const struct manifest *manifest = &source->manifest;
	struct syscall_trace trace = { { pass_record, pass_flush, .begin = options->tracing.syscall.paths ? pass_checkpoint : NULL },
		NULL };
	TRY(tracer_create(&options->tracing, STDOUT_FILENO, "standard output", &trace.tracer));
	tracer_set_start(trace.tracer, manifest->start_wall);
	enum err err = given_descriptors(tracer_descriptors(trace.tracer), manifest);
	if (!err)
		err = trace_log(source, &trace.sink, &options->tracing.output.range, options->follow);
	enum err end = tracer_finish(trace.tracer);
	return end ? end : err;
}

static int run_trace_syscall(void *data, int count, char **arguments)
{
	struct trace_syscall_options *options = data;
	struct trace_source source;
	if (count != 1)
		return fail(err_set(ERR_USAGE, "trace: which process? 'timecraft trace syscall [options] ID'"));
	enum err err = trace_source_open(&source, &options->setup, arguments[0]);
	if (!err)
		err = trace(&source, options);
	trace_source_close(&source);
	return err ? fail(err) : 0;
}

const struct command command_trace_syscall = {
	.name = "trace syscall",
	.arguments = "[options] ID|FILE",
	.summary = "Show the system calls of a recorded process, or of one that runs.",
	.text = "Nothing is run: all is read from the recording. One line is a call, in the manner of strace; docs/system-calls.md lists "
		"the calls. The exit code is 1 if the recording is damaged: what can be read of it is shown. Of a process that was "
		"killed, the last call may be unfinished. FILE is a bundle.",
	.takes_process = true,
	.options = table,
	.size = sizeof(struct trace_syscall_options),
	.run = run_trace_syscall,
};
