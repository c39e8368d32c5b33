#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/reader_parts.h"

/* A process runs while it holds the lock. */
static bool is_running(int dir_fd)
{
	int fd = openat(dir_fd, "lock", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool running = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return running;
}

static bool read_footer(int segment_fd, struct footer *ret_footer)
{
	struct {
		struct block_header header;
		struct footer footer;
	} end;
	struct stat stat;
	if (fstat(segment_fd, &stat) != 0 || stat.st_size < (off_t)sizeof end ||
		pread(segment_fd, &end, sizeof end, stat.st_size - (off_t)sizeof end) != sizeof end)
		return false;
	if (end.header.magic != BLOCK_MAGIC || end.header.kind != BLOCK_FOOTER || end.header.stored_size != sizeof end.footer ||
		end.header.check != checksum(&end.header, offsetof(struct block_header, check)) ||
		end.header.stored_check != checksum(&end.footer, sizeof end.footer))
		return false;
	*ret_footer = end.footer;
	return true;
}

static enum err read_header(struct log_reader *r)
{
	struct segment_header header;
	ssize_t size = pread(r->segment_fd, &header, sizeof header, 0);
	if (size != sizeof header)
		return err_set(ERR_DAMAGED, "00000000.log is cut off in its header, at offset %zd", size < 0 ? 0 : size);
	if (memcmp(header.magic, LOG_MAGIC, sizeof header.magic) != 0) {
		if (memcmp(header.magic, LOG_MAGIC, sizeof "timecraft log" - 1) == 0)
			return err_set(ERR_UNSUPPORTED, "00000000.log is of a version of the format that this timecraft does not read");
		return err_set(ERR_DAMAGED, "00000000.log is no recording: it does not begin as one");
	}
	if (header.check != checksum(&header, offsetof(struct segment_header, check)))
		return err_set(ERR_DAMAGED, "00000000.log is damaged in its header");
	r->tick_scale = header.tick_scale;
	r->repeats = header.flags & SEGMENT_REPEATS;
	r->anchor = header.anchor;
	r->offset = sizeof header;
	return ERR_NONE;
}

enum err log_open(int dir_fd, struct log_reader **ret_reader)
{
	struct log_reader *r = calloc(1, sizeof *r);
	if (!r)
		return err_nomem();
	struct footer footer;
	bool running = is_running(dir_fd); /* first: what is closed later is seen as running, not as killed */
	r->tail_fd = openat(dir_fd, "tail", O_RDONLY | O_CLOEXEC);
	r->segment_fd = openat(dir_fd, "00000000.log", O_RDONLY | O_CLOEXEC);
	r->frames = malloc(BLOCK_RAW_MAX);
	r->packed = malloc(BLOCK_RAW_MAX);
	r->columns = malloc(BLOCK_RAW_MAX);
	r->zstd = ZSTD_createDCtx();
	enum err err = r->segment_fd < 0                          ? err_set_errno(errno, "cannot read the recording's log")
		: r->frames && r->packed && r->columns && r->zstd ? read_header(r)
								  : err_nomem();
	if (err) {
		log_close(r);
		return err;
	}
	bool closed = read_footer(r->segment_fd, &footer);
	r->state = running ? LOG_RUNNING : closed ? LOG_CLOSED : LOG_KILLED;
	*ret_reader = r;
	return ERR_NONE;
}

void log_close(struct log_reader *r)
{
	if (!r)
		return;
	if (r->segment_fd >= 0)
		close(r->segment_fd);
	if (r->tail_fd >= 0)
		close(r->tail_fd);
	buf_finish(&r->in.kept);
	buf_finish(&r->out.kept);
	buf_finish(&r->flat_in);
	buf_finish(&r->flat_out);
	free(r->inputs);
	free(r->spans);
	free(r->notes);
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
		r->in_tail ? "tail" : "00000000.log", (unsigned long long)offset, (unsigned long long)r->number);
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
		if (err == ERR_END && r->state == LOG_KILLED && unfinished(r)) {
			r->assembling = false;
			return assembled(r, ret_record);
		}
		if (err)
			return err;
		if (!assemble(r, &frame, payload))
			continue;
		r->assembling = false;
		if (r->record.number < r->seek_number || (r->record.start < r->seek_ticks_wall))
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

void log_seek_number(struct log_reader *r, uint64_t number)
{
	r->seek_number = number;
}

void log_seek_time(struct log_reader *r, uint64_t time)
{
	r->seek_ticks_wall = time;
}

enum err log_summarize(int dir_fd, struct log_summary *ret_summary)
{
	struct log_summary summary = { 0 };
	struct footer footer;
	struct segment_header header;
	struct stat stat;
	bool running = is_running(dir_fd);
	int fd = openat(dir_fd, "00000000.log", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(errno, "cannot read the recording's log");
	bool closed = read_footer(fd, &footer);
	summary.written = pread(fd, &header, sizeof header, 0) == sizeof header && header.flags & SEGMENT_WRITTEN;
	summary.size = fstat(fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
	close(fd);
	if (fstatat(dir_fd, "tail", &stat, 0) == 0)
		summary.size += (uint64_t)stat.st_size;
	summary.state = running ? LOG_RUNNING : closed ? LOG_CLOSED : LOG_KILLED;
	if (closed) {
		summary.record_count = footer.record_count;
		summary.raw_size = footer.raw_bytes;
		summary.end_kind = (uint8_t)footer.end_kind;
		summary.end_args[0] = footer.end_args[0];
		summary.end_args[1] = footer.end_args[1];
		summary.end_time = footer.anchor.wall;
	}
	*ret_summary = summary;
	return ERR_NONE;
}
