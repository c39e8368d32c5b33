/* timecraft prune: deletes processes that are old, or too many, or too large together. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/module_info.h"
#include "cli/removal.h"
#include "cli/size.h"
#include "emit/format.h"
#include "trace/range.h"

struct limit {
	bool given;
	uint64_t value;
};

struct prune_options {
	struct limit older_than, keep, max_size;
	bool yes, dry;
	struct removal_options removal;
};

static enum err parse_age(void *target, const char *value)
{
	struct limit *limit = target;
	limit->given = true;
	return duration_parse(value, &limit->value);
}

static enum err parse_size(void *target, const char *value)
{
	struct limit *limit = target;
	limit->given = true;
	return size_parse(value, &limit->value);
}

static enum err parse_count(void *target, const char *value)
{
	struct limit *limit = target;
	char *end;
	limit->given = true;
	limit->value = strtoull(value, &end, 10);
	bool number = value[0] >= '0' && value[0] <= '9' && !*end;
	return number ? ERR_NONE : err_set(ERR_USAGE, "\"%s\" is no number of processes", value);
}

#define AT(member) offsetof(struct prune_options, member)
static const struct option prune_table[] = {
	{ "older-than", 0, OPTION_CALL, false, "DURATION", "Delete processes that ended longer ago than this: 12h, 30d.", AT(older_than),
		.parse = parse_age },
	{ "keep", 0, OPTION_CALL, false, "N", "Delete all but the N newest processes.", AT(keep), .parse = parse_count },
	{ "max-size", 0, OPTION_CALL, false, "SIZE",
		"Delete the oldest processes until the others and their modules take no more than this: 500M, 10G.", AT(max_size),
		.parse = parse_size },
	{ "dry-run", 0, OPTION_FLAG, false, NULL, "Delete nothing: tell what would be deleted.", AT(dry) },
	{ "yes", 0, OPTION_FLAG, false, NULL, "Do not ask.", AT(yes) },
	OPTION_INCLUDE(removal_option_table, struct prune_options, removal),
	{ 0 },
};

struct plan {
	const struct prune_options *options;
	struct registry *registry;
	struct module_names names;
	const struct briefs *briefs;
	struct process_usage *usages; /* of each process */
	bool *gone;                   /* which of them are to be deleted */
	struct unneeded modules;      /* then */
	uint64_t processes, size, newest;
};

static bool may_go(const struct brief *brief)
{
	return brief->log.state != LOG_RUNNING;
}

/* A process that is deleted by another meanwhile takes nothing. */
static enum err load_usages(struct plan *plan)
{
	for (size_t i = 0; i < plan->briefs->count; i++) {
		struct process process;
		if (registry_open_process(plan->registry, &plan->briefs->items[i].id, &process) != 0)
			continue;
		enum err err = process_usage(&process, &plan->usages[i]);
		err = err && process_was_deleted(&process) ? ERR_NONE : err;
		process_close(&process);
		TRY(err);
	}
	return ERR_NONE;
}

static void choose_old(struct plan *plan)
{
	uint64_t now = time_of(CLOCK_REALTIME), age = plan->options->older_than.value;
	for (size_t i = 0; i < plan->briefs->count; i++) {
		uint64_t end = plan->briefs->items[i].log.end_time;
		end = end ? end : plan->usages[i].changed;
		plan->gone[i] |= end < now && now - end > age;
	}
}

static void choose_surplus(struct plan *plan)
{
	for (size_t i = 0; i < plan->briefs->count; i++)
		plan->gone[i] |= plan->briefs->count - i > plan->options->keep.value;
}

struct sized_module {
	struct digest digest;
	uint64_t size; /* 0 when it was counted */
};

static int compare_modules(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

static uint64_t count_module(struct sized_module *modules, size_t count, const struct digest *digest)
{
	struct sized_module *module = count ? bsearch(digest, modules, count, sizeof *modules, compare_modules) : NULL;
	uint64_t size = module ? module->size : 0;
	if (module)
		module->size = 0;
	return size;
}

/* Those that run take their part first: they stay. Then the newest, up to the first that is too much. */
static void choose_from(struct plan *plan, struct sized_module *modules, size_t count)
{
	uint64_t total = 0, most = plan->options->max_size.value;
	bool full = false;
	for (int running = 1; running >= 0; running--) {
		for (size_t i = plan->briefs->count; i-- > 0;) {
			const struct brief *brief = &plan->briefs->items[i];
			if (may_go(brief) == (bool)running || plan->gone[i])
				continue;
			if (!full)
				total += plan->usages[i].size + count_module(modules, count, &brief->module);
			full = full || (!running && total > most);
			plan->gone[i] = full && !running;
		}
	}
}

static enum err choose_large(struct plan *plan)
{
	struct stored_module *stored;
	size_t count;
	TRY(registry_modules(plan->registry, &stored, &count));
	struct sized_module *modules = reallocarray(NULL, count + 1, sizeof *modules);
	for (size_t i = 0; modules && i < count; i++)
		modules[i] = (struct sized_module){ stored[i].digest, stored[i].size };
	free(stored);
	if (!modules)
		return err_nomem();
	qsort(modules, count, sizeof *modules, compare_modules);
	choose_from(plan, modules, count);
	free(modules);
	return ERR_NONE;
}

/* What any of the options says goes. */
static enum err choose(struct plan *plan)
{
	const struct prune_options *o = plan->options;
	if (o->older_than.given)
		choose_old(plan);
	if (o->keep.given)
		choose_surplus(plan);
	for (size_t i = 0; i < plan->briefs->count; i++)
		plan->gone[i] &= may_go(&plan->briefs->items[i]);
	if (o->max_size.given)
		TRY(choose_large(plan));
	for (size_t i = 0; i < plan->briefs->count; i++) {
		if (!plan->gone[i])
			continue;
		plan->processes++;
		plan->size += plan->usages[i].size;
		plan->newest = plan->briefs->items[i].start_wall > plan->newest ? plan->briefs->items[i].start_wall : plan->newest;
	}
	TRY(registry_unneeded_modules(plan->registry, plan->briefs, plan->gone, &plan->modules));
	for (size_t i = 0; i < plan->modules.count; i++)
		plan->size += plan->modules.modules[i].size;
	return ERR_NONE;
}

static enum err make_plan(const struct prune_options *options, struct registry *registry, struct plan *plan)
{
	*plan = (struct plan){ .options = options, .registry = registry };
	TRY(module_names_load(registry, &plan->names));
	plan->briefs = &plan->names.briefs;
	plan->usages = calloc(plan->briefs->count + 1, sizeof *plan->usages);
	plan->gone = calloc(plan->briefs->count + 1, sizeof *plan->gone);
	if (!plan->usages || !plan->gone)
		return err_nomem();
	TRY(load_usages(plan));
	return choose(plan);
}

static void plan_finish(struct plan *plan)
{
	unneeded_finish(&plan->modules);
	module_names_finish(&plan->names);
	free(plan->usages);
	free(plan->gone);
}

/* ERR_USAGE where nobody can be asked, ERR_STOPPED for an answer that is not yes. */
static enum err confirm(const struct plan *plan)
{
	BUF_CLEANUP struct buf text = { 0 };
	char *line = NULL;
	size_t capacity = 0;
	removal_print_total(plan->processes, plan->modules.count, plan->size, &text);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_set(ERR_USAGE, "prune: %s would be deleted; say --yes to delete, or --dry-run to see which", buf_text(&text));
	if (plan->newest) {
		buf_append_text(&text, "; the newest of the processes started at ");
		format_time(&text, plan->newest);
	}
	fprintf(stderr, "This deletes %s.\nGo on? [y/N] ", buf_text(&text));
	ssize_t size = getline(&line, &capacity, stdin);
	bool yes = size > 0 && (strcasecmp(line, "y\n") == 0 || strcasecmp(line, "yes\n") == 0);
	free(line);
	return yes ? ERR_NONE : err_set(ERR_STOPPED, "nothing was deleted");
}

static enum err remove_planned(struct plan *plan, struct removal *removal)
{
	for (size_t i = 0; i < plan->briefs->count; i++) {
		if (!plan->gone[i])
			continue;
		enum err err = removal_process(removal, &plan->briefs->items[i].id);
		if (err != ERR_NOT_FOUND) /* else another deleted it */
			TRY(err);
	}
	if (!plan->options->dry)
		return removal_collect(removal, NULL);
	for (size_t i = 0; i < plan->modules.count; i++)
		TRY(removal_module(removal, &plan->modules.modules[i]));
	if (plan->modules.kept)
		fprintf(stderr, "timecraft: %s\n", plan->modules.kept);
	return ERR_NONE;
}

static void print_total(struct removal *removal)
{
	struct buf *out = &removal->output.pending;
	if (removal->emitter)
		return;
	buf_append_text(out, removal->dry ? "would delete " : "deleted ");
	removal_print_total(removal->processes, removal->modules, removal->size, out);
	buf_append_byte(out, '\n');
}

static enum err carry_out(struct plan *plan)
{
	const struct prune_options *o = plan->options;
	struct removal removal;
	if (!o->dry && !o->yes && plan->processes + plan->modules.count)
		TRY(confirm(plan));
	enum err err = removal_begin(&o->removal, plan->registry, &plan->names, o->dry, &removal);
	if (!err)
		err = remove_planned(plan, &removal);
	if (!err)
		print_total(&removal);
	enum err end = removal_finish(&removal);
	return err ? err : end;
}

static int run_prune(void *data, int count, char **arguments)
{
	const struct prune_options *options = data;
	struct setup setup;
	struct plan plan;
	if (count)
		return fail(err_set(ERR_USAGE, "prune: \"%s\" is one argument too many", arguments[0]));
	if (!options->older_than.given && !options->keep.given && !options->max_size.given)
		return fail(err_set(ERR_USAGE, "prune: say what may stay: --older-than, --keep or --max-size"));
	enum err err = setup_open(&options->removal.setup, &setup);
	if (err)
		return fail(err);
	err = make_plan(options, setup.registry, &plan);
	if (!err)
		err = carry_out(&plan);
	plan_finish(&plan);
	setup_close(&setup);
	return err ? fail(err) : 0;
}

const struct command command_prune = {
	.name = "prune",
	.arguments = "[options] --older-than DURATION | --keep N | --max-size SIZE",
	.summary = "Delete processes that are old, too many or too large together.",
	.text = "With several of the three, what any of them says is deleted. A process that is running is not. Modules that no process "
		"needs any more are deleted too. What would be deleted is told first, and on a terminal you are asked; elsewhere --yes "
		"is needed.",
	.options = prune_table,
	.size = sizeof(struct prune_options),
	.run = run_prune,
};
