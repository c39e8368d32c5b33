/* From what a block stores to its frames; and the pieces of others that records repeat, for which the reader keeps a few blocks. */
#include <stdlib.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/columns.h"
#include "log/reader_parts.h"

/* Each frame of an uncompressed block vouches for itself only. */
static bool frames_valid(const uint8_t *frames, size_t size)
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
static const char *read_stored(struct log_reader *r, const struct block_header *header, uint64_t at)
{
	if (header->raw_size > BLOCK_RAW_MAX || header->stored_size > BLOCK_RAW_MAX)
		return "a block larger than the format allows";
	if (!read_at(r->segment_fd, r->packed, header->stored_size, at + BLOCK_HEADER))
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
	const char *wrong = read_stored(r, header, at);
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

/* Reads a block into a place among those that are kept. */
static bool keep_block(struct log_reader *r, uint64_t ordinal, struct kept_block *kept)
{
	struct block_header header;
	uint64_t at = place_of(r, ordinal);
	kept->size = 0;
	kept->ordinal = ordinal;
	if (!at || !read_at(r->segment_fd, &header, sizeof header, at) || read_stored(r, &header, at))
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
