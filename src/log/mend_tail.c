#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/mend_parts.h"
#include "log/reader_parts.h"

static enum err damaged(void)
{
	return err_set(ERR_DAMAGED, "tail is damaged");
}

static bool header_right(int fd)
{
	struct tail_header header;
	return read_at(fd, &header, sizeof header, 0) && memcmp(header.magic, TAIL_MAGIC, sizeof header.magic) == 0 &&
		header.check == checksum(&header, offsetof(struct tail_header, check)) && header.buffer_size == BUFFER_SIZE &&
		header.buffer_count == BUFFER_COUNT;
}

/* Behind all that is in the block, so that times come out as they do now: by the scale. */
static struct time_anchor anchor_behind(const struct time_anchor *before, uint64_t ticks, uint64_t scale)
{
	if (ticks <= before->ticks)
		return *before;
	uint64_t ns = (uint64_t)((unsigned __int128)(ticks - before->ticks) * scale >> 32);
	return (struct time_anchor){ ticks, before->monotonic + ns, before->wall + ns };
}

static struct block_header block_of(const struct frames_scan *frames, uint64_t ordinal, uint64_t number, const struct time_anchor *before,
	uint64_t scale)
{
	struct block_header header = { .magic = BLOCK_MAGIC,
		.kind = BLOCK_RECORDS,
		.codec = CODEC_RAW,
		.raw_size = frames->size,
		.stored_size = frames->size,
		.ordinal = ordinal,
		.first_number = number,
		.record_count = frames->count,
		.first_ticks = frames->first_ticks,
		.last_ticks = frames->last_ticks,
		.anchor = anchor_behind(before, frames->end_ticks, scale) };
	header.check = checksum(&header, offsetof(struct block_header, check));
	return header;
}

static enum err scan_buffers(int fd, const struct segment_scan *segment, struct tail_scan *scan)
{
	enum { ROOM = BUFFER_SIZE - BUFFER_HEADER };
	uint64_t number = segment->next_number;
	struct time_anchor anchor = segment->anchor;
	struct frames_scan frames = { .full = true };
	if (!buf_reserve(&scan->bytes, (size_t)BUFFER_COUNT * ROOM))
		return err_nomem();
	while (frames.full && scan->count < BUFFER_COUNT) {
		uint64_t ordinal = segment->next_ordinal + scan->count;
		uint64_t offset = TAIL_HEADER + ordinal % BUFFER_COUNT * BUFFER_SIZE;
		struct buffer_header buffer;
		uint8_t *bytes = scan->bytes.data + scan->bytes.size;
		if (!read_at(fd, &buffer, sizeof buffer, offset) || !read_at(fd, bytes, ROOM, offset + sizeof buffer))
			return damaged();
		if (buffer.ordinal + BUFFER_COUNT == ordinal)
			break; /* what it held is a block, and nothing came after that */
		if (buffer.ordinal != ordinal || !frames_scan(bytes, ROOM, &frames) || (frames.size && buffer.first_number != number))
			return damaged();
		if (frames.size == 0)
			break;
		struct tail_block *block = &scan->blocks[scan->count++];
		*block = (struct tail_block){ block_of(&frames, ordinal, number, &anchor, segment->header.tick_scale), bytes };
		anchor = block->header.anchor;
		number += frames.count;
		scan->records += frames.count;
		scan->bytes.size += frames.size;
	}
	return ERR_NONE;
}

enum err tail_scan(int dir_fd, const struct segment_scan *segment, struct tail_scan *ret_scan)
{
	*ret_scan = (struct tail_scan){ 0 };
	int fd = openat(dir_fd, "tail", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set_errno(errno, "cannot read the recording's tail");
	enum err err = header_right(fd) ? scan_buffers(fd, segment, ret_scan) : damaged();
	close(fd);
	return err;
}

void tail_scan_close(struct tail_scan *scan)
{
	buf_finish(&scan->bytes);
}
