/* timecraft replay: a guest again, with its recording in the place of the world. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/changes.h"
#include "cli/commands.h"
#include "cli/ending.h"
#include "cli/engine.h"
#include "cli/given.h"
#include "cli/setup.h"
#include "cli/stop.h"
#include "cli/trace_options.h"
#include "guest/guest.h"
#include "log/reader.h"
#include "replay/replay.h"
#include "replay/stdio.h"

struct replay_options {
	bool quiet, trace, stack;
	enum guest_engine engine;
	struct setup_options setup;
	struct trace_options tracing;
};

#define AT(member) offsetof(struct replay_options, member)
static const struct option table[] = {
	{ "quiet", 'q', OPTION_FLAG, false, NULL, "Do not show what the guest writes to standard output and error.", AT(quiet) },
	{ "engine", 0, OPTION_CALL, false, "HOW", ENGINE_HELP, AT(engine), .parse = parse_engine },
	{ "trace", 'T', OPTION_FLAG, false, NULL, "Print each system call, like strace, on standard error.", AT(trace) },
	{ "stack", 'k', OPTION_FLAG, false, NULL, "With --trace, print the guest's stack at each call.", AT(stack) },
	OPTION_INCLUDE(setup_option_table, struct replay_options, setup),
	OPTION_INCLUDE(trace_option_table, struct replay_options, tracing),
	{ 0 },
};

struct replay {
	struct replay_options *options;
	struct setup setup;
	struct process process;
	struct manifest manifest;
	struct module_file file;
	struct module *module;
	struct log_reader *reader;
	struct replayer replayer;
	struct stdio_layer stdio;
	struct tracer *tracer;
	struct observer_hooks hooks; /* the tracer's */
	struct observer *observer;
	struct guest *guest;
};

/* The recording, and the module that it is of: not another. */
static enum err load(struct replay *r, const char *name)
{
	struct uuid id;
	TRY(setup_open_for(&r->options->setup, &name, &r->setup));
	TRY(registry_resolve(r->setup.registry, name, &id));
	TRY(registry_open_process(r->setup.registry, &id, &r->process));
	TRY(process_manifest(&r->process, &r->manifest));
	changes_tell(&r->manifest);
	if (!view_is(r->manifest.features, ENGINE_FEATURES))
		return err_set(ERR_UNSUPPORTED, "the recording needs an engine with %.*s; this one has " ENGINE_FEATURES,
			VIEW_ARG(r->manifest.features));
	TRY(process_explain(&r->process, registry_load_module(r->setup.registry, &r->manifest.module, &r->file)));
	if (r->manifest.redacted_count)
		return err_set(ERR_UNSUPPORTED,
			"the recording was redacted when it was exported: what the guest got is not all in it, so it "
			"cannot be run again; traces work");
	TRY(module_decode(r->file.bytes, &r->module));
	TRY(process_explain(&r->process, log_open(r->process.dir_fd, &r->reader)));
	if (log_first(r->reader))
		return err_set(ERR_UNSUPPORTED,
			"records 0 to %llu were not kept, as the recording was limited: what went before cannot be done again; traces "
			"work on what there is",
			(unsigned long long)log_first(r->reader) - 1);
	return ERR_NONE;
}

/* What the guest is given in their place may make it do something else. */
static void print_withheld(const struct replay *r, const char *intro)
{
	const struct manifest *m = &r->manifest;
	if (!m->withheld_count)
		return;
	BUF_CLEANUP struct buf names = { 0 };
	for (size_t i = 0; i < m->withheld_count; i++)
		buf_printf(&names, "%s%.*s", i ? ", " : "", VIEW_ARG(m->withheld[i]));
	fprintf(stderr, "timecraft: %s%s\n", intro, buf_text(&names));
}

static void print_stack(void *data, struct buf *out)
{
	struct replay *r = data;
	guest_print_stack(r->guest, out);
}

/* Numbers and times are those of the recording. */
static void stamp(void *data, struct record *record)
{
	const struct replay *r = data;
	record->number = r->replayer.met.number;
	record->start = r->replayer.met.start;
	record->duration = r->replayer.met.duration;
	if (record->kind == RECORD_CALL)
		record->finished = r->replayer.met.finished;
}

static void pass_before(void *data, const struct record *record)
{
	const struct replay *r = data;
	r->hooks.before(r->hooks.data, record);
}

static void pass_record(void *data, const struct record *record)
{
	const struct replay *r = data;
	if (record->kind != RECORD_CALL || !r->replayer.beyond) /* only what the recording has */
		r->hooks.record(r->hooks.data, record);
}

static enum err start_tracing(struct replay *r, struct layer *next)
{
	struct trace_options *tracing = &r->options->tracing;
	tracing->syscall.stack = r->options->stack ? print_stack : NULL;
	tracing->syscall.stack_data = r;
	TRY(tracer_create(tracing, STDERR_FILENO, "standard error", &r->tracer));
	tracer_set_start(r->tracer, r->manifest.start_wall);
	TRY(given_descriptors(tracer_descriptors(r->tracer), &r->manifest));
	r->hooks = tracer_hooks(r->tracer);
	struct observer_hooks hooks = { pass_before, pass_record, stamp, r };
	return observer_create(&hooks, next, &r->observer);
}

static void note_growth(void *data, uint64_t old_pages, uint64_t new_pages)
{
	struct replay *r = data;
	uint64_t args[] = { old_pages, new_pages };
	replayer_grow(&r->replayer, old_pages, new_pages);
	if (r->observer)
		observer_note(r->observer, RECORD_GROW, args, 2, (struct view){ 0 });
}

/* Where the recording ends nothing tells where to stop: the guest gets as far as its next call, or this much further. */
static void stop_at(void *data, uint64_t position)
{
	enum { BUDGET = 100000000 };
	struct replay *r = data;
	if (r->guest)
		guest_stop_at(r->guest, position != UINT64_MAX ? position : guest_position(r->guest) + BUDGET);
}

static enum err start(struct replay *r)
{
	const struct manifest *m = &r->manifest;
	char function[256];
	struct layer *layer = &r->replayer.layer;
	if (!r->options->quiet) {
		stdio_layer_init(&r->stdio, layer);
		layer = &r->stdio.layer;
	}
	if (r->options->trace) {
		TRY(start_tracing(r, layer));
		layer = observer_layer(r->observer);
	}
	snprintf(function, sizeof function, "%.*s", VIEW_ARG(m->function));
	struct guest_options options = { .module = r->module,
		.layer = layer,
		.hooks = { note_growth, r },
		.engine = r->options->engine,
		.limits = { m->memory_pages, m->table_elements, m->stack_bytes },
		.function = m->function.size ? arena_text(&r->manifest.arena, m->function) : NULL };
	TRY(guest_check(r->module, options.function));
	TRY(guest_create(&options, &r->guest));
	replayer_init(&r->replayer, r->reader, stop_at, r);
	return ERR_NONE;
}

static int end(struct replay *r, const struct guest_status *status)
{
	struct ending ending;
	int signal = r->replayer.next_err == ERR_NONE && r->replayer.next.kind == RECORD_SIGNAL ? (int)r->replayer.next.args[0] : 0;
	ending_of(r->guest, status, stop_signal() ? stop_signal() : signal, &ending);
	BUF_CLEANUP struct buf stack = { 0 };
	guest_print_stack(r->guest, &stack);
	enum err err = ERR_NONE;
	if (status->ending == GUEST_FAILED)
		err = status->err ? status->err : ERR_IO;
	else if (!stop_signal())
		err = replayer_finish(&r->replayer, ending.kind, ending.args[0], ending.args[1]);
	if (r->observer && !err)
		observer_note(r->observer, ending.kind, ending.args, ending.arg_count, buf_view(&ending.text));
	enum err tracing = r->tracer ? tracer_finish(r->tracer) : ERR_NONE;
	r->tracer = NULL;
	int code = ending.code;
	if (err == ERR_END) {
		fprintf(stderr, "timecraft: the recording ends here, at record %llu: its process %s\n",
			(unsigned long long)r->replayer.met.number, r->manifest.snapshot ? "was still running" : "was killed");
		code = 1;
	} else if (err == ERR_DIVERGED) {
		fprintf(stderr, "timecraft: %s\nThe guest's stack:\n%.*s", r->replayer.failed ? r->replayer.failure : err_text(),
			VIEW_ARG(buf_view(&stack)));
		code = 1;
	} else if (err) {
		code = fail(process_explain(&r->process, err));
	} else {
		ending_print(&ending);
	}
	if (err == ERR_DIVERGED || r->replayer.failed == ERR_DIVERGED)
		print_withheld(r, "the reason may be that the guest got * in place of values that were not recorded: ");
	if (tracing)
		code = fail(tracing);
	ending_finish(&ending);
	return code;
}

static void finish(struct replay *r)
{
	guest_destroy(r->guest);
	observer_destroy(r->observer);
	if (r->tracer)
		tracer_finish(r->tracer);
	log_close(r->reader);
	if (r->process.dir_fd >= 0)
		process_close(&r->process);
	manifest_finish(&r->manifest);
	module_destroy(r->module);
	module_file_finish(&r->file);
	setup_close(&r->setup);
}

static int run_replay(void *data, int count, char **arguments)
{
	struct replay r = { .options = data, .process = { .dir_fd = -1, .lock_fd = -1 } };
	int stop_fd, code;
	if (count != 1)
		return fail(err_set(ERR_USAGE, "replay: which process? 'timecraft replay [options] ID'"));
	enum err err = load(&r, arguments[0]);
	if (!err)
		err = start(&r);
	if (!err)
		err = stop_open(&stop_fd);
	if (err) {
		code = fail(err);
	} else {
		print_withheld(&r, "values were not recorded, and the guest gets * in their place, so that it may do something else: ");
		stop_watch(r.guest);
		struct guest_status status = guest_run(r.guest);
		code = end(&r, &status);
		stop_watch(NULL);
	}
	finish(&r);
	return code;
}

const struct command command_replay = {
	.name = "replay",
	.arguments = "[options] ID|FILE",
	.summary = "Run a module again exactly as it was recorded, without touching the world.",
	.text = "The guest gets from the recording what it got then: no file, clock, socket or random source is used. What it wrote to "
		"standard output and error is shown. The exit code is that of the recorded run; 1 if the recording ends before the guest "
		"does, or the replay diverges. FILE is a bundle, as from 'export process'.",
	.takes_process = true,
	.options = table,
	.size = sizeof(struct replay_options),
	.run = run_replay,
};
