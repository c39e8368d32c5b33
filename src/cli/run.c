/* timecraft run: a guest, live, and what it does recorded. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/ending.h"
#include "cli/engine.h"
#include "cli/given.h"
#include "cli/grants.h"
#include "cli/record_options.h"
#include "cli/setup.h"
#include "cli/size.h"
#include "cli/stop.h"
#include "cli/trace_options.h"
#include "guest/guest.h"
#include "log/writer.h"
#include "record/record.h"
#include "store/store.h"
#include "trace/checkpoint.h"

struct run_options {
	struct option_list env, exclude_env, dirs, net, listen, dial;
	bool no_env, socket_paths, restricted, unrestricted, fly_blind, trace, stack;
	enum guest_engine engine;
	const char *function;
	struct setup_options setup;
	struct trace_options tracing;
	const char *tls_ca;
	uint64_t memory_bytes, stack_bytes;
	struct log_options log;
};

static enum err parse_sockets(void *target, const char *value)
{
	if (strcmp(value, "auto") != 0 && strcmp(value, "path_open") != 0)
		return err_set(ERR_USAGE, "\"%s\" is not known; it may be auto or path_open", value);
	*(bool *)target = value[0] == 'p';
	return ERR_NONE;
}

static enum err parse_size(void *target, const char *value)
{
	return size_parse(value, target);
}

#define AT(member) offsetof(struct run_options, member)
static const struct option table[] = {
	{ "env", 'e', OPTION_LIST, false, "NAME[=VALUE]", "Give the guest this variable of the environment; without a value, the host's.",
		AT(env) },
	{ "no-env", 0, OPTION_FLAG, false, NULL, "Give the guest no variables but those that --env and the configuration name.",
		AT(no_env) },
	{ "record-exclude-env", 0, OPTION_LIST, false, "GLOB",
		"Keep the values of variables of this name out of the recording: 'AWS_*'. The guest gets them, a replay as many *. May be "
		"given again.",
		AT(exclude_env) },
	{ "dir", 0, OPTION_LIST, false, "HOST[::GUEST][:ro]",
		"Give the guest this directory, under the name GUEST, with :ro for reading only.", AT(dirs) },
	{ "allow-net", 0, OPTION_LIST, false, "HOST[:PORT]",
		"Give a restricted guest this of the network: HOST is a name, an address, a range as in 10.0.0.0/8, or *; PORT a number, a "
		"range as in 8000-8080, or *.",
		AT(net) },
	{ "listen", 'L', OPTION_LIST, false, "ADDRESS",
		"Give the guest a socket that listens on this address: HOST:PORT, :PORT, [HOST]:PORT or unix:PATH.", AT(listen) },
	{ "dial", 'D', OPTION_LIST, false, "ADDRESS", "Give the guest a socket that is connected to this address.", AT(dial) },
	{ "sockets", 'S', OPTION_CALL, false, "HOW",
		"With path_open, let the guest make sockets also by opening tcp+dial://HOST:PORT or tcp+listen://HOST:PORT in a negative "
		"directory; auto: only by the calls for sockets.",
		AT(socket_paths), .parse = parse_sockets },
	{ "restrict", 0, OPTION_FLAG, false, NULL, "Give the guest nothing but what --env, --dir, --allow-net, --listen and --dial say.",
		AT(restricted) },
	{ "no-restrict", 0, OPTION_FLAG, false, NULL,
		"Give the guest the environment, \"/\" and the network even if the configuration says restrict.", AT(unrestricted) },
	{ "tls-ca", 0, OPTION_TEXT, false, "FILE",
		"Trust the authorities in this file, not the system's, where the guest leaves TLS to the host.", AT(tls_ca) },
	{ "fly-blind", 0, OPTION_FLAG, false, NULL, "Do not record.", AT(fly_blind) },
	OPTION_INCLUDE(record_option_table, struct run_options, log),
	{ "function", 'f', OPTION_TEXT, false, "NAME", "Call this exported function of a reactor, after _initialize.", AT(function) },
	{ "engine", 0, OPTION_CALL, false, "HOW", ENGINE_HELP, AT(engine), .parse = parse_engine },
	{ "memory-limit", 0, OPTION_CALL, false, "SIZE", "The most memory that the guest may have (4G).", AT(memory_bytes),
		.parse = parse_size },
	{ "stack-limit", 0, OPTION_CALL, false, "SIZE", "How deep the guest's calls may go, in bytes of their frames (16M).",
		AT(stack_bytes), .parse = parse_size },
	{ "trace", 'T', OPTION_FLAG, false, NULL, "Print each system call as it is made, like strace, on standard error.", AT(trace) },
	{ "stack", 'k', OPTION_FLAG, false, NULL, "With --trace, print the guest's stack at each call.", AT(stack) },
	OPTION_INCLUDE(setup_option_table, struct run_options, setup),
	OPTION_INCLUDE(trace_option_table, struct run_options, tracing),
	{ 0 },
};

/* All that a run has, in the order in which it is made. */
struct run {
	struct run_options *options;
	struct config config;
	struct grants grants;
	struct manifest manifest;
	struct registry *registry;
	int registry_fd; /* for the host to guard; -1 without a registry */
	struct module_file file;
	struct module *module;
	struct process process;
	struct uploader *uploader;
	struct checkpoints *checkpoints;
	struct log_writer *writer;
	struct host *host;
	struct recorder recorder;
	struct tracer *tracer;
	struct observer *observer;
	struct guest *guest;
	struct view *args;
	int arg_count;
	int stop_fd;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

static struct store_limits limits_of(const struct run_options *options)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	if (options->memory_bytes)
		limits.memory_pages = options->memory_bytes / WASM_PAGE < 65536 ? options->memory_bytes / WASM_PAGE : 65536;
	if (options->stack_bytes)
		limits.stack_bytes = options->stack_bytes;
	return limits;
}

/* Everything that can be wrong with what the user asked for is found before anything is stored. */
static enum err prepare(struct run *run, int count, char **arguments)
{
	struct run_options *o = run->options;
	if (count == 0) {
		err_set(ERR_USAGE, "run: which module? 'timecraft run [options] [--] MODULE [args...]'");
		return ERR_USAGE;
	}
	TRY(config_load(o->setup.config, &run->config));
	bool restricted = (o->restricted || run->config.restricted) && !o->unrestricted;
	TRY(grants_make(restricted, o->no_env || run->config.no_env, &run->config, &o->env, &o->dirs, &o->net, &run->grants));
	TRY(grants_withhold(&run->grants, &run->config, &o->exclude_env));
	TRY(module_file_read(arguments[0], &run->file));
	enum err err = module_decode(run->file.bytes, &run->module);
	if (!err)
		err = guest_check(run->module, o->function);
	if (err) {
		err_prefix(err, "%s", arguments[0]);
		return err;
	}
	run->args = calloc((size_t)count, sizeof *run->args);
	if (!run->args)
		return err_nomem();
	run->arg_count = count;
	run->args[0] = view_text(base_name(arguments[0]));
	for (int i = 1; i < count; i++)
		run->args[i] = view_text(arguments[i]);
	return ERR_NONE;
}

static enum err start_recording(struct run *run, const char *path)
{
	const struct store_limits limits = limits_of(run->options);
	const char *function = run->options->function;
	struct manifest *m = &run->manifest;
	m->runtime = view_text(TIMECRAFT_VERSION);
	m->module = run->file.digest;
	m->module_name = run->args[0];
	m->module_path = view_text(path);
	m->module_size = run->file.bytes.size;
	m->function = view_text(function ? function : "");
	m->args = run->args;
	m->arg_count = (size_t)run->arg_count;
	m->env = run->grants.recorded_env;
	m->env_count = run->grants.env_count;
	m->withheld = run->grants.withheld;
	m->withheld_count = run->grants.withheld_count;
	m->start_wall = time_of(CLOCK_REALTIME);
	m->start_monotonic = time_of(CLOCK_MONOTONIC);
	m->features = view_text(ENGINE_FEATURES);
	m->memory_pages = limits.memory_pages;
	m->table_elements = limits.table_elements;
	m->stack_bytes = limits.stack_bytes;

	char id[UUID_TEXT];
	TRY(uuid_create(m->start_wall, &m->id));
	TRY(registry_add_module(run->registry, &run->file));
	struct log_options log = run->options->log;
	TRY(checkpoints_create(&run->checkpoints));
	TRY(given_descriptors(checkpoints_descriptors(run->checkpoints), m));
	TRY(given_network(checkpoints_network(run->checkpoints), m));
	log.follower = checkpoints_follower(run->checkpoints);
	TRY(registry_begin_process(run->registry, m, &run->process));
	enum err err = log_writer_create(run->process.dir_fd, &log, &run->writer);
	if (!err)
		err = registry_publish_process(run->registry, &run->process);
	if (err) {
		registry_abandon_process(run->registry, &run->process);
		return err;
	}
	uuid_print(&m->id, id);
	fprintf(stderr, "%s\n", id);
	return run->config.store ? uploader_start(run->config.store, run->registry, &m->id, &run->uploader) : ERR_NONE;
}

static void print_stack(void *data, struct buf *out)
{
	struct run *run = data;
	guest_print_stack(run->guest, out);
}

static enum err start_tracing(struct run *run, struct layer *next)
{
	struct trace_options *tracing = &run->options->tracing;
	tracing->syscall.stack = run->options->stack ? print_stack : NULL;
	tracing->syscall.stack_data = run;
	TRY(tracer_create(tracing, STDERR_FILENO, "standard error", &run->tracer));
	TRY(given_descriptors(tracer_descriptors(run->tracer), &run->manifest));
	struct observer_hooks hooks = tracer_hooks(run->tracer);
	return observer_create(&hooks, next, &run->observer);
}

static void note(struct run *run, enum record_kind kind, uint64_t arg0, uint64_t arg1, uint32_t count, struct view text)
{
	uint64_t args[] = { arg0, arg1 };
	if (run->writer)
		log_event(run->writer, kind, args, count, text);
	if (run->observer)
		observer_note(run->observer, kind, args, count, text);
}

static void note_growth(void *data, uint64_t old_pages, uint64_t new_pages)
{
	note(data, RECORD_GROW, old_pages, new_pages, 2, (struct view){ 0 });
}

static enum err make_host(struct run *run)
{
	/* Guarded also when nothing is recorded: what others recorded is there. */
	run->registry_fd = open(run->config.registry, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct host_options host = {
		.args = run->args,
		.arg_count = (size_t)run->arg_count,
		.env = run->grants.env,
		.env_count = run->grants.env_count,
		.dirs = run->grants.dirs,
		.dir_count = run->grants.dir_count,
		.socket_count = run->options->listen.count + run->options->dial.count,
		.socket_paths = run->options->socket_paths,
		.net_restricted = run->grants.restricted,
		.net = run->grants.net,
		.net_count = run->grants.net_count,
		.stdio = { 0, 1, 2 },
		.tls_ca = run->options->tls_ca,
		.registry_fd = run->registry_fd,
	};
	TRY(given_sockets(&run->options->listen, &run->options->dial, &run->grants.arena, &host.sockets));
	TRY(stop_open(&host.stop_fd));
	TRY(host_create(&host, &run->host));
	run->manifest.dirs = run->grants.manifest_dirs;
	run->manifest.dir_count = run->grants.dir_count;
	run->manifest.net = run->grants.manifest_net;
	run->manifest.net_count = run->grants.net_count;
	run->manifest.restricted = run->grants.restricted;
	run->manifest.socket_count = host.socket_count;
	return given_made(run->host, 3 + (uint32_t)host.dir_count, host.socket_count, &run->grants.arena, &run->manifest.sockets);
}

/* A process is stored when all that it needs is there. */
static enum err start(struct run *run, const char *path)
{
	const struct run_options *o = run->options;
	if (!o->fly_blind && run->config.store)
		TRY(store_check(run->config.store));
	if (!o->fly_blind)
		TRY(registry_open(run->config.registry, &run->registry));
	TRY(make_host(run));
	if (!o->fly_blind)
		TRY(start_recording(run, path));
	struct layer *layer = host_layer(run->host);
	if (run->writer) {
		recorder_init(&run->recorder, run->writer, layer);
		if (run->grants.withheld_count)
			recorder_withhold(&run->recorder, run->grants.recorded_environ);
		layer = &run->recorder.layer;
	}
	if (o->trace) {
		TRY(start_tracing(run, layer));
		layer = observer_layer(run->observer);
	}
	struct guest_options options = { .module = run->module,
		.limits = limits_of(o),
		.layer = layer,
		.function = o->function,
		.engine = o->engine,
		.hooks = { note_growth, run } };
	return guest_create(&options, &run->guest);
}

/* What the guest did counts more than who hears of it at once: its exit code stays what it is. */
static void finish_upload(struct run *run)
{
	if (uploader_finish(run->uploader) != 0)
		fprintf(stderr,
			"timecraft: the recording is not all in the store: %s\n"
			"timecraft: it is in %s, and the next run, or timecraft push, uploads the rest\n",
			err_text(), run->config.registry);
	run->uploader = NULL;
}

/* What the end of the guest is to the recording, to the user and to who waits for us. */
static int end(struct run *run, const struct guest_status *status)
{
	struct ending ending = { 0 };
	ending_of(run->guest, status, stop_signal(), &ending);
	note(run, ending.kind, ending.args[0], ending.args[1], ending.arg_count, buf_view(&ending.text));
	enum err err = run->tracer ? tracer_finish(run->tracer) : ERR_NONE;
	run->tracer = NULL;
	if (err)
		fail(err);
	ending_print(&ending);
	enum err closing = log_writer_close(run->writer);
	run->writer = NULL;
	if (closing && status->ending != GUEST_FAILED)
		fail(closing);
	int code = closing && ending.code == 0 ? 1 : ending.code;
	run->process.dir_fd >= 0 ? process_close(&run->process) : (void)0;
	run->process.dir_fd = -1;
	finish_upload(run);
	int signal = ending.signal;
	ending_finish(&ending);
	if (signal)
		stop_raise(signal);
	return code;
}

static void finish(struct run *run)
{
	guest_destroy(run->guest);
	observer_destroy(run->observer);
	if (run->tracer)
		tracer_finish(run->tracer);
	log_writer_close(run->writer);
	checkpoints_destroy(run->checkpoints);
	host_destroy(run->host);
	if (run->process.dir_fd >= 0)
		process_close(&run->process);
	finish_upload(run);
	if (run->registry_fd >= 0)
		close(run->registry_fd);
	registry_close(run->registry);
	module_destroy(run->module);
	module_file_finish(&run->file);
	grants_finish(&run->grants);
	config_finish(&run->config);
	free(run->args);
}

static int run_run(void *data, int count, char **arguments)
{
	struct run_options *options = data;
	struct run run = { .options = options, .process = { .dir_fd = -1, .lock_fd = -1 }, .registry_fd = -1 };
	enum err err = prepare(&run, count, arguments);
	if (!err)
		err = start(&run, arguments[0]);
	int code;
	if (err) {
		code = fail(err);
	} else {
		stop_watch(run.guest);
		struct guest_status status = guest_run(run.guest);
		code = end(&run, &status);
		stop_watch(NULL);
	}
	finish(&run);
	return code;
}

const struct command command_run = {
	.name = "run",
	.arguments = "[options] [--] MODULE [args...]",
	.summary = "Run a WebAssembly module and record what it does.",
	.text = "The first line on standard error is the ID of the process, by which its recording is known to the other "
		"commands. The exit code is the guest's; 134 after a trap.\n\n"
		"Without --restrict the guest has the host's environment, its files and its network: all that you may read and "
		"write, and whom you may reach, it may. It can reach neither timecraft itself nor its recordings.",
	.options = table,
	.size = sizeof(struct run_options),
	.runs = true,
	.run = run_run,
};
