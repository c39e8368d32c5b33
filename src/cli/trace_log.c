#include "cli/trace_log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "log/reader.h"

enum { POLL_INTERVAL = 50 * NS_PER_MS, PATIENCE = 500 * NS_PER_MS };

struct log_trace {
	struct log_reader *reader;
	struct record_sink *sink;
	const struct trace_range *range; /* of the records that are wanted */
	uint64_t process_start;
	const char *id;
	int dir_fd;
	uint64_t next; /* the number after the last record that was printed */
	bool cut;      /* the last one was a call that never ended */
	bool ended;    /* by a record that says how */
	bool stopped;  /* before the end: no more was wanted */
	bool damaged;
};

/* As much as there is. ERR_END at its end, or when no more is wanted. */
static enum err print_records(struct log_trace *t)
{
	struct record record;
	for (;;) {
		enum err err = log_next(t->reader, &record);
		if (err == ERR_DAMAGED) {
			fprintf(stderr, "timecraft: %s: %s\n", t->id, err_text());
			t->damaged = true;
			continue;
		}
		TRY(err);
		t->next = record.number + 1;
		t->cut = !record.finished && record.kind == RECORD_CALL;
		t->ended = record.kind != RECORD_CALL && record.kind != RECORD_GROW;
		err = t->sink->record(t->sink, &record);
		if (err == ERR_END)
			t->stopped = true;
		TRY(err);
	}
}

/* The call that a running process is in. */
static enum err print_under_way(struct log_trace *t)
{
	struct record record;
	if (!log_under_way(t->reader, &record))
		return ERR_NONE;
	return t->sink->record(t->sink, &record);
}

static enum err seek(struct log_trace *t, const struct log_target *target)
{
	struct view checkpoint;
	if (!target->by_time && !target->number && log_first(t->reader) == 0)
		return ERR_NONE;
	if (!t->sink->begin)
		return log_seek(t->reader, target);
	TRY(log_seek_checkpoint(t->reader, target, &checkpoint));
	return checkpoint.size ? t->sink->begin(t->sink, checkpoint) : ERR_NONE;
}

static enum err open_log(struct log_trace *t)
{
	TRY(log_open(t->dir_fd, &t->reader));
	if (t->next) {
		struct log_target target = { .number = t->next };
		return log_seek(t->reader, &target);
	}
	struct log_target target = { .number = t->range->first };
	target.time = t->range->start.from_start ? t->process_start + t->range->start.ns : t->range->start.ns;
	target.by_time = target.time && !target.number;
	TRY(seek(t, &target));
	uint64_t first = log_first(t->reader);
	if (first && (target.by_time ? target.time <= t->process_start : target.number < first))
		fprintf(stderr, "timecraft: %s: records 0 to %llu were not kept: the recording was limited\n", t->id,
			(unsigned long long)first - 1);
	return ERR_NONE;
}

static void wait_a_moment(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = POLL_INTERVAL }, NULL);
}

/* Prints what a running process does until it ends. A call that takes long is shown before it is over, once. */
static enum err follow(struct log_trace *t)
{
	uint64_t shown = UINT64_MAX, last = t->next, waited = 0;
	enum err err = ERR_END;
	for (bool running = true; running && !t->stopped && err == ERR_END;) {
		TRY(t->sink->flush(t->sink));
		wait_a_moment();
		running = log_is_running(t->dir_fd);
		err = print_records(t);
		waited = t->next == last ? waited + POLL_INTERVAL : 0;
		last = t->next;
		if (running && waited >= PATIENCE && shown != t->next) {
			TRY(print_under_way(t));
			shown = t->next;
		}
	}
	return err;
}

static enum err print_log(struct log_trace *t, bool wait)
{
	TRY(open_log(t));
	enum err err = print_records(t);
	if (err != ERR_END || t->stopped || log_state(t->reader) != LOG_RUNNING)
		return err;
	if (!wait)
		return print_under_way(t);
	err = follow(t);
	if (err != ERR_END || t->stopped)
		return err;
	/* It has ended: what was open when the reader began is complete now, or cut. */
	log_close(t->reader);
	t->reader = NULL;
	TRY(open_log(t));
	return print_records(t);
}

static void tell_of_end(const struct log_trace *t)
{
	if (!t->reader || log_state(t->reader) != LOG_KILLED || t->ended || t->stopped || t->damaged)
		return;
	if (t->next == 0)
		fprintf(stderr, "timecraft: %s: the process was killed before it did anything that is recorded\n", t->id);
	else
		fprintf(stderr, "timecraft: %s: the process was killed %s record %llu: the recording ends there\n", t->id,
			t->cut ? "in" : "after", (unsigned long long)t->next - 1);
}

enum err trace_log(const struct trace_source *source, struct record_sink *sink, const struct trace_range *range, bool wait)
{
	char id[UUID_TEXT];
	struct log_trace t = {
		.dir_fd = source->process.dir_fd, .id = id, .sink = sink, .range = range, .process_start = source->manifest.start_wall
	};
	uuid_print(&source->manifest.id, id);
	enum err err = print_log(&t, wait);
	if (err == ERR_END && !t.stopped && sink->end && log_state(t.reader) != LOG_RUNNING)
		err = sink->end(sink);
	tell_of_end(&t);
	log_close(t.reader);
	if (err == ERR_END)
		err = ERR_NONE;
	if (!err && t.damaged)
		err = err_set(ERR_DAMAGED, "%s: the recording is damaged; what can be read of it was shown", id);
	return process_explain(&source->process, err);
}
