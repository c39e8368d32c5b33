#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/mend_parts.h"
#include "log/reader_parts.h"

static bool begins(const struct frame_header *frame)
{
	return frame->kind == FRAME_BEGIN || frame->kind >= FRAME_WHOLE;
}

/* As a writer makes it: else readers may count it otherwise. */
static bool frame_right(const struct frame_header *frame, const uint8_t *at, size_t left)
{
	if (frame->size < FRAME_HEADER || frame->size % 8 || frame->size > left ||
		frame->check != (uint32_t)checksum(at + 8, frame->size - 8))
		return false;
	size_t fixed = begins(frame) ? 8 + 8 * (size_t)frame->count : frame->kind == FRAME_END ? 8 : 0;
	return fixed <= frame->size - FRAME_HEADER && (!begins(frame) || frame->count <= RECORD_MAX_ARGS);
}

bool frames_scan(const uint8_t *frames, size_t size, struct frames_scan *ret_scan)
{
	struct frames_scan scan = { 0 };
	uint64_t begun = 0;
	while (size - scan.size >= sizeof(uint32_t)) {
		struct frame_header frame = { 0 };
		const uint8_t *at = frames + scan.size;
		size_t left = size - scan.size;
		memcpy(&frame, at, left < sizeof frame ? left : sizeof frame);
		scan.full = frame.size == FRAME_BUFFER_ENDS;
		if (frame.size == 0 || scan.full)
			break;
		if (!frame_right(&frame, at, left))
			return false;
		uint64_t ticks = 0;
		if (frame.size >= FRAME_HEADER + sizeof ticks)
			memcpy(&ticks, at + FRAME_HEADER, sizeof ticks);
		if (begins(&frame)) {
			scan.first_ticks = scan.count++ ? scan.first_ticks : ticks;
			scan.last_ticks = begun = ticks;
		}
		uint64_t end = frame.kind == FRAME_END ? begun + ticks : begun;
		scan.end_ticks = end > scan.end_ticks ? end : scan.end_ticks;
		scan.size += frame.size;
	}
	*ret_scan = scan;
	return true;
}

static bool stored_right(const struct segment_scan *s, const struct block_header *header, uint64_t at, struct buf *stored)
{
	enum { OTHER_MAX = 2 * CHECKPOINT_MAX }; /* more than any that is written */
	struct frames_scan frames;
	uint64_t most = header->kind == BLOCK_RECORDS ? BLOCK_RAW_MAX : header->kind == BLOCK_INDEX ? s->index.size : OTHER_MAX;
	if (header->stored_size > s->size - at - sizeof *header || header->stored_size > most)
		return false;
	buf_clear(stored);
	if (!buf_reserve(stored, (size_t)header->stored_size + 1) ||
		!read_at(s->fd, stored->data, header->stored_size, at + sizeof *header))
		return false;
	stored->size = header->stored_size;
	if (header->kind != BLOCK_RECORDS || header->codec != CODEC_RAW)
		return checksum(stored->data, stored->size) == header->stored_check;
	return header->raw_size == stored->size && frames_scan(stored->data, stored->size, &frames) && frames.size == stored->size &&
		frames.count == header->record_count;
}

static bool is_data(const struct block_header *header)
{
	return header->kind == BLOCK_RECORDS || header->kind & BLOCK_SKIPPABLE;
}

static bool take_block(struct segment_scan *s, const struct block_header *header, uint64_t at)
{
	s->anchor = header->anchor;
	index_add(&s->index, header, at);
	if (header->kind != BLOCK_RECORDS)
		return true;
	if (header->ordinal != s->next_ordinal || header->first_number != s->next_number)
		return false;
	s->next_ordinal++;
	s->next_number += header->record_count;
	s->raw_bytes += header->raw_size;
	return true;
}

/* Whether blocks of records begin behind a place where none should. */
static bool has_blocks_behind(const struct segment_scan *s)
{
	uint8_t window[4096 + BLOCK_HEADER];
	for (uint64_t offset = s->end; offset < s->size; offset += 4096) {
		ssize_t size = pread(s->fd, window, sizeof window, (off_t)offset);
		for (ssize_t i = 0; i + BLOCK_HEADER <= size; i++) {
			struct block_header header;
			memcpy(&header, window + i, sizeof header);
			if (header.magic == BLOCK_MAGIC && block_header_valid(&header) && is_data(&header))
				return true;
		}
	}
	return false;
}

static bool scan_blocks(struct segment_scan *s)
{
	BUF_CLEANUP struct buf stored = { 0 };
	struct block_header header;
	while (s->size - s->end >= sizeof header && read_at(s->fd, &header, sizeof header, s->end) && block_header_valid(&header) &&
		is_data(&header)) {
		if (!stored_right(s, &header, s->end, &stored) || !take_block(s, &header, s->end))
			return false;
		s->end += sizeof header + header.stored_size;
	}
	return !s->index.failed;
}

static bool index_right(const struct segment_scan *s)
{
	BUF_CLEANUP struct buf stored = { 0 };
	struct block_header header;
	return s->footer.index_offset == s->end && read_at(s->fd, &header, sizeof header, s->end) && block_header_valid(&header) &&
		header.kind == BLOCK_INDEX && stored_right(s, &header, s->end, &stored) && stored.size == s->index.size &&
		(stored.size == 0 || memcmp(stored.data, s->index.data, stored.size) == 0);
}

bool segment_scan(int dir_fd, uint32_t number, bool write, struct segment_scan *ret_scan)
{
	struct segment_scan *s = ret_scan;
	struct stat stat;
	*s = (struct segment_scan){ .end = SEGMENT_HEADER };
	s->fd = openat(dir_fd, segment_name(number, s->name), (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd < 0 || fstat(s->fd, &stat) != 0 || !S_ISREG(stat.st_mode) || !segment_read_header(s->fd, &s->header) ||
		s->header.segment != number)
		return false;
	s->size = (uint64_t)stat.st_size;
	s->next_ordinal = s->header.first_ordinal;
	s->next_number = s->header.first_number;
	s->anchor = s->header.anchor;
	if (!scan_blocks(s) || has_blocks_behind(s))
		return false;
	s->complete = segment_read_footer(s->fd, &s->footer);
	s->indexed = s->complete && index_right(s);
	return true;
}

void segment_scan_close(struct segment_scan *scan)
{
	if (scan->fd >= 0)
		close(scan->fd);
	buf_finish(&scan->index);
}
