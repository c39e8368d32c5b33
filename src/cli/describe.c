/* timecraft describe RESOURCE [ID]: everything known about one process, module or recording, or about the runtime. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/log_info.h"
#include "cli/module_info.h"
#include "cli/process_info.h"
#include "cli/resource.h"
#include "cli/runtime_info.h"
#include "cli/setup.h"

struct describe_options {
	struct setup_options setup;
	const char *format;
	bool verbose, follow;
};

static const struct option describe_table[] = {
	{ "output", 'o', OPTION_TEXT, false, "FORMAT", "text, json or yaml.", offsetof(struct describe_options, format) },
	{ "verbose", 'v', OPTION_FLAG, false, NULL, "Show values of environment variables too, which may be secrets; of a log, each block.",
		offsetof(struct describe_options, verbose) },
	{ "follow", 'f', OPTION_FLAG, false, NULL, "Of a running process, wait for its end, and describe it once more.",
		offsetof(struct describe_options, follow) },
	OPTION_INCLUDE(setup_option_table, struct describe_options, setup),
	{ 0 },
};

static enum err describe_process(struct registry *registry, const char *id, struct emitter *e, bool verbose)
{
	struct uuid uuid;
	struct process_info info;
	TRY(registry_resolve(registry, id, &uuid));
	TRY(process_info_load(registry, &uuid, &info));
	process_info_emit(&info, e, verbose);
	enum err err = info.problem ? err_set(ERR_DAMAGED, "%s", info.problem) : ERR_NONE;
	process_info_finish(&info);
	return err;
}

static enum err describe_module(struct registry *registry, const char *id, struct emitter *e)
{
	struct digest digest;
	struct module_names names;
	struct stored_module *modules;
	size_t count;
	TRY(module_resolve(registry, id, &digest));
	TRY(registry_modules(registry, &modules, &count));
	enum err err = module_names_load(registry, &names);
	for (size_t i = 0; i < count && !err; i++) {
		if (memcmp(&modules[i].digest, &digest, sizeof digest) == 0)
			module_info_emit(registry, &modules[i], module_names_find(&names, &digest), e);
	}
	free(modules);
	if (!err)
		module_names_finish(&names);
	return err;
}

static enum err describe_log(struct registry *registry, const char *id, struct emitter *e, bool blocks)
{
	struct uuid uuid;
	TRY(registry_resolve(registry, id, &uuid));
	return log_info_describe(registry, &uuid, blocks, e);
}

static enum err describe_one(enum resource resource, const char *id, struct registry *registry, struct emitter *e, bool verbose)
{
	const char *process = id ? id : "@last";
	switch (resource) {
	case RESOURCE_PROCESS: return describe_process(registry, process, e, verbose);
	case RESOURCE_MODULE: return describe_module(registry, id, e);
	case RESOURCE_LOG: return describe_log(registry, process, e, verbose);
	case RESOURCE_RUNTIME:
		if (id)
			return err_set(ERR_USAGE, "describe: the runtime is this program: \"%s\" is one argument too many", id);
		runtime_describe(e);
		return ERR_NONE;
	}
	return ERR_NONE;
}

/* One document. What is damaged is told after what could be read. */
static enum err describe_now(const struct describe_options *options, enum resource resource, const char *id, struct registry *registry,
	struct emitter *emitter, struct output *output)
{
	emit_begin(emitter);
	enum err err = describe_one(resource, id, registry, emitter, options->verbose);
	if (!err || err == ERR_DAMAGED) {
		enum err end = emit_end(emitter);
		return err ? err : end;
	}
	buf_clear(&output->pending);
	return err;
}

/* Of one process, whatever others begin meanwhile. */
static enum err describe_followed(const struct describe_options *options, enum resource resource, const char *id, struct registry *registry,
	struct emitter *emitter, struct output *output)
{
	enum { PAUSE_US = 50000 };
	struct uuid uuid;
	struct process process;
	char name[UUID_TEXT];
	if (resource != RESOURCE_PROCESS && resource != RESOURCE_LOG)
		return err_set(ERR_USAGE, "describe: only a process or its log can be followed");
	TRY(registry_resolve(registry, id ? id : "@last", &uuid));
	uuid_print(&uuid, name);
	TRY(registry_open_process(registry, &uuid, &process));
	bool running = process_is_running(&process);
	enum err err = describe_now(options, resource, name, registry, emitter, output);
	if (!err)
		err = output_flush(output);
	while (!err && process_is_running(&process))
		usleep(PAUSE_US);
	process_close(&process);
	if (err || !running)
		return err;
	if (!options->format)
		buf_append_byte(&output->pending, '\n');
	return describe_now(options, resource, name, registry, emitter, output);
}

static enum err describe(const struct describe_options *options, enum resource resource, const char *id, struct registry *registry)
{
	struct output output;
	struct emitter *emitter;
	enum emit_format format = EMIT_PAGE;
	if (options->format)
		TRY(emit_format_parse(options->format, EMIT_PAGE, &format));
	output_init(&output, STDOUT_FILENO, "standard output", OUTPUT_BUFFERED);
	enum err err = emitter_create(format, &output, &emitter);
	if (!err) {
		err = options->follow ? describe_followed(options, resource, id, registry, emitter, &output)
				      : describe_now(options, resource, id, registry, emitter, &output);
		emitter_destroy(emitter);
	}
	enum err end = output_finish(&output);
	err = err ? err : end;
	return err == ERR_END ? ERR_NONE : err;
}

static int run_describe(void *data, int count, char **arguments)
{
	const struct describe_options *options = data;
	enum resource resource;
	const char *id;
	struct setup setup;
	enum err err = resource_parse("describe", count, arguments, &resource, &id);
	if (!err)
		err = setup_open_for(&options->setup, &id, &setup);
	if (err)
		return fail(err);
	err = describe(options, resource, id, setup.registry);
	setup_close(&setup);
	return err ? fail(err) : 0;
}

const struct command command_describe = {
	.name = "describe",
	.arguments = "[options] [process|module|log|runtime] [ID|FILE]",
	.summary = "Tell all about a process, a module, a recording, or the runtime.",
	.text = "Without an ID it is the last process, or its module; FILE is a bundle, as from 'export process'. A module may be named by "
		"its digest or by a process that ran it. Of a process, what it was granted is told too: directories, environment, sockets, "
		"network, limits. A log, that is a recording, is named by its process; it is read to its end, and what is damaged is told. "
		"The runtime is this program.",
	.words = "process module log runtime",
	.takes_process = true,
	.options = describe_table,
	.size = sizeof(struct describe_options),
	.run = run_describe,
};
