/* timecraft trace: what a recorded process did, from its recording alone. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/ending.h"
#include "cli/setup.h"
#include "cli/trace_log.h"
#include "cli/trace_options.h"

struct trace_command_options {
	struct trace_options tracing;
	struct setup_options setup;
};

#define AT(member) offsetof(struct trace_command_options, member)
static const struct option table[] = {
	{ "follow", 'f', OPTION_FLAG, false, NULL, "Go on while the process runs.", AT(tracing.follow) },
	OPTION_INCLUDE(setup_option_table, struct trace_command_options, setup),
	OPTION_INCLUDE(trace_option_table, struct trace_command_options, tracing),
	{ 0 },
};

struct source {
	struct setup setup;
	struct process process;
	struct manifest manifest;
};

static enum err open_source(struct source *source, const struct setup_options *options, const char *name)
{
	struct uuid id;
	TRY(setup_open(options, &source->setup));
	TRY(registry_resolve(source->setup.registry, name, &id));
	TRY(registry_open_process(source->setup.registry, &id, &source->process));
	return process_manifest(&source->process, &source->manifest);
}

static void close_source(struct source *source)
{
	manifest_finish(&source->manifest);
	if (source->process.dir_fd >= 0)
		process_close(&source->process);
	setup_close(&source->setup);
}

static enum err trace_syscall(const struct source *source, const struct trace_options *options)
{
	char id[UUID_TEXT];
	const struct manifest *manifest = &source->manifest;
	struct trace_source log = { .dir_fd = source->process.dir_fd, .id = id, .start = manifest->start_wall };
	uuid_print(&manifest->id, id);
	log.dirs = manifest->dirs;
	log.dir_count = manifest->dir_count;
	return trace_log(&log, options);
}

static int run_trace(void *data, int count, char **arguments)
{
	struct trace_command_options *options = data;
	struct source source = { .process = { .dir_fd = -1, .lock_fd = -1 } };
	if (count == 0 || strcmp(arguments[0], "syscall") != 0)
		return fail(err_set(ERR_USAGE, "trace: what? 'timecraft trace syscall [options] ID'"));
	if (count != 2)
		return fail(err_set(ERR_USAGE, "trace: which process? 'timecraft trace syscall [options] ID'"));
	enum err err = open_source(&source, &options->setup, arguments[1]);
	if (!err)
		err = trace_syscall(&source, &options->tracing);
	close_source(&source);
	return err ? fail(err) : 0;
}

const struct command command_trace = {
	.name = "trace",
	.arguments = "syscall [options] ID",
	.summary = "Show the system calls of a recorded process, or of one that runs.",
	.text = "Nothing is run: all is read from the recording. One line is a call, in the manner of strace; docs/system-calls.md lists "
		"the calls. The exit code is 1 if the recording is damaged: what can be read of it is shown. Of a process that was "
		"killed, the last call may be unfinished.",
	.words = "syscall",
	.takes_process = true,
	.options = table,
	.size = sizeof(struct trace_command_options),
	.run = run_trace,
};
