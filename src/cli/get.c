/* timecraft get RESOURCE [ID]: tables of what the registry holds. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/format_option.h"
#include "cli/log_info.h"
#include "cli/module_info.h"
#include "cli/process_info.h"
#include "cli/resource.h"
#include "cli/runtime_info.h"
#include "cli/setup.h"
#include "emit/format.h"
#include "emit/text_table.h"

struct get_options {
	struct setup_options setup;
	enum emit_format format;
	bool ids;
};

static const struct option get_table[] = {
	{ "output", 'o', OPTION_CALL, false, "FORMAT", "text (a table), json (an object a line) or yaml.",
		offsetof(struct get_options, format), .parse = parse_format },
	{ "ids", 0, OPTION_FLAG, false, NULL, "Print identifiers only, one a line.", offsetof(struct get_options, ids) },
	OPTION_INCLUDE(setup_option_table, struct get_options, setup),
	{ 0 },
};

static void cell_age(struct text_table *table, uint64_t then)
{
	uint64_t now = time_of(CLOCK_REALTIME);
	BUF_CLEANUP struct buf text = { 0 };
	uint64_t age = now > then ? (now - then) / NS_PER_S : 0;
	format_duration(&text, age * NS_PER_S);
	text_table_cell_view(table, !then ? view_text("-") : age ? buf_view(&text) : view_text("0s"));
}

static void cell_size(struct text_table *table, uint64_t size)
{
	BUF_CLEANUP struct buf text = { 0 };
	format_size(&text, size);
	text_table_cell_view(table, buf_view(&text));
}

static void cells_id(struct text_table *table, const struct uuid *id, size_t suffix)
{
	char text[UUID_TEXT];
	uuid_print(id, text);
	text_table_cell_view(table, view_of(text, UUID_LENGTH));
	text_table_cell_view(table, view_of(text + UUID_LENGTH - suffix, suffix));
}

static void process_row(struct text_table *table, const struct brief *brief, size_t suffix)
{
	uint64_t duration;
	BUF_CLEANUP struct buf status = { 0 }, length = { 0 };
	process_status_print(&brief->log, brief->problem, &status);
	if (process_duration(brief->start_wall, &brief->log, &duration))
		format_duration(&length, duration);
	cells_id(table, &brief->id, suffix);
	text_table_cell_view(table, brief->module_name.size ? brief->module_name : view_text("-"));
	cell_age(table, brief->start_wall);
	text_table_cell_view(table, length.size ? buf_view(&length) : view_text("-"));
	cell_size(table, brief->log.size);
	text_table_cell_view(table, buf_view(&status));
}

static void log_row(struct text_table *table, const struct brief *brief, size_t suffix)
{
	cells_id(table, &brief->id, suffix);
	cell_age(table, brief->start_wall);
	cell_size(table, brief->log.size);
	if (brief->log.state == LOG_CLOSED) {
		cell_size(table, brief->log.raw_size);
		text_table_cell(table, "%llu", (unsigned long long)brief->log.record_count);
	} else {
		text_table_cell_view(table, view_text("-"));
		text_table_cell_view(table, view_text("-"));
	}
	bool damaged = brief->problem && brief->log.state != LOG_RUNNING;
	text_table_cell_view(table, view_text(damaged ? "damaged" : log_state_name(brief->log.state)));
}

struct listing {
	struct registry *registry;
	const struct get_options *options;
	enum resource resource;
	struct text_table table; /* for text */
	struct emitter *emitter;   /* for the others */
	struct output output;
	bool broken;               /* an entry could not be read whole */
};

static void note_problem(struct listing *listing, const char *problem)
{
	if (!problem)
		return;
	fprintf(stderr, "timecraft: %s\n", problem);
	listing->broken = true;
}

static enum err list_process_id(struct listing *listing, const struct uuid *id)
{
	char text[UUID_TEXT];
	uuid_print(id, text);
	buf_printf(&listing->output.pending, "%s\n", text);
	return output_end(&listing->output);
}

static enum err emit_process(struct listing *listing, const struct uuid *id)
{
	struct process_info info;
	enum err err = process_info_load(listing->registry, id, &info);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err; /* removed meanwhile */
	note_problem(listing, info.problem);
	emit_begin(listing->emitter);
	if (listing->resource == RESOURCE_LOG)
		log_info_emit(&info, listing->emitter);
	else
		process_info_emit(&info, listing->emitter, false);
	err = emit_end(listing->emitter);
	process_info_finish(&info);
	return err;
}

static void list_brief(struct listing *listing, const struct brief *brief, size_t suffix)
{
	note_problem(listing, brief->problem);
	(listing->resource == RESOURCE_LOG ? log_row : process_row)(&listing->table, brief, suffix);
}

static enum err list_briefs(struct listing *listing)
{
	struct briefs briefs;
	uint8_t *suffixes = NULL;
	TRY(briefs_load(listing->registry, &briefs));
	struct uuid *ids = reallocarray(NULL, briefs.count + 1, sizeof *ids);
	for (size_t i = 0; ids && i < briefs.count; i++)
		ids[i] = briefs.items[i].id;
	enum err err = ids ? uuid_unique_suffixes(ids, briefs.count, &suffixes) : err_nomem();
	for (size_t i = 0; i < briefs.count && !err; i++)
		list_brief(listing, &briefs.items[i], suffixes[i]);
	free(ids);
	free(suffixes);
	briefs_finish(&briefs);
	return err;
}

/* Its short form is what tells it from the others, which are known by their names alone. */
static enum err list_one_brief(struct listing *listing, const struct uuid *id)
{
	struct uuid *ids;
	size_t count;
	uint8_t *suffixes;
	struct arena arena = { 0 };
	struct brief brief;
	TRY(registry_processes(listing->registry, &ids, &count));
	enum err err = uuid_unique_suffixes(ids, count, &suffixes);
	if (err) {
		free(ids);
		return err;
	}
	size_t index = 0;
	while (index < count && !uuid_equal(&ids[index], id))
		index++;
	err = brief_load(listing->registry, id, &arena, NULL, &brief);
	if (!err)
		list_brief(listing, &brief, index < count ? suffixes[index] : UUID_LENGTH);
	arena_finish(&arena);
	free(suffixes);
	free(ids);
	return err;
}

static enum err list_one(struct listing *listing, const struct uuid *id)
{
	if (listing->options->ids)
		return list_process_id(listing, id);
	return listing->emitter ? emit_process(listing, id) : list_one_brief(listing, id);
}

static enum err list_processes(struct listing *listing, const char *id)
{
	struct uuid *ids, only;
	size_t count;
	if (id) {
		TRY(registry_resolve(listing->registry, id, &only));
		return list_one(listing, &only);
	}
	if (!listing->options->ids && !listing->emitter)
		return list_briefs(listing);
	TRY(registry_processes(listing->registry, &ids, &count));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++)
		err = list_one(listing, &ids[i]);
	free(ids);
	return err;
}

static enum err list_module(struct listing *listing, const struct stored_module *module, struct view name)
{
	char digest[DIGEST_TEXT];
	digest_print(&module->digest, digest);
	if (listing->options->ids) {
		buf_printf(&listing->output.pending, "%s\n", digest);
		return output_end(&listing->output);
	}
	if (listing->emitter) {
		emit_begin(listing->emitter);
		module_info_emit(listing->registry, module, name, listing->emitter);
		return emit_end(listing->emitter);
	}
	text_table_cell(&listing->table, "%s", digest);
	text_table_cell_view(&listing->table, name.size ? name : view_text("-"));
	cell_size(&listing->table, module->size);
	cell_age(&listing->table, module->stored);
	return ERR_NONE;
}

static enum err list_modules(struct listing *listing, const char *id)
{
	struct module_names names;
	struct stored_module *modules;
	struct digest only;
	size_t count;
	if (id)
		TRY(module_resolve(listing->registry, id, &only));
	TRY(module_names_load(listing->registry, &names));
	enum err err = registry_modules(listing->registry, &modules, &count);
	if (err) {
		module_names_finish(&names);
		return err;
	}
	for (size_t i = 0; i < count && !err; i++) {
		if (!id || memcmp(&modules[i].digest, &only, sizeof only) == 0)
			err = list_module(listing, &modules[i], module_names_find(&names, &modules[i].digest));
	}
	free(modules);
	module_names_finish(&names);
	return err;
}

static enum err list_runtime(struct listing *listing, const struct runtime_info *runtime)
{
	if (listing->options->ids) {
		buf_printf(&listing->output.pending, "%.*s\n", VIEW_ARG(runtime->version));
		return output_end(&listing->output);
	}
	if (listing->emitter) {
		emit_begin(listing->emitter);
		runtime_info_emit(runtime, listing->emitter);
		return emit_end(listing->emitter);
	}
	text_table_cell_view(&listing->table, runtime->version);
	text_table_cell_view(&listing->table, runtime->features);
	text_table_cell(&listing->table, "%llu", (unsigned long long)runtime->processes);
	text_table_cell(&listing->table, "%s", runtime_replays(runtime) ? "yes" : "no");
	return ERR_NONE;
}

static enum err list_runtimes(struct listing *listing, const char *id)
{
	struct runtime_list runtimes;
	bool found = !id;
	TRY(runtime_list_load(listing->registry, &runtimes));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < runtimes.count && !err; i++) {
		if (id && !view_is(runtimes.runtimes[i].version, id))
			continue;
		found = true;
		err = list_runtime(listing, &runtimes.runtimes[i]);
	}
	runtime_list_finish(&runtimes);
	return err || found ? err : err_set(ERR_NOT_FOUND, "no runtime %s: this is not it, and no process was recorded with it", id);
}

static enum err list_resource(struct listing *listing, const char *id)
{
	switch (listing->resource) {
	case RESOURCE_PROCESS:
	case RESOURCE_LOG: return list_processes(listing, id);
	case RESOURCE_MODULE: return list_modules(listing, id);
	case RESOURCE_RUNTIME: return list_runtimes(listing, id);
	}
	return ERR_NONE;
}

static enum err list(struct listing *listing, const char *id)
{
	static const struct text_table_column process_columns[] = {
		{ "PROCESS", TABLE_LEFT },
		{ "SHORT", TABLE_RIGHT },
		{ "MODULE", TABLE_LEFT },
		{ "AGE", TABLE_RIGHT },
		{ "DURATION", TABLE_RIGHT },
		{ "SIZE", TABLE_RIGHT },
		{ "STATUS", TABLE_LEFT },
		{ 0 },
	};
	static const struct text_table_column module_columns[] = {
		{ "MODULE", TABLE_LEFT },
		{ "NAME", TABLE_LEFT },
		{ "SIZE", TABLE_RIGHT },
		{ "AGE", TABLE_RIGHT },
		{ 0 },
	};
	static const struct text_table_column log_columns[] = {
		{ "PROCESS", TABLE_LEFT },
		{ "SHORT", TABLE_RIGHT },
		{ "AGE", TABLE_RIGHT },
		{ "SIZE", TABLE_RIGHT },
		{ "RAW", TABLE_RIGHT },
		{ "RECORDS", TABLE_RIGHT },
		{ "STATE", TABLE_LEFT },
		{ 0 },
	};
	static const struct text_table_column runtime_columns[] = {
		{ "VERSION", TABLE_LEFT },
		{ "FEATURES", TABLE_LEFT },
		{ "PROCESSES", TABLE_RIGHT },
		{ "REPLAYS", TABLE_LEFT },
		{ 0 },
	};
	static const struct text_table_column *const columns[] = {
		[RESOURCE_PROCESS] = process_columns,
		[RESOURCE_MODULE] = module_columns,
		[RESOURCE_LOG] = log_columns,
		[RESOURCE_RUNTIME] = runtime_columns,
	};
	text_table_init(&listing->table, columns[listing->resource]);
	enum err err = list_resource(listing, id);
	if (!err && !listing->emitter && !listing->options->ids)
		err = text_table_print(&listing->table, &listing->output);
	text_table_finish(&listing->table);
	return err;
}

static enum err print_list(struct listing *listing, const char *id)
{
	output_init(&listing->output, STDOUT_FILENO, "standard output", OUTPUT_BUFFERED);
	enum err err = ERR_NONE;
	if (listing->options->format != EMIT_LINE && !listing->options->ids)
		err = emitter_create(listing->options->format, &listing->output, &listing->emitter);
	if (!err)
		err = list(listing, id);
	emitter_destroy(listing->emitter);
	enum err end = output_finish(&listing->output);
	err = err ? err : end;
	return err == ERR_END ? ERR_NONE : err; /* nobody reads any more */
}

static int run_get(void *data, int count, char **arguments)
{
	const struct get_options *options = data;
	enum resource resource;
	const char *id;
	struct setup setup;
	enum err err = resource_parse("get", count, arguments, &resource, &id);
	if (!err)
		err = setup_open(&options->setup, &setup);
	if (err)
		return fail(err);
	struct listing listing = { .registry = setup.registry, .options = options, .resource = resource };
	err = print_list(&listing, id);
	setup_close(&setup);
	if (err)
		return fail(err);
	return listing.broken ? 1 : 0;
}

const struct command command_get = {
	.name = "get",
	.arguments = "[options] [process|module|log|runtime] [ID]",
	.summary = "List recorded processes, stored modules, recordings, or the runtimes that made them.",
	.text = "The newest come last. SHORT is how much of an identifier's end suffices to name it. A log, that is a recording, is named "
		"by its process; RAW is how large it would be if it were not compressed. The first runtime is this program; REPLAYS tells "
		"whether it can replay what the other recorded.",
	.words = "process module log runtime",
	.takes_process = true,
	.options = get_table,
	.size = sizeof(struct get_options),
	.run = run_get,
};
