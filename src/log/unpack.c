/* From what a block stores to its frames; and the pieces of others that records repeat, for which the reader keeps a few blocks. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/columns.h"
#include "log/reader_parts.h"

bool frames_valid(const uint8_t *frames, size_t size)
{
	while (size >= FRAME_HEADER) {
		struct frame_header frame;
		memcpy(&frame, frames, sizeof frame);
		if (frame.size < FRAME_HEADER || frame.size > size || frame.check != (uint32_t)checksum(frames + 8, frame.size - 8))
			return false;
		frames += frame.size;
		size -= frame.size;
	}
	return size == 0;
}

/* Reads what is stored behind a header into r->packed. A text of what is wrong, or NULL. */
static const char *read_stored(struct log_reader *r, int fd, const struct block_header *header, uint64_t at)
{
	if (header->raw_size > BLOCK_RAW_MAX || header->stored_size > BLOCK_RAW_MAX)
		return "a block larger than the format allows";
	if (!read_at(fd, r->packed, header->stored_size, at + BLOCK_HEADER))
		return "a block that is cut off";
	if (header->codec != CODEC_RAW && checksum(r->packed, header->stored_size) != header->stored_check)
		return "a block whose bytes are not what was written";
	return NULL;
}

/* From r->packed; false if that is not what it should be. */
static bool expand(struct log_reader *r, const struct block_header *header, uint8_t *frames)
{
	if (header->codec == CODEC_RAW && header->stored_size == header->raw_size) {
		memcpy(frames, r->packed, header->raw_size);
		return true;
	}
	bool by_columns = header->codec == CODEC_COLUMNS;
	uint8_t *to = by_columns ? r->columns : frames;
	if ((header->codec != CODEC_ZSTD && !by_columns) ||
		ZSTD_decompressDCtx(r->zstd, to, header->raw_size, r->packed, header->stored_size) != header->raw_size)
		return false;
	return !by_columns || columns_join(r->columns, header->raw_size, frames);
}

const char *unpack(struct log_reader *r, const struct block_header *header, uint64_t at)
{
	const char *wrong = read_stored(r, r->segment_fd, header, at);
	return wrong || expand(r, header, r->frames) ? wrong : "a block that cannot be decompressed";
}

/* Looks on behind the blocks that were read: those that a reader of the tail has passed there are in the segment meanwhile. */
static uint64_t place_of(struct log_reader *r, uint64_t ordinal)
{
	struct block_header header;
	r->looked = r->looked > r->offset ? r->looked : r->offset;
	for (;;) {
		uint64_t at = r->places[ordinal % REPEAT_BACK];
		if (at && read_at(r->segment_fd, &header, sizeof header, at) && block_header_valid(&header) &&
			header.kind == BLOCK_RECORDS && header.ordinal == ordinal)
			return at;
		if (!read_at(r->segment_fd, &header, sizeof header, r->looked) || !block_header_valid(&header))
			return 0;
		if (header.kind == BLOCK_RECORDS)
			r->places[header.ordinal % REPEAT_BACK] = r->looked;
		r->looked += BLOCK_HEADER + header.stored_size;
	}
}

/* Has r->other_fd be a segment with this number, if it is there and begins with the block or before it. */
static bool open_other(struct log_reader *r, uint64_t number, uint64_t ordinal)
{
	char name[SEGMENT_NAME];
	struct segment_header header;
	int fd = openat(r->dir_fd, segment_name((uint32_t)number, name), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!segment_read_header(fd, &header) || header.first_ordinal > ordinal) {
		close(fd);
		return false;
	}
	if (r->other_fd >= 0)
		close(r->other_fd);
	r->other_fd = fd;
	r->other_next = header.first_ordinal;
	r->other_at = SEGMENT_HEADER;
	return true;
}

/*
 * Another segment that holds a block: one before the reader's, since a record may begin there and go on here, or one behind it, since a
 * reader of the tail may not have come to it yet.
 */
static bool find_other(struct log_reader *r, uint64_t ordinal)
{
	if (ordinal < r->header.first_ordinal) {
		for (uint64_t number = r->segment; number-- > 0;) {
			if (open_other(r, number, ordinal))
				return true;
		}
		return false;
	}
	uint64_t number = (uint64_t)r->segment + 1;
	while (open_other(r, number, ordinal))
		number++;
	return number > (uint64_t)r->segment + 1;
}

/* Where a block is in another segment than the reader's; 0: nowhere. They are asked for in order as a rule. */
static uint64_t place_in_other(struct log_reader *r, uint64_t ordinal)
{
	struct block_header header;
	if ((r->other_fd < 0 || ordinal < r->other_next) && !find_other(r, ordinal))
		return 0;
	while (read_at(r->other_fd, &header, sizeof header, r->other_at) && block_header_valid(&header)) {
		uint64_t at = r->other_at;
		r->other_at += BLOCK_HEADER + header.stored_size;
		if (header.kind != BLOCK_RECORDS)
			continue;
		r->other_next = header.ordinal + 1;
		if (header.ordinal == ordinal)
			return at;
	}
	r->other_next = UINT64_MAX; /* it is in yet another one, or nowhere: begin anew */
	return 0;
}

/* Reads a block into a place among those that are kept. */
static bool keep_block(struct log_reader *r, uint64_t ordinal, struct kept_block *kept)
{
	struct block_header header;
	uint64_t at = ordinal >= r->header.first_ordinal ? place_of(r, ordinal) : 0;
	bool other = ordinal < r->header.first_ordinal || (!at && r->in_tail);
	if (other)
		at = place_in_other(r, ordinal);
	int fd = other ? r->other_fd : r->segment_fd;
	kept->size = 0;
	kept->ordinal = ordinal;
	if (!at || !read_at(fd, &header, sizeof header, at) || read_stored(r, fd, &header, at))
		return false;
	uint8_t *frames = realloc(kept->frames, header.raw_size + 1);
	if (!frames)
		return false;
	kept->frames = frames;
	if (!expand(r, &header, frames) || (header.codec == CODEC_RAW && !frames_valid(frames, header.raw_size)))
		return false;
	kept->size = header.raw_size;
	return true;
}

struct view unpack_part(struct log_reader *r, const struct part *part)
{
	struct kept_block *oldest = r->kept, *block = NULL;
	for (struct kept_block *kept = r->kept; kept < r->kept + REPEAT_BLOCKS && !block; kept++) {
		if (kept->used && kept->ordinal == part->ordinal)
			block = kept;
		if (kept->used < oldest->used)
			oldest = kept;
	}
	if (!block) {
		if (r->keeps == 0)
			return (struct view){ 0 };
		r->keeps--;
		keep_block(r, part->ordinal, oldest);
		block = oldest;
	}
	block->used = ++r->kept_used;
	return part->place > block->size || part->size > block->size - part->place ? (struct view){ 0 }
										   : view_of(block->frames + part->place, part->size);
}
