/* From what a block stores to its frames. A parted block takes pieces from the literals of others, of which the reader keeps a few. */
#include <stdlib.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/reader_parts.h"

static const char not_written[] = "a block whose bytes are not what was written", not_unpacked[] = "a block that cannot be decompressed";

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
		return not_written;
	return NULL;
}

/* Decompresses or copies r->packed. False if it does not fit, or is not what it should be. */
static bool expand(struct log_reader *r, const struct block_header *header, uint8_t *to, size_t room, size_t *ret_size)
{
	*ret_size = header->stored_size;
	if (header->codec == CODEC_RAW || header->codec == CODEC_PARTED) {
		if (header->stored_size <= room)
			memcpy(to, r->packed, header->stored_size);
		return header->stored_size <= room;
	}
	if (header->codec != CODEC_ZSTD && header->codec != CODEC_PARTED_ZSTD)
		return false;
	*ret_size = ZSTD_decompressDCtx(r->zstd, to, room, r->packed, header->stored_size);
	return !ZSTD_isError(*ret_size);
}

static bool is_parted(const struct block_header *header)
{
	return header->codec == CODEC_PARTED || header->codec == CODEC_PARTED_ZSTD;
}

/* The parts of a parted block's content; false if they are not all there is. */
static bool split(struct view content, uint32_t *ret_count, struct view *ret_references, struct view *ret_literals)
{
	struct parted_header head;
	if (content.size < sizeof head)
		return false;
	memcpy(&head, content.data, sizeof head);
	size_t references = (size_t)head.reference_count * sizeof(struct reference);
	if (sizeof head + references + head.literal_size != content.size)
		return false;
	*ret_count = head.reference_count;
	*ret_references = view_of(content.data + sizeof head, references);
	*ret_literals = view_of(content.data + sizeof head + references, head.literal_size);
	return true;
}

/* Reads the literals of another block into a place among those that are kept. */
static bool read_literals(struct log_reader *r, uint64_t ordinal, struct literals *kept)
{
	struct block_header header;
	uint64_t at = r->places[ordinal % REFERENCE_BACK];
	uint32_t count;
	size_t size;
	struct view references;
	kept->ordinal = UINT64_MAX;
	if (!at || !read_at(r->segment_fd, &header, sizeof header, at) || !block_header_valid(&header) || header.kind != BLOCK_RECORDS ||
		header.ordinal != ordinal || read_stored(r, &header, at))
		return false;
	if (!kept->content)
		kept->content = malloc(BLOCK_RAW_MAX);
	if (!kept->content || !expand(r, &header, kept->content, BLOCK_RAW_MAX, &size))
		return false;
	kept->bytes = view_of(kept->content, size);
	if (is_parted(&header) ? !split(kept->bytes, &count, &references, &kept->bytes) : size != header.raw_size)
		return false;
	if (header.codec == CODEC_RAW && !frames_valid(kept->content, size))
		return false;
	kept->ordinal = ordinal;
	return true;
}

static bool literals_of(struct log_reader *r, uint64_t ordinal, struct view *ret_literals)
{
	struct literals *oldest = r->literals;
	for (struct literals *kept = r->literals; kept < r->literals + REFERENCE_BLOCKS; kept++) {
		if (kept->content && kept->ordinal == ordinal) {
			kept->used = ++r->literals_used;
			*ret_literals = kept->bytes;
			return true;
		}
		if (kept->used < oldest->used)
			oldest = kept;
	}
	if (r->literals_read++ == REFERENCE_BLOCKS || !read_literals(r, ordinal, oldest))
		return false;
	oldest->used = ++r->literals_used;
	*ret_literals = oldest->bytes;
	return true;
}

/* What a reference names; empty if there is no such thing. */
static struct view referred(struct log_reader *r, uint64_t ordinal, const struct reference *reference, struct view own)
{
	struct view literals = own;
	if (reference->back &&
		(reference->back >= REFERENCE_BACK || reference->back > ordinal || !literals_of(r, ordinal - reference->back, &literals)))
		return (struct view){ 0 };
	return view_slice(literals, reference->from, reference->size);
}

/* The frames of a parted block: its literals, and at the places that its references name, pieces of others. */
static const char *join(struct log_reader *r, const struct block_header *header, struct view content)
{
	struct view references, literals;
	uint32_t count, at = 0, size = header->raw_size;
	if (!split(content, &count, &references, &literals))
		return not_unpacked;
	struct view rest = literals;
	r->literals_read = 0;
	for (uint32_t i = 0; i <= count; i++) {
		struct reference reference = { .at = size };
		if (i < count)
			memcpy(&reference, references.data + i * sizeof reference, sizeof reference);
		if (reference.at < at || reference.at > size || reference.size > size - reference.at || reference.at - at > rest.size)
			return not_unpacked;
		if (reference.at > at)
			memcpy(r->frames + at, rest.data, reference.at - at);
		rest = view_slice(rest, reference.at - at, rest.size);
		at = reference.at + reference.size;
		struct view piece = reference.size ? referred(r, header->ordinal, &reference, literals) : (struct view){ 0 };
		if (piece.size != reference.size)
			return "a block that repeats what is missing or damaged";
		if (piece.size)
			memcpy(r->frames + reference.at, piece.data, piece.size);
	}
	return rest.size ? not_unpacked : NULL;
}

const char *unpack(struct log_reader *r, const struct block_header *header, uint64_t at)
{
	size_t size;
	const char *wrong = read_stored(r, header, at);
	if (wrong)
		return wrong;
	uint8_t *to = is_parted(header) ? r->parted : r->frames;
	if (!expand(r, header, to, BLOCK_RAW_MAX, &size))
		return not_unpacked;
	if (is_parted(header))
		return join(r, header, view_of(to, size));
	return size == header->raw_size ? NULL : not_unpacked;
}
