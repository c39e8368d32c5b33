#include "cli/check_process.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>

#include "log/mend.h"
#include "registry/files.h"

enum { MOST_FINDINGS = 100 };

void findings_add(struct findings *findings, const char *text)
{
	if (findings->count++ < MOST_FINDINGS)
		buf_append(&findings->texts, text, strlen(text) + 1);
}

const char *findings_next(const struct findings *findings, const char *before)
{
	const char *start = (const char *)findings->texts.data, *next = before ? before + strlen(before) + 1 : start;
	return start && next < start + findings->texts.size ? next : NULL;
}

void findings_finish(struct findings *findings)
{
	buf_finish(&findings->texts);
}

struct module_check {
	struct digest digest;
	char *problem; /* NULL: none */
};

enum err module_checks_get(struct module_checks *checks, struct registry *registry, const struct digest *digest, const char **ret_problem)
{
	for (size_t i = 0; i < checks->count; i++) {
		if (memcmp(&checks->items[i].digest, digest, sizeof *digest) == 0) {
			*ret_problem = checks->items[i].problem;
			return ERR_NONE;
		}
	}
	if (checks->count == checks->capacity) {
		size_t capacity = checks->capacity ? checks->capacity * 2 : 16;
		struct module_check *more = reallocarray(checks->items, capacity, sizeof *more);
		if (!more)
			return err_nomem();
		checks->items = more;
		checks->capacity = capacity;
	}
	struct module_check check = { .digest = *digest };
	struct module_file file;
	enum err err = registry_load_module(registry, digest, &file);
	if (!err)
		module_file_finish(&file);
	else if (err == ERR_NOMEM || !(check.problem = strdup(err_text())))
		return err_nomem();
	checks->items[checks->count++] = check;
	*ret_problem = check.problem;
	return ERR_NONE;
}

void module_checks_finish(struct module_checks *checks)
{
	for (size_t i = 0; i < checks->count; i++)
		free(checks->items[i].problem);
	free(checks->items);
}

/* The last error, without the process's name, which stands before all of them. */
static void add_problem(struct process_check *check)
{
	char id[UUID_TEXT];
	const char *text = err_text();
	uuid_print(&check->id, id);
	if (strncmp(text, "process ", 8) == 0 && strncmp(text + 8, id, UUID_LENGTH) == 0 && strncmp(text + 8 + UUID_LENGTH, ": ", 2) == 0)
		text += 8 + UUID_LENGTH + 2;
	findings_add(&check->problems, text);
}

static enum err check_manifest(struct registry *registry, const struct process *process, struct module_checks *modules,
	struct process_check *check)
{
	struct manifest manifest;
	const char *problem;
	enum err err = process_manifest(process, &manifest);
	if (err == ERR_NOMEM)
		return err;
	if (err) {
		add_problem(check);
		return ERR_NONE;
	}
	err = module_checks_get(modules, registry, &manifest.module, &problem);
	if (!err && problem)
		findings_add(&check->problems, problem);
	manifest_finish(&manifest);
	return err;
}

/* Numbers follow one another, but where something is missing, which the reader tells. */
static void check_number(struct process_check *check, const struct record *record, bool after_damage)
{
	BUF_CLEANUP struct buf text = { 0 };
	uint64_t expected = check->first + check->records;
	if (after_damage) {
		check->first = record->number - check->records;
	} else if (record->number != expected) {
		buf_printf(&text, "record %llu comes where %llu is expected", (unsigned long long)record->number,
			(unsigned long long)expected);
		findings_add(&check->problems, buf_text(&text));
		check->first = record->number - check->records;
	}
}

static enum err read_records(struct log_reader *reader, struct process_check *check)
{
	struct record record;
	bool damaged = false;
	enum err err;
	while ((err = log_next(reader, &record)) == ERR_NONE || err == ERR_DAMAGED) {
		if (err) {
			add_problem(check);
			damaged = true;
			continue;
		}
		check_number(check, &record, damaged);
		check->records++;
		check->cut = !record.finished && record.kind == RECORD_CALL;
		check->ended = record.kind != RECORD_CALL && record.kind != RECORD_GROW;
		damaged = false;
	}
	if (err == ERR_NOMEM)
		return err;
	if (err != ERR_END)
		add_problem(check);
	return ERR_NONE;
}

static void check_count(int dir_fd, struct process_check *check)
{
	struct log_summary summary;
	BUF_CLEANUP struct buf text = { 0 };
	uint64_t records = check->first + check->records;
	if (check->problems.count || check->state != LOG_CLOSED || log_summarize(dir_fd, &summary) != 0 || summary.record_count == records)
		return;
	buf_printf(&text, "there are %llu records, and %llu were written", (unsigned long long)records,
		(unsigned long long)summary.record_count);
	findings_add(&check->problems, buf_text(&text));
}

static enum err check_log(const struct process *process, struct process_check *check)
{
	struct log_reader *reader;
	enum err err = log_open(process->dir_fd, &reader);
	if (err == ERR_NOMEM)
		return err;
	if (err) {
		check->state = process_is_running(process) ? LOG_RUNNING : LOG_KILLED;
		if (check->state != LOG_RUNNING) /* one that has just started has no log yet */
			add_problem(check);
		return ERR_NONE;
	}
	check->readable = true;
	check->state = log_state(reader);
	check->first = log_first(reader);
	err = read_records(reader, check);
	log_close(reader);
	if (!err)
		check_count(process->dir_fd, check);
	return err;
}

/* What those left who were interrupted when they wrote a file: nobody needs it. */
static enum err remove_leftovers(const struct process *process, struct process_check *check)
{
	char **names;
	size_t count;
	TRY(dir_leftovers(process->dir_fd, &names, &count));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++) {
		BUF_CLEANUP struct buf text = { 0 };
		buf_printf(&text, "%s, left over, was removed", names[i]);
		findings_add(&check->repairs, buf_text(&text));
		err = tree_remove(process->dir_fd, names[i]);
	}
	names_free(names, count);
	return err;
}

static void add_finding(void *data, enum log_finding finding, const char *text)
{
	struct process_check *check = data;
	findings_add(finding == LOG_MENDED ? &check->repairs : &check->problems, text);
}

static enum err mend_log(const struct process *process, bool repair, struct process_check *check)
{
	if (process_is_running(process))
		return ERR_NONE;
	if (repair)
		TRY(remove_leftovers(process, check));
	enum err err = log_mend(process->dir_fd, repair, add_finding, check);
	if (!err || err == ERR_NOMEM)
		return err;
	add_problem(check); /* a full disk, ... */
	return ERR_NONE;
}

/* One repairs at a time, and nobody checks meanwhile. The lock on the directory is for nothing else, and goes when it is closed. */
static enum err lock_process(const struct process *process, bool repair)
{
	while (flock(process->dir_fd, repair ? LOCK_EX : LOCK_SH) < 0) {
		if (errno != EINTR)
			return err_set_errno(errno, "can't lock the directory of the process");
	}
	return ERR_NONE;
}

static enum err check_opened(struct registry *registry, const struct process *process, bool repair, struct module_checks *modules,
	struct process_check *check)
{
	TRY(check_manifest(registry, process, modules, check));
	TRY(lock_process(process, repair));
	TRY(mend_log(process, repair, check));
	TRY(check_log(process, check));
	TRY(buf_status(&check->problems.texts));
	return buf_status(&check->repairs.texts);
}

enum err process_check(struct registry *registry, const struct uuid *id, bool repair, struct module_checks *modules,
	struct process_check *ret_check)
{
	struct process process;
	struct process_check check = { .id = *id };
	TRY(registry_open_process(registry, id, &process));
	enum err err = check_opened(registry, &process, repair, modules, &check);
	if ((err || check.problems.count) && process_was_deleted(&process))
		err = process_explain(&process, ERR_NOT_FOUND);
	process_close(&process);
	if (err) {
		process_check_finish(&check);
		return err;
	}
	*ret_check = check;
	return ERR_NONE;
}

void process_check_finish(struct process_check *check)
{
	findings_finish(&check->problems);
	findings_finish(&check->repairs);
}
