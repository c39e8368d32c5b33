#include "cli/log_copy.h"

#include "cli/given.h"
#include "log/reader.h"
#include "log/writer.h"
#include "trace/checkpoint.h"

struct copying {
	struct log_reader *reader;
	struct log_writer *writer;
	struct checkpoints *checkpoints;
	struct log_change *change;
};

/* What was open before the first record is in its first checkpoint, where the recording was limited. */
static enum err begin(struct copying *c, const struct manifest *manifest)
{
	struct view checkpoint = { 0 };
	struct log_target target = { .number = log_first(c->reader) };
	TRY(checkpoints_create(&c->checkpoints));
	if (target.number)
		TRY(log_seek_checkpoint(c->reader, &target, &checkpoint));
	if (!checkpoint.size) {
		TRY(given_descriptors(checkpoints_descriptors(c->checkpoints), manifest));
		return given_network(checkpoints_network(c->checkpoints), manifest);
	}
	TRY(descriptors_load(checkpoints_descriptors(c->checkpoints), checkpoint));
	return network_load(checkpoints_network(c->checkpoints), checkpoint);
}

static enum err create(struct copying *c, int to_fd, uint64_t number, uint64_t time)
{
	struct log_copied copied = { number, time ? time : 1, log_state(c->reader) == LOG_RUNNING };
	struct log_options options = { .copied = &copied, .follower = checkpoints_follower(c->checkpoints) };
	return log_writer_create(to_fd, &options, &c->writer);
}

static enum err put(struct copying *c, struct record *record)
{
	if (c->change)
		TRY(c->change->record(c->change, record));
	return log_put(c->writer, record) ? ERR_NONE : log_failure(c->writer);
}

static enum err copy(struct copying *c, const struct manifest *manifest, int to_fd)
{
	struct record record;
	TRY(begin(c, manifest));
	enum err err = log_next(c->reader, &record);
	bool any = err == ERR_NONE;
	if (err && err != ERR_END)
		return err;
	TRY(create(c, to_fd, log_first(c->reader), any ? record.start : manifest->start_wall));
	while (!err) {
		TRY(put(c, &record));
		err = log_next(c->reader, &record);
	}
	if (err == ERR_END && log_under_way(c->reader, &record))
		err = put(c, &record);
	return err == ERR_END ? ERR_NONE : err;
}

enum err log_copy(const struct process *process, const struct manifest *manifest, int to_fd, struct log_change *change)
{
	struct copying c = { .change = change };
	TRY(log_open(process->dir_fd, &c.reader));
	enum err err = copy(&c, manifest, to_fd);
	enum err closing = log_writer_close(c.writer);
	checkpoints_destroy(c.checkpoints);
	log_close(c.reader);
	return process_explain(process, err ? err : closing);
}
