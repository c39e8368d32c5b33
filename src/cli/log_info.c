#include "cli/log_info.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "log/segments.h"
#include "log/survey.h"

enum { MOST_PROBLEMS = 100 };

struct reading {
	struct process process;
	struct process_info info;
	bool has_log;
	uint32_t first_segment, last_segment;
	uint64_t records, calls;
	bool cut; /* the last call has no end */
	struct buf problems; /* each ended by a NUL */
	uint32_t problem_count;
};

const char *log_state_name(enum log_state state)
{
	static const char *const names[] = { [LOG_RUNNING] = "running", [LOG_CLOSED] = "closed", [LOG_KILLED] = "killed" };
	return names[state];
}

static void emit_head(const struct process_info *info, struct emitter *e)
{
	char id[UUID_TEXT];
	uuid_print(&info->id, id);
	emit_key(e, "id");
	emit_text(e, id);
	emit_key(e, "state");
	emit_text(e, log_state_name(info->log.state));
	if (info->manifest.start_wall) {
		emit_key(e, "start");
		emit_time(e, info->manifest.start_wall);
	}
	emit_key(e, "size");
	emit_size(e, info->log.size);
}

static void emit_tail(const struct process_info *info, struct emitter *e)
{
	emit_key(e, "tail");
	emit_text(e, info->log.written ? "written" : "mapped");
}

void log_info_emit(const struct process_info *info, struct emitter *e)
{
	emit_object_begin(e, OBJECT_BRACED);
	emit_head(info, e);
	if (info->log.state == LOG_CLOSED) {
		emit_key(e, "raw_size");
		emit_size(e, info->log.raw_size);
		emit_key(e, "records");
		emit_uint(e, info->log.record_count);
	}
	emit_tail(info, e);
	emit_object_end(e);
}

static void note_problem(struct reading *r, const char *text)
{
	if (r->problem_count++ < MOST_PROBLEMS)
		buf_append(&r->problems, text, strlen(text) + 1);
}

/* Damage is told, and what is behind it read on. */
static void read_records(struct reading *r, struct log_reader *reader)
{
	struct record record;
	enum err err;
	while ((err = log_next(reader, &record)) == ERR_NONE || err == ERR_DAMAGED) {
		if (err) {
			note_problem(r, err_text());
			continue;
		}
		r->records++;
		r->calls += record.kind == RECORD_CALL;
		r->cut = !record.finished;
	}
	if (err != ERR_END)
		note_problem(r, err_text());
	else if (log_under_way(reader, &record))
		r->records++, r->calls++, r->cut = true;
}

static enum err read_log(struct reading *r)
{
	struct log_reader *reader;
	TRY(log_open(r->process.dir_fd, &reader));
	r->has_log = segments_find(r->process.dir_fd, &r->first_segment, &r->last_segment);
	read_records(r, reader);
	log_close(reader);
	return ERR_NONE;
}

static void emit_block(void *data, const struct log_block *block)
{
	struct emitter *e = data;
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "offset");
	emit_uint(e, block->offset);
	emit_key(e, "kind");
	emit_text(e, block->kind);
	emit_key(e, "codec");
	emit_text(e, block->codec);
	emit_key(e, "raw_size");
	emit_size(e, block->raw_size);
	emit_key(e, "stored_size");
	emit_size(e, block->stored_size);
	if (strcmp(block->kind, "records") == 0) {
		emit_key(e, "first_record");
		emit_uint(e, block->first_number);
		emit_key(e, "records");
		emit_uint(e, block->record_count);
	}
	emit_key(e, "written");
	emit_time(e, block->written);
	emit_object_end(e);
}

/* Of blocks of records. */
struct sums {
	uint64_t blocks, raw_size, stored_size;
};

static void add_block(void *data, const struct log_block *block)
{
	struct sums *sums = data;
	if (strcmp(block->kind, "records") != 0)
		return;
	sums->blocks++;
	sums->raw_size += block->raw_size;
	sums->stored_size += block->stored_size;
}

static void emit_segment(const struct reading *r, uint32_t number, bool blocks, struct emitter *e)
{
	char name[SEGMENT_NAME];
	struct log_survey survey;
	struct sums sums = { 0 };
	if (log_survey(r->process.dir_fd, number, add_block, &sums, &survey) != ERR_NONE)
		return;
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "file");
	emit_text(e, segment_name(number, name));
	emit_key(e, "size");
	emit_size(e, survey.size);
	emit_key(e, "blocks");
	emit_uint(e, sums.blocks);
	emit_key(e, "raw_size");
	emit_size(e, sums.raw_size);
	emit_key(e, "stored_size");
	emit_size(e, sums.stored_size);
	if (blocks) {
		emit_key(e, "block_list");
		emit_array_begin(e);
		log_survey(r->process.dir_fd, number, emit_block, e, &survey);
		emit_array_end(e);
	}
	emit_object_end(e);
}

static void emit_reading(const struct reading *r, bool blocks, struct emitter *e)
{
	struct stat tail;
	emit_object_begin(e, OBJECT_BRACED);
	emit_head(&r->info, e);
	emit_key(e, "records");
	emit_uint(e, r->records);
	emit_key(e, "calls");
	emit_uint(e, r->calls);
	emit_key(e, "unfinished_call");
	emit_bool(e, r->cut);
	emit_tail(&r->info, e);
	if (fstatat(r->process.dir_fd, "tail", &tail, AT_SYMLINK_NOFOLLOW) == 0) {
		emit_key(e, "tail_size");
		emit_size(e, (uint64_t)tail.st_size);
	}
	emit_key(e, "segments");
	emit_array_begin(e);
	for (uint64_t number = r->first_segment; r->has_log && number <= r->last_segment; number++)
		emit_segment(r, (uint32_t)number, blocks, e);
	emit_array_end(e);
	emit_key(e, "problems");
	emit_array_begin(e);
	for (const char *at = (const char *)r->problems.data; at && at < (const char *)r->problems.data + r->problems.size;
		at += strlen(at) + 1)
		emit_text(e, at);
	emit_array_end(e);
	emit_object_end(e);
}

static enum err read_process(struct reading *r, struct registry *registry, const struct uuid *id)
{
	TRY(process_info_load(registry, id, &r->info));
	if (r->info.problem)
		note_problem(r, r->info.problem);
	TRY(registry_open_process(registry, id, &r->process));
	enum err err = process_explain(&r->process, read_log(r));
	if (err == ERR_NOMEM || err == ERR_NOT_FOUND)
		return err;
	if (err && !r->info.problem)
		note_problem(r, err_text());
	return buf_status(&r->problems);
}

enum err log_info_describe(struct registry *registry, const struct uuid *id, bool blocks, struct emitter *e)
{
	struct reading r = { .process = { .dir_fd = -1, .lock_fd = -1 } };
	enum err err = read_process(&r, registry, id);
	if (!err) {
		emit_reading(&r, blocks, e);
		if (r.problem_count)
			err = err_set(ERR_DAMAGED, "%s", (const char *)r.problems.data);
	}
	if (r.process.dir_fd >= 0)
		process_close(&r.process);
	process_info_finish(&r.info);
	buf_finish(&r.problems);
	return err;
}
