#include "registry/brief.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "registry/index.h"
#include "registry/registry_parts.h"

/* The first problem is the one that is told. */
static enum err note_problem(struct arena *arena, struct brief *brief)
{
	char id[UUID_TEXT];
	BUF_CLEANUP struct buf text = { 0 };
	uuid_print(&brief->id, id);
	if (brief->problem)
		return 0;
	if (!strstr(err_text(), id))
		buf_printf(&text, "process %s: ", id);
	buf_append_text(&text, err_text());
	brief->problem = arena_text(arena, view_text(buf_text(&text)));
	return brief->problem ? 0 : err_nomem();
}

static enum err copy(struct arena *arena, struct view from, struct view *ret_to)
{
	const char *text = arena_text(arena, from);
	if (!text)
		return err_nomem();
	*ret_to = view_of(text, from.size);
	return 0;
}

static enum err take_manifest(const struct manifest *manifest, struct arena *arena, struct brief *brief)
{
	brief->module = manifest->module;
	brief->start_wall = manifest->start_wall;
	TRY(copy(arena, manifest->module_name, &brief->module_name));
	TRY(copy(arena, manifest->runtime, &brief->runtime));
	return copy(arena, manifest->features, &brief->features);
}

static enum err load_opened(const struct process *process, struct arena *arena, struct manifest *manifest, struct brief *brief)
{
	bool running = process_is_running(process);
	enum err err = process_manifest(process, manifest);
	if (err == ERR_NOMEM)
		return err;
	TRY(err ? note_problem(arena, brief) : take_manifest(manifest, arena, brief));
	/* One that has just started has no log yet. */
	if (log_summarize(process->dir_fd, &brief->log) != 0 && !running)
		TRY(note_problem(arena, brief));
	if (running)
		brief->log.state = LOG_RUNNING;
	return 0;
}

enum err brief_load(struct registry *registry, const struct uuid *id, struct arena *arena, struct manifest *ret_manifest,
	struct brief *ret_brief)
{
	struct brief brief = { .id = *id, .log.state = LOG_KILLED };
	struct process process;
	struct manifest manifest = { 0 };
	enum err err = registry_open_process(registry, id, &process);
	if (err == ERR_NOT_FOUND || err == ERR_NOMEM)
		return err;
	if (err) {
		err = note_problem(arena, &brief);
	} else {
		err = load_opened(&process, arena, &manifest, &brief);
		if (brief.problem && process_was_deleted(&process))
			err = process_explain(&process, ERR_NOT_FOUND);
		process_close(&process);
	}
	if (!err && ret_manifest)
		*ret_manifest = manifest;
	else
		manifest_finish(&manifest);
	TRY(err);
	*ret_brief = brief;
	return 0;
}

/* What an entry of the next index is made of; no segments: nothing. */
struct basis {
	struct shape shape;
	struct mark mark;
};

struct loading {
	struct registry *registry;
	int processes;
	uint64_t now;
	struct index index;
	struct briefs briefs;
	struct basis *bases; /* of each brief */
	size_t missing;      /* that were not in the index and could be */
};

/* False where it may change without leaving a mark. */
static bool take_basis(const struct loading *loading, const struct uuid *id, struct basis *ret_basis)
{
	char name[UUID_TEXT];
	struct basis basis;
	int process;
	uuid_print(id, name);
	if (dir_open(loading->processes, name, false, &process) != 0)
		return false;
	bool known = shape_take(process, &basis.shape);
	close(process);
	if (!known || !mark_take(loading->processes, id, &basis.shape, loading->now, &basis.mark))
		return false;
	*ret_basis = basis;
	return true;
}

/* The mark is taken before what it vouches for is read. */
static enum err load_one(struct loading *loading, const struct uuid *id)
{
	struct brief *brief = &loading->briefs.items[loading->briefs.count];
	struct basis *basis = &loading->bases[loading->briefs.count];
	const struct index_entry *entry = index_find(&loading->index, id);
	if (!entry || !index_entry_read(entry, loading->processes, loading->now, &basis->shape, &basis->mark, brief)) {
		bool lasting = take_basis(loading, id, basis);
		enum err err = brief_load(loading->registry, id, &loading->briefs.arena, NULL, brief);
		if (err == ERR_NOT_FOUND) { /* removed meanwhile */
			*basis = (struct basis){ 0 };
			return 0;
		}
		TRY(err);
		lasting = lasting && !brief->problem && brief->log.state != LOG_RUNNING;
		loading->missing += lasting;
		if (!lasting)
			*basis = (struct basis){ 0 };
	}
	loading->briefs.count++;
	return 0;
}

/* Where it can't be written it is slow, not wrong. */
static void write_index(const struct loading *loading)
{
	BUF_CLEANUP struct buf entries = { 0 };
	for (size_t i = 0; i < loading->briefs.count; i++) {
		if (loading->bases[i].shape.segments)
			index_put(&entries, &loading->briefs.items[i], &loading->bases[i].shape, &loading->bases[i].mark);
	}
	if (buf_status(&entries) == 0)
		(void)index_write(loading->processes, buf_view(&entries));
}

/* To read a few again each time costs less than to write all. But nothing is kept of processes that are gone. */
static void renew_index(struct loading *loading)
{
	enum { FEW = 32, SHARE = 128 };
	if ((loading->missing >= FEW && loading->missing > loading->briefs.count / SHARE) || index_passed(&loading->index))
		write_index(loading);
}

static enum err load_all(struct loading *loading, const struct uuid *ids, size_t count)
{
	loading->briefs.items = ARENA_ARRAY(&loading->briefs.arena, struct brief, count + 1);
	loading->bases = ARENA_ARRAY(&loading->briefs.arena, struct basis, count + 1);
	if (!loading->briefs.items || !loading->bases)
		return err_nomem();
	index_open(loading->processes, count, &loading->briefs.index, &loading->index);
	for (size_t i = 0; i < count; i++)
		TRY(load_one(loading, &ids[i]));
	renew_index(loading);
	return 0;
}

enum err briefs_load(struct registry *registry, struct briefs *ret_briefs)
{
	struct loading loading = { .registry = registry, .now = time_of(CLOCK_REALTIME) };
	struct uuid *ids;
	size_t count;
	enum err err = registry_dir(registry, PROCESSES_DIR, false, &loading.processes);
	if (err == ERR_NOT_FOUND) {
		*ret_briefs = (struct briefs){ 0 };
		return 0;
	}
	TRY(err);
	err = registry_processes(registry, &ids, &count);
	if (!err) {
		err = load_all(&loading, ids, count);
		free(ids);
	}
	close(loading.processes);
	if (err) {
		briefs_finish(&loading.briefs);
		return err;
	}
	*ret_briefs = loading.briefs;
	return 0;
}

void briefs_finish(struct briefs *briefs)
{
	arena_finish(&briefs->arena);
	buf_finish(&briefs->index);
	*briefs = (struct briefs){ 0 };
}
