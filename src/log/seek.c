/* To where a reader wants to begin: the segment by its header, in it the block by its index, or where there is none by the blocks. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/reader_parts.h"

/* Whether all that is behind a moment and a record is at the target or later, so that there is no need to begin before. */
static bool is_at_target(const struct log_target *target, uint64_t first_number, uint64_t wall)
{
	return target->by_time ? wall >= target->time : first_number > target->number;
}

/* The last segment that begins before the target, or the first. */
static enum err find_segment(struct log_reader *r, const struct log_target *target)
{
	uint32_t first, last;
	if (!segments_find(r->dir_fd, &first, &last))
		return ERR_NONE;
	uint64_t low = r->segment, high = last;
	while (low < high) { /* the one is `low` or behind it */
		uint64_t middle = low + (high - low + 1) / 2;
		char name[SEGMENT_NAME];
		struct segment_header header;
		int fd = openat(r->dir_fd, segment_name((uint32_t)middle, name), O_RDONLY | O_CLOEXEC);
		bool there = fd >= 0 && segment_read_header(fd, &header);
		if (fd >= 0)
			close(fd);
		if (!there) /* damaged: who reads on from before it says so */
			high = middle - 1;
		else if (is_at_target(target, header.first_number, header.anchor.wall))
			high = middle - 1;
		else
			low = middle;
	}
	if (low == r->segment)
		return ERR_NONE;
	enum err err = segment_open(r, (uint32_t)low);
	return err == ERR_END ? ERR_NONE : err;
}

/* The blocks of the segment, as its index has them. False: it has none, or it is damaged. */
static bool read_index(struct log_reader *r, struct buf *index)
{
	struct footer footer;
	struct block_header header;
	struct stat stat;
	if (!segment_read_footer(r->segment_fd, &footer) || fstat(r->segment_fd, &stat) != 0 ||
		!read_at(r->segment_fd, &header, sizeof header, footer.index_offset) || !block_header_valid(&header) ||
		header.kind != BLOCK_INDEX || header.stored_size % INDEX_ENTRY || header.stored_size > (uint64_t)stat.st_size ||
		!buf_reserve(index, header.stored_size))
		return false;
	index->size = header.stored_size;
	return read_at(r->segment_fd, index->data, index->size, footer.index_offset + BLOCK_HEADER) &&
		checksum(index->data, index->size) == header.stored_check;
}

/* The same of a segment that is not complete, as far as blocks follow one another. */
static void scan_blocks(struct log_reader *r, struct buf *index)
{
	struct block_header header;
	uint64_t at = SEGMENT_HEADER;
	buf_clear(index);
	while (read_at(r->segment_fd, &header, sizeof header, at) && block_header_valid(&header)) {
		index_add(index, &header, at);
		at += sizeof header + header.stored_size;
	}
}

static bool is_checkpoint(const struct index_entry *entry)
{
	return entry->offset & INDEX_CHECKPOINT;
}

static bool header_of(const struct log_reader *r, const struct index_entry *entry, struct block_header *ret_header)
{
	return read_at(r->segment_fd, ret_header, sizeof *ret_header, entry->offset & ~INDEX_CHECKPOINT) &&
		block_header_valid(ret_header) && ret_header->kind == (is_checkpoint(entry) ? BLOCK_CHECKPOINT : BLOCK_RECORDS);
}

/* How many blocks there are before the first that holds something at the target or later. */
static size_t find_block(const struct log_reader *r, const struct log_target *target, const struct index_entry *entries, size_t count)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct block_header header;
		bool before = target->by_time ? header_of(r, &entries[middle], &header) && header.anchor.wall < target->time
					      : entries[middle].first_number + entries[middle].record_count <= target->number;
		if (before)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the blocks are that records from here on may repeat of: those of records before number `at`, the last of which is `last`. */
static void place_blocks(struct log_reader *r, const struct index_entry *entries, size_t at, uint64_t last)
{
	for (uint32_t count = 0; at && count < REPEAT_BACK; at--) {
		if (is_checkpoint(&entries[at - 1]))
			continue;
		r->places[(last - count) % REPEAT_BACK] = entries[at - 1].offset;
		count++;
	}
}

/* Has the reader begin at a block. */
static bool begin_at(struct log_reader *r, const struct index_entry *entries, size_t at)
{
	struct block_header header, before;
	if (!header_of(r, &entries[at], &header))
		return false;
	if (at && header_of(r, &entries[at - 1], &before))
		r->next_anchor = before.anchor;
	r->offset = entries[at].offset & ~INDEX_CHECKPOINT;
	r->next_ordinal = header.ordinal;
	r->number = header.first_number;
	r->skipping = true;
	place_blocks(r, entries, at, header.ordinal - 1);
	return true;
}

static bool read_checkpoint(struct log_reader *r, const struct index_entry *entry, struct buf *content)
{
	struct block_header header;
	BUF_CLEANUP struct buf stored = { 0 };
	if (!header_of(r, entry, &header) || header.raw_size > CHECKPOINT_MAX || header.stored_size > CHECKPOINT_MAX ||
		(header.codec != CODEC_ZSTD && (header.codec != CODEC_RAW || header.raw_size != header.stored_size)))
		return false;
	buf_clear(content);
	if (!buf_reserve(&stored, header.stored_size + 1) || !buf_reserve(content, header.raw_size + 1))
		return false;
	if (!read_at(r->segment_fd, stored.data, header.stored_size, (entry->offset & ~INDEX_CHECKPOINT) + BLOCK_HEADER) ||
		checksum(stored.data, header.stored_size) != header.stored_check)
		return false;
	content->size = header.raw_size;
	if (header.codec == CODEC_RAW)
		memcpy(content->data, stored.data, header.raw_size);
	else if (ZSTD_decompressDCtx(r->zstd, content->data, header.raw_size, stored.data, header.stored_size) != header.raw_size)
		return false;
	return true;
}

static enum err load_index(struct log_reader *r, struct buf *index)
{
	if (!read_index(r, index))
		scan_blocks(r, index);
	return buf_status(index);
}

/* The last checkpoint among the first `count` blocks that can be read. */
static bool to_checkpoint(struct log_reader *r, const struct index_entry *entries, size_t count)
{
	while (count--) {
		if (is_checkpoint(&entries[count]) && read_checkpoint(r, &entries[count], &r->checkpoint) && begin_at(r, entries, count))
			return true;
	}
	buf_clear(&r->checkpoint);
	return false;
}

/* Goes back to a segment that can be begun at: by a checkpoint, or as it is the first. */
static enum err seek_checkpoint(struct log_reader *r, const struct log_target *target, uint32_t first)
{
	BUF_CLEANUP struct buf index = { 0 };
	for (;;) {
		TRY(load_index(r, &index));
		const struct index_entry *entries = (const struct index_entry *)index.data;
		size_t count = index.size / sizeof *entries, at = find_block(r, target, entries, count);
		/* A checkpoint goes before its block: that of the block itself is the one after those before it. */
		if (to_checkpoint(r, entries, at < count ? at + 1 : count) || r->segment == first)
			return ERR_NONE;
		uint32_t before = r->segment - 1;
		enum err err = segment_open(r, before);
		if (err)
			return err == ERR_END ? err_set(ERR_DAMAGED, "%08u.log is missing", before) : err;
	}
}

/* What was found is behind where the reader is: all of it in a segment that it may not have opened. */
static void start_over(struct log_reader *r)
{
	r->number = r->header.first_number;
	r->next_ordinal = r->header.first_ordinal;
}

enum err log_seek_checkpoint(struct log_reader *r, const struct log_target *target, struct view *ret_checkpoint)
{
	uint32_t first = r->segment;
	TRY(find_segment(r, target));
	start_over(r);
	TRY(seek_checkpoint(r, target, first));
	if (r->checkpoint.size == 0)
		start_over(r);
	*ret_checkpoint = buf_view(&r->checkpoint);
	return ERR_NONE;
}

enum err log_seek(struct log_reader *r, const struct log_target *target)
{
	BUF_CLEANUP struct buf index = { 0 };
	if (target->by_time)
		r->seek_time = target->time;
	else
		r->seek_number = target->number;
	TRY(find_segment(r, target));
	start_over(r);
	TRY(load_index(r, &index));
	const struct index_entry *entries = (const struct index_entry *)index.data;
	size_t count = index.size / sizeof *entries, at = find_block(r, target, entries, count);
	if (count)
		begin_at(r, entries, at < count ? at : count - 1);
	return ERR_NONE;
}
