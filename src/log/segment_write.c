/* The segments that a writer makes: their headers, blocks, checkpoints and ends, and which of them are kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/writer_parts.h"

enum {
	SEGMENT_SIZE = 128 << 20,
	SEGMENT_SIZE_MIN = 1 << 20,
	SEGMENTS_KEPT = 8,         /* that a limit is made up of */
	CHECKPOINT_BLOCKS = 16,    /* between two of them */
	CHECKPOINT_SHARE = 8192,   /* a block more for each so many bytes of the last one: they are to be small beside what they are of */
	COMPRESSED_MIN = 256,
	REPACK_TRIES = 100,
};

/* A segment that is complete. */
struct kept_segment {
	uint32_t number;
	uint64_t size;
	bool left_raw; /* blocks of it were not compressed for want of time */
	uint64_t end;  /* when the next one was begun, on the monotonic clock */
};

/* The stored bytes go before the header: a header that is there vouches for what it describes. */
bool segment_write(struct log_writer *w, struct block_header *header, const void *stored, bool checked)
{
	header->magic = BLOCK_MAGIC;
	header->anchor = writer_anchor(w, header->last_ticks);
	header->stored_check = checked ? 0 : checksum(stored, header->stored_size);
	header->check = checksum(header, offsetof(struct block_header, check));
	bool written = write_all(w->segment_fd, stored, header->stored_size, w->segment_size + sizeof *header);
	if (w->failed == TAIL_LOST) /* and what was written may not be what the guest's thread wrote */
		written = false;
	if (!written || !write_all(w->segment_fd, header, sizeof *header, w->segment_size)) {
		flush_failed(w);
		ssize_t cut = ftruncate(w->segment_fd, (off_t)w->segment_size); /* half a block is no block */
		(void)cut;
		return false;
	}
	w->segment_size += sizeof *header + header->stored_size;
	return true;
}

bool segment_create(struct log_writer *w, uint64_t first_number)
{
	char name[SEGMENT_NAME];
	struct segment_header header = { .segment = w->segment,
		.tick_scale = w->header.tick_scale,
		.anchor = w->segment ? writer_anchor(w, 0) : w->header.anchor,
		.flags = SEGMENT_REPEATS | (w->mapped ? 0 : SEGMENT_WRITTEN),
		.first_ordinal = w->segment_ordinal,
		.first_number = first_number };
	memcpy(header.magic, LOG_MAGIC, sizeof header.magic);
	header.check = checksum(&header, offsetof(struct segment_header, check));
	unlinkat(w->dir_fd, ".log", 0);
	w->segment_fd = openat(w->dir_fd, ".log", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	w->segment_size = sizeof header;
	w->segment_start = time_of(CLOCK_MONOTONIC);
	return w->segment_fd >= 0 && fchmod(w->segment_fd, 0600) == 0 && /* whatever the umask */
		write_all(w->segment_fd, &header, sizeof header, 0) &&
		(w->options.sync == LOG_SYNC_NONE || fdatasync(w->segment_fd) == 0) && /* or its name may be there, and it not */
		renameat(w->dir_fd, ".log", w->dir_fd, segment_name(w->segment, name)) == 0 &&
		(w->options.sync == LOG_SYNC_NONE || fsync(w->dir_fd) == 0);
}

/* Space that is not given back is lost, not wrong. */
static void give_back(struct log_writer *w)
{
	if (w->reserved && ftruncate(w->segment_fd, (off_t)w->segment_size) == 0)
		w->reserved = false;
}

bool segment_end(struct log_writer *w, bool continues)
{
	struct block_header header = { .kind = BLOCK_INDEX, .raw_size = (uint32_t)w->index.size, .stored_size = (uint32_t)w->index.size };
	struct footer footer = { .index_offset = w->segment_size, .raw_bytes = w->raw_bytes, .continues = continues };
	if (!continues) {
		footer.record_count = w->number;
		footer.end_kind = w->end_kind ? w->end_kind : w->copied_end;
		footer.end_args[0] = w->end_args[0];
		footer.end_args[1] = w->end_args[1];
		footer.continues = w->copied && !footer.end_kind ? SEGMENT_KILLED : SEGMENT_LAST;
	}
	if (w->index.failed || w->index.size > UINT32_MAX) {
		writer_fail(w, ENOMEM);
		return false;
	}
	footer.anchor = writer_anchor(w, continues ? 0 : w->next_start + w->next_duration);
	if (!segment_write(w, &header, w->index.data ? w->index.data : (const uint8_t *)"", false))
		return false;
	header = (struct block_header){ .kind = BLOCK_FOOTER, .raw_size = sizeof footer, .stored_size = sizeof footer };
	if (!segment_write(w, &header, &footer, false))
		return false;
	give_back(w);
	return w->options.sync == LOG_SYNC_NONE || fdatasync(w->segment_fd) == 0 || flush_failed(w);
}

static uint64_t limit_of(const struct log_writer *w)
{
	uint64_t limit = w->options.segment_size ? w->options.segment_size : SEGMENT_SIZE;
	uint64_t share = w->options.keep_size / SEGMENTS_KEPT;
	if (!w->options.keep_size || share > limit)
		return limit;
	return share > SEGMENT_SIZE_MIN ? share : SEGMENT_SIZE_MIN;
}

bool segment_is_full(const struct log_writer *w)
{
	uint64_t age = w->options.keep_duration / SEGMENTS_KEPT;
	return w->segment_size >= limit_of(w) || (age && time_of(CLOCK_MONOTONIC) - w->segment_start >= age);
}

static bool may_go(const struct log_writer *w, const struct kept_segment *segment, uint64_t size)
{
	uint64_t next = limit_of(w) + (BUFFER_COUNT + 2) * BUFFER_SIZE; /* as what is in the ring goes into it too */
	if (w->options.keep_size && size + next > w->options.keep_size)
		return true;
	return w->options.keep_duration && segment->end + w->options.keep_duration < time_of(CLOCK_MONOTONIC);
}

/* The oldest go, as far as they are past the limits. */
static void forget_segments(struct log_writer *w)
{
	char name[SEGMENT_NAME];
	const struct kept_segment *kept = (const struct kept_segment *)w->kept.data;
	size_t count = w->kept.size / sizeof *kept, gone = 0;
	uint64_t size = 0;
	for (size_t i = 0; i < count; i++)
		size += kept[i].size;
	for (; gone < count && may_go(w, &kept[gone], size); gone++) {
		size -= kept[gone].size;
		unlinkat(w->dir_fd, segment_name(kept[gone].number, name), 0);
	}
	w->kept.size -= gone * sizeof *kept;
	memmove(w->kept.data, kept + gone, w->kept.size);
}

bool segment_next(struct log_writer *w, uint64_t first_ordinal, uint64_t first_number)
{
	if (!segment_end(w, true))
		return false;
	struct kept_segment ended = { w->segment, w->segment_size, w->left_raw, time_of(CLOCK_MONOTONIC) };
	w->left_raw = false;
	buf_append(&w->kept, &ended, sizeof ended);
	if (w->kept.failed) {
		writer_fail(w, ENOMEM);
		return false;
	}
	if (w->segment_fd != w->first_fd)
		close(w->segment_fd);
	w->segment_fd = -1;
	w->segment_ordinal = first_ordinal;
	w->segment++;
	buf_clear(&w->index);
	w->checkpoint_blocks = UINT64_MAX; /* it begins with one */
	if (!segment_create(w, first_number))
		return flush_failed(w);
	if (w->options.keep_size || w->options.keep_duration)
		forget_segments(w);
	return true;
}

/* Whether a checkpoint is to go before the next block. */
bool segment_wants_checkpoint(const struct log_writer *w)
{
	return w->follow && w->checkpoint_blocks >= CHECKPOINT_BLOCKS + w->checkpoint_size / CHECKPOINT_SHARE;
}

bool segment_checkpoint(struct log_writer *w, uint64_t ordinal, uint64_t first_number)
{
	struct buf *content = &w->checkpoint;
	struct block_header header = { .kind = BLOCK_CHECKPOINT,
		.ordinal = ordinal,
		.first_number = first_number,
		.raw_size = (uint32_t)content->size,
		.stored_size = (uint32_t)content->size };
	const void *stored = content->data;
	void *packed = NULL;
	w->checkpoint_blocks = 0;
	w->checkpoint_size = content->size;
	if (content->failed || content->size > CHECKPOINT_MAX) /* a reader begins further ahead */
		return true;
	size_t room = ZSTD_compressBound(content->size);
	if (content->size >= COMPRESSED_MIN && (packed = malloc(room))) {
		size_t size = ZSTD_compressCCtx(w->zstd, packed, room, content->data, content->size, 1);
		if (!ZSTD_isError(size) && size < content->size) {
			header.codec = CODEC_ZSTD;
			header.stored_size = (uint32_t)size;
			stored = packed;
		}
	}
	uint64_t offset = w->segment_size;
	bool written = segment_write(w, &header, stored, false);
	free(packed);
	if (written)
		index_add(&w->index, &header, offset);
	return written;
}

static struct kept_segment *to_repack(const struct log_writer *w)
{
	struct kept_segment *kept = (struct kept_segment *)w->kept.data;
	for (size_t i = 0; i < w->kept.size / sizeof *kept; i++) {
		if (kept[i].left_raw)
			return &kept[i];
	}
	return NULL;
}

bool segment_to_repack(const struct log_writer *w)
{
	return to_repack(w);
}

void segment_repack_kept(struct log_writer *w)
{
	struct kept_segment *kept = to_repack(w);
	uint64_t size = segment_repack(w, kept->number, 0, true);
	kept->size = size ? size : kept->size;
	kept->left_raw = size == 0 && ++w->repack_failures < REPACK_TRIES; /* there was other work, or it cannot be */
}

/* At the end of a run all are worth a part of the time that it took; a short one is not made longer. */
void segment_repack_all(struct log_writer *w)
{
	enum { SHORT = NS_PER_S, SHARE = 10 };
	const struct kept_segment *kept = (const struct kept_segment *)w->kept.data;
	uint64_t now = time_of(CLOCK_MONOTONIC), spent = now - w->header.anchor.monotonic;
	uint64_t budget = spent > SHORT ? spent / SHARE : 0;
	uint64_t deadline = now + (w->options.end_duration > budget ? w->options.end_duration : budget);
	if (deadline == now)
		return;
	if (w->left_raw)
		segment_repack(w, w->segment, deadline, false);
	for (size_t i = w->kept.size / sizeof *kept; i-- > 0 && time_of(CLOCK_MONOTONIC) < deadline;) {
		if (kept[i].left_raw)
			segment_repack(w, kept[i].number, deadline, false);
	}
}
