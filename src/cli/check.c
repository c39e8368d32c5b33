/* timecraft check [ID...]: whether what is in the registry is what was recorded, and with --repair mends what can be mended. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/check_process.h"
#include "cli/commands.h"
#include "cli/format_option.h"
#include "cli/log_info.h"
#include "cli/setup.h"
#include "emit/emitter.h"
#include "registry/removal.h"

struct check_options {
	struct setup_options setup;
	enum emit_format format;
	bool repair, verbose;
};

#define AT(member) offsetof(struct check_options, member)
static const struct option check_table[] = {
	{ "repair", 0, OPTION_FLAG, false, NULL, "Mend what can be mended, and remove what interrupted commands have left.", AT(repair) },
	{ "output", 'o', OPTION_CALL, false, "FORMAT", "text, json (an object a line) or yaml.", AT(format), .parse = parse_format },
	{ "verbose", 'v', OPTION_FLAG, false, NULL, "In the text, show what is whole too.", AT(verbose) },
	OPTION_INCLUDE(setup_option_table, struct check_options, setup),
	{ 0 },
};

struct check {
	const struct check_options *options;
	struct registry *registry;
	const struct store *store; /* NULL: none */
	struct output output;
	struct emitter *emitter; /* NULL: text */
	bool all_shown;          /* in text */
	struct module_checks modules;
	uint64_t processes, stored_modules, damaged, repaired;
};

static void emit_findings(struct emitter *e, const char *key, const struct findings *findings)
{
	emit_key(e, key);
	emit_array_begin(e);
	for (const char *text = NULL; (text = findings_next(findings, text));)
		emit_text(e, text);
	emit_array_end(e);
}

static void emit_process(const struct process_check *p, const char *id, struct emitter *e)
{
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "kind");
	emit_text(e, "process");
	emit_key(e, "id");
	emit_text(e, id);
	emit_key(e, "state");
	emit_text(e, log_state_name(p->state));
	emit_key(e, "records");
	emit_uint(e, p->records);
	emit_key(e, "unfinished_call");
	emit_bool(e, p->cut);
	emit_findings(e, "problems", &p->problems);
	emit_findings(e, "repairs", &p->repairs);
	emit_object_end(e);
}

static void print_findings(struct buf *out, const char *prefix, const struct findings *findings)
{
	uint64_t shown = 0;
	for (const char *text = NULL; (text = findings_next(findings, text)); shown++)
		buf_printf(out, "    %s%s\n", prefix, text);
	if (findings->count > shown)
		buf_printf(out, "    and %llu more\n", (unsigned long long)(findings->count - shown));
}

static void print_process(const struct process_check *p, const char *id, struct buf *out)
{
	buf_printf(out, "process %s: %s, ", id, p->problems.count ? "damaged" : log_state_name(p->state));
	buf_printf(out, "%llu record%s%s\n", (unsigned long long)p->records, p->records == 1 ? "" : "s",
		p->cut && p->state == LOG_KILLED ? ", the last of them a call without an end" : "");
	print_findings(out, "", &p->problems);
	print_findings(out, "repaired: ", &p->repairs);
}

static enum err tell_process(struct check *check, const struct process_check *p)
{
	char id[UUID_TEXT];
	uuid_print(&p->id, id);
	check->processes++;
	check->damaged += p->problems.count > 0;
	check->repaired += p->repairs.count;
	if (check->emitter) {
		emit_begin(check->emitter);
		emit_process(p, id, check->emitter);
		return emit_end(check->emitter);
	}
	if (!check->all_shown && !p->problems.count && !p->repairs.count)
		return ERR_NONE;
	print_process(p, id, &check->output.pending);
	return output_end(&check->output);
}

/* What there is here of a process that another machine recorded is a copy, which nobody would have mended. */
static bool is_elsewhere(const struct check *check, const struct uuid *id)
{
	return check->store && store_is_fetched(check->store, id);
}

static enum err check_one(struct check *check, const struct uuid *id)
{
	struct process_check p;
	TRY(process_check(check->registry, id, check->options->repair && !is_elsewhere(check, id), &check->modules, &p));
	enum err err = tell_process(check, &p);
	process_check_finish(&p);
	return err;
}

/* A finding about a thing that is no process; NULL: there is none, and in text it is `whole`. */
static enum err tell_thing(struct check *check, const char *kind, const char *id, const char *problem, const char *repair,
	const char *whole)
{
	check->damaged += problem != NULL;
	check->repaired += repair != NULL;
	if (check->emitter) {
		struct emitter *e = check->emitter;
		struct findings problems = { 0 }, repairs = { 0 };
		if (problem)
			findings_add(&problems, problem);
		if (repair)
			findings_add(&repairs, repair);
		emit_begin(e);
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "kind");
		emit_text(e, kind);
		emit_key(e, "id");
		emit_text(e, id);
		emit_findings(e, "problems", &problems);
		emit_findings(e, "repairs", &repairs);
		emit_object_end(e);
		findings_finish(&problems);
		findings_finish(&repairs);
		return emit_end(e);
	}
	struct buf *out = &check->output.pending;
	if (!check->all_shown && !problem && !repair)
		return ERR_NONE;
	buf_printf(out, "%s %s: %s\n", kind, id, problem ? "damaged" : repair ? repair : whole);
	if (problem)
		buf_printf(out, "    %s\n", problem);
	return output_end(&check->output);
}

static enum err check_modules(struct check *check)
{
	struct stored_module *modules;
	size_t count;
	TRY(registry_modules(check->registry, &modules, &count));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++) {
		char id[DIGEST_TEXT];
		const char *problem = NULL;
		digest_print(&modules[i].digest, id);
		err = module_checks_get(&check->modules, check->registry, &modules[i].digest, &problem);
		if (!err)
			err = tell_thing(check, "module", id, problem, NULL, "whole");
		check->stored_modules++;
	}
	free(modules);
	return err;
}

static enum err check_leftovers(struct check *check)
{
	char **names;
	size_t count;
	enum err err = ERR_NONE;
	TRY(registry_leftovers(check->registry, check->options->repair, &names, &count));
	for (size_t i = 0; i < count && !err; i++) {
		bool repair = check->options->repair;
		err = tell_thing(check, "leftover", names[i], NULL, repair ? "removed" : NULL, "--repair removes it");
	}
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return err;
}

static enum err check_all(struct check *check)
{
	struct uuid *ids;
	size_t count;
	TRY(registry_processes(check->registry, &ids, &count));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++) {
		err = check_one(check, &ids[i]);
		if (err == ERR_NOT_FOUND) /* deleted meanwhile */
			err = ERR_NONE;
	}
	free(ids);
	TRY(err);
	TRY(check_modules(check));
	return check_leftovers(check);
}

static enum err check_named(struct check *check, int count, char **names)
{
	struct uuid *ids = reallocarray(NULL, (size_t)count, sizeof *ids);
	enum err err = ids ? ERR_NONE : err_nomem();
	check->all_shown = true;
	for (int i = 0; i < count && !err; i++)
		err = registry_resolve(check->registry, names[i], &ids[i]);
	for (int i = 0; i < count && !err; i++)
		err = check_one(check, &ids[i]);
	free(ids);
	return err;
}

static void put_count(struct buf *out, uint64_t count, const char *one, const char *many)
{
	buf_printf(out, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static enum err print_total(struct check *check)
{
	struct buf *out = &check->output.pending;
	if (check->emitter)
		return ERR_NONE;
	buf_append_text(out, "checked ");
	put_count(out, check->processes, "process", "processes");
	buf_append_text(out, " and ");
	put_count(out, check->stored_modules, "module", "modules");
	buf_append_text(out, ": ");
	if (check->repaired) {
		put_count(out, check->repaired, "repair", "repairs");
		buf_append_text(out, ", ");
	}
	put_count(out, check->damaged, "is damaged", "are damaged");
	buf_append_byte(out, '\n');
	return output_end(&check->output);
}

static enum err run_checks(struct check *check, int count, char **names)
{
	output_init(&check->output, STDOUT_FILENO, "standard output", OUTPUT_BUFFERED);
	enum err err = ERR_NONE;
	if (check->options->format != EMIT_LINE)
		err = emitter_create(check->options->format, &check->output, &check->emitter);
	if (!err && count)
		err = check_named(check, count, names);
	else if (!err)
		err = check_all(check);
	if (!err && !count)
		err = print_total(check);
	emitter_destroy(check->emitter);
	enum err end = output_finish(&check->output);
	module_checks_finish(&check->modules);
	err = err ? err : end;
	return err == ERR_END ? ERR_NONE : err; /* nobody reads any more */
}

static int run_check(void *data, int count, char **arguments)
{
	const struct check_options *options = data;
	struct setup setup;
	enum err err = setup_open(&options->setup, &setup);
	if (err)
		return fail(err);
	struct check check = { .options = options, .registry = setup.registry, .store = setup.store, .all_shown = options->verbose };
	err = run_checks(&check, count, arguments);
	setup_close(&setup);
	return err ? fail(err) : check.damaged ? 1 : 0;
}

const struct command command_check = {
	.name = "check",
	.arguments = "[options] [ID...]",
	.summary = "Verify that processes are what was recorded.",
	.text = "Reads the manifest, the module and the whole recording of the processes that are named. If none is named, those of all of "
		"them, all modules, and what commands have left that were interrupted. A process that runs, or that was killed, is whole "
		"as far as its recording goes. The exit code is 1 if something is damaged.",
	.takes_process = true,
	.options = check_table,
	.size = sizeof(struct check_options),
	.run = run_check,
};
