#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/reader_parts.h"

bool log_is_running(int dir_fd)
{
	int fd = openat(dir_fd, "lock", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool running = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return running;
}

/* The first segment that there is. One may go, and the next one be the first, between a look and another. */
static enum err open_first(struct log_reader *r, uint32_t *ret_first, uint32_t *ret_last)
{
	enum { TRIES = 8 };
	for (int i = 0; i < TRIES; i++) {
		if (!segments_find(r->dir_fd, ret_first, ret_last))
			return err_set_errno(ENOENT, "cannot read the recording's log");
		enum err err = segment_open(r, *ret_first);
		if (err != ERR_END)
			return err;
	}
	return err_set(ERR_IO, "cannot read the recording's log: its files come and go");
}

static bool read_last_footer(int dir_fd, uint32_t last, struct footer *ret_footer)
{
	char name[SEGMENT_NAME];
	int fd = openat(dir_fd, segment_name(last, name), O_RDONLY | O_CLOEXEC);
	bool closed = fd >= 0 && segment_read_footer(fd, ret_footer);
	if (fd >= 0)
		close(fd);
	return closed;
}

enum err log_open(int dir_fd, struct log_reader **ret_reader)
{
	struct log_reader *r = calloc(1, sizeof *r);
	if (!r)
		return err_nomem();
	struct footer footer = { 0 };
	uint32_t first = 0, last = 0;
	bool running = log_is_running(dir_fd); /* first: what is closed later is seen as running, not as killed */
	r->segment_fd = r->other_fd = -1;
	r->in.kept.max = r->out.kept.max = r->flat_in.max = r->flat_out.max = RECORD_STREAM_MAX;
	r->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	r->tail_fd = openat(dir_fd, "tail", O_RDONLY | O_CLOEXEC);
	r->frames = malloc(BLOCK_RAW_MAX);
	r->packed = malloc(BLOCK_RAW_MAX);
	r->columns = malloc(BLOCK_RAW_MAX);
	r->zstd = ZSTD_createDCtx();
	bool there = r->frames && r->packed && r->columns && r->zstd;
	enum err err = r->dir_fd < 0 ? err_set_errno(errno, "cannot read the recording's log") : there ? ERR_NONE : err_nomem();
	if (!err)
		err = open_first(r, &first, &last);
	if (err) {
		log_close(r);
		return err;
	}
	bool closed = read_last_footer(dir_fd, last, &footer) && !footer.continues;
	r->state = running ? LOG_RUNNING : closed ? LOG_CLOSED : LOG_KILLED;
	r->first_number = r->number = r->header.first_number;
	r->next_ordinal = r->header.first_ordinal;
	*ret_reader = r;
	return ERR_NONE;
}

void log_close(struct log_reader *r)
{
	if (!r)
		return;
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	if (r->segment_fd >= 0)
		close(r->segment_fd);
	if (r->other_fd >= 0)
		close(r->other_fd);
	if (r->tail_fd >= 0)
		close(r->tail_fd);
	assemble_finish(r);
	buf_finish(&r->checkpoint);
	free(r->frames);
	free(r->packed);
	free(r->columns);
	ZSTD_freeDCtx(r->zstd);
	for (uint32_t i = 0; i < REPEAT_BLOCKS; i++)
		free(r->kept[i].frames);
	free(r);
}

enum log_state log_state(const struct log_reader *r)
{
	return r->state;
}

static bool checked(const struct log_reader *r, const struct frame_header *frame, const uint8_t *at)
{
	return !r->frames_checked || frame->check == (uint32_t)checksum(at + 8, frame->size - 8);
}

static enum err frame_damaged(struct log_reader *r)
{
	uint64_t offset = r->frames_offset + (r->in_tail ? r->frames_at : 0);
	r->skipping = true;
	r->assembling = false;
	if (r->in_tail)
		r->next_ordinal++;
	r->frames_at = r->frames_size;
	return err_set(ERR_DAMAGED,
		"%s is damaged at offset %llu: a frame is not what was written; records from number %llu on are missing",
		r->in_tail ? "tail" : r->name, (unsigned long long)offset, (unsigned long long)r->number);
}

/* The next frame of what is loaded. ERR_END: there is none yet; ERR_EXISTS: load more. */
static enum err frame_next(struct log_reader *r, struct frame_header *ret_frame, const uint8_t **ret_payload)
{
	const uint8_t *at = r->frames + r->frames_at;
	size_t left = r->frames_size - r->frames_at;
	struct frame_header frame = { 0 };
	if (left == 0)
		return ERR_EXISTS;
	if (left >= sizeof frame) /* of a size that is known: loads of what overlapping stores have put together are slow */
		memcpy(&frame, at, sizeof frame);
	else
		memcpy(&frame, at, left);
	if (r->in_tail && frame.size == 0)
		return ERR_END;
	if (r->in_tail && frame.size == FRAME_BUFFER_ENDS) {
		r->next_ordinal++;
		r->frames_at = r->frames_size;
		return ERR_EXISTS;
	}
	if (frame.size < FRAME_HEADER || frame.size % 8 || frame.size > left || !checked(r, &frame, at))
		return frame_damaged(r);
	r->frames_at += frame.size;
	*ret_frame = frame;
	*ret_payload = at + FRAME_HEADER;
	return ERR_NONE;
}

/* At the end of a killed process's recording: the call it was in. */
static bool unfinished(struct log_reader *r)
{
	return r->assembling && r->begun && !r->record.finished;
}

enum err log_next(struct log_reader *r, struct record *ret_record)
{
	struct frame_header frame;
	const uint8_t *payload = NULL;
	bool fresh = false;
	for (;;) {
		enum err err = frame_next(r, &frame, &payload);
		if (err == ERR_EXISTS) { /* what is loaded is used up */
			assemble_keep(r);
			err = blocks_next(r);
			if (!err)
				continue;
		} else if (err == ERR_END && r->state == LOG_RUNNING && !fresh) { /* the buffer may have grown since it was copied */
			assemble_keep(r);
			err = blocks_next(r);
			fresh = true;
			if (!err)
				continue;
		}
		if (err == ERR_END && r->state != LOG_RUNNING && unfinished(r)) {
			r->assembling = false;
			return assembled(r, ret_record);
		}
		if (err)
			return err;
		if (!assemble(r, &frame, payload))
			continue;
		r->assembling = false;
		if (r->record.number < r->seek_number || r->record.start < r->seek_time)
			continue;
		err = assembled(r, ret_record);
		if (err == ERR_DAMAGED && r->said)
			continue;
		return err;
	}
}

bool log_under_way(struct log_reader *r, struct record *ret_record)
{
	return r->state == LOG_RUNNING && unfinished(r) && assembled(r, ret_record) == ERR_NONE;
}

uint64_t log_first(const struct log_reader *r)
{
	return r->first_number;
}
