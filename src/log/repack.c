/*
 * A segment whose blocks were left as they are, since there was no time, is written once more, compressed, and takes the place of the first
 * one at once: who reads it has either, and both say the same. What is in the way of that is no failure: the first one stays.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/columns.h"
#include "log/reader_parts.h"
#include "log/writer_parts.h"

enum { LEVEL = 1 };

static const char temporary[] = ".repacked";

struct repacking {
	struct log_writer *w;
	int from, to;
	uint64_t at, size;  /* in the one that is read, and written */
	struct buf bytes;   /* what is stored of a block */
	struct buf packed;
	struct buf index;
	uint64_t deadline;  /* on the monotonic clock: from then on blocks are copied; 0: none */
	bool interruptible; /* by work that is more urgent */
};

static bool put(struct repacking *p, struct block_header *header, const void *stored)
{
	header->check = checksum(header, offsetof(struct block_header, check));
	index_add(&p->index, header, p->size);
	bool written = write_all(p->to, header, sizeof *header, p->size) &&
		write_all(p->to, stored, header->stored_size, p->size + sizeof *header);
	p->size += sizeof *header + header->stored_size;
	return written;
}

/* They do not compress, and a block that is compressed has its own. The frames are valid. */
static void clear_checks(uint8_t *frames, size_t size)
{
	for (size_t at = 0; at < size;) {
		uint32_t frame_size;
		memcpy(&frame_size, frames + at, sizeof frame_size);
		memset(frames + at + offsetof(struct frame_header, check), 0, sizeof(uint32_t));
		at += frame_size;
	}
}

/* A block of records that is not compressed. */
static bool put_raw(struct repacking *p, struct block_header *header)
{
	struct block_header as_is = *header;
	size_t room = ZSTD_compressBound(header->raw_size);
	buf_clear(&p->packed);
	if (!buf_reserve(&p->packed, room + header->raw_size))
		return false;
	uint8_t *frames = p->packed.data + room;
	if (header->raw_size > BUFFER_SIZE || !frames_valid(p->bytes.data, header->raw_size))
		return false;
	memcpy(frames, p->bytes.data, header->raw_size);
	clear_checks(frames, header->raw_size);
	columns_split(frames, header->raw_size, p->w->columns);
	size_t packed = ZSTD_compressCCtx(p->w->zstd, p->packed.data, room, p->w->columns, header->raw_size, LEVEL);
	if (ZSTD_isError(packed) || packed >= header->raw_size)
		return put(p, &as_is, p->bytes.data);
	header->codec = CODEC_COLUMNS;
	header->stored_size = (uint32_t)packed;
	header->stored_check = checksum(p->packed.data, packed);
	return put(p, header, p->packed.data);
}

static bool put_index(struct repacking *p, struct block_header *header)
{
	header->raw_size = header->stored_size = (uint32_t)p->index.size;
	header->stored_check = checksum(p->index.data, p->index.size);
	return !p->index.failed && put(p, header, p->index.data);
}

static bool put_footer(struct repacking *p, struct block_header *header, uint64_t index_offset)
{
	struct footer footer;
	if (header->stored_size != sizeof footer)
		return false;
	memcpy(&footer, p->bytes.data, sizeof footer);
	footer.index_offset = index_offset;
	header->stored_check = checksum(&footer, sizeof footer);
	return put(p, header, &footer);
}

static bool is_interrupted(struct repacking *p)
{
	if (!p->interruptible)
		return false;
	pthread_mutex_lock(&p->w->lock);
	bool is = p->w->filled != p->w->flushed || p->w->closing;
	pthread_mutex_unlock(&p->w->lock);
	return is;
}

/* All blocks up to the footer. */
static bool copy_blocks(struct repacking *p)
{
	struct block_header header;
	uint64_t index_offset = 0;
	for (;;) {
		buf_clear(&p->bytes);
		if (is_interrupted(p) || !read_at(p->from, &header, sizeof header, p->at) || !block_header_valid(&header) ||
			header.stored_size > CHECKPOINT_MAX || !buf_reserve(&p->bytes, header.stored_size + 1) ||
			!read_at(p->from, p->bytes.data, header.stored_size, p->at + sizeof header))
			return false;
		p->at += sizeof header + header.stored_size;
		bool late = p->deadline && time_of(CLOCK_MONOTONIC) >= p->deadline, done;
		if (header.kind == BLOCK_FOOTER)
			return put_footer(p, &header, index_offset);
		if (header.kind == BLOCK_INDEX) {
			index_offset = p->size;
			done = put_index(p, &header);
		} else if (header.kind == BLOCK_RECORDS && header.codec == CODEC_RAW && !late) {
			done = put_raw(p, &header);
		} else {
			done = put(p, &header, p->bytes.data);
		}
		if (!done)
			return false;
	}
}

static bool repack(struct repacking *p)
{
	struct segment_header header;
	p->at = p->size = sizeof header;
	return segment_read_header(p->from, &header) && fchmod(p->to, 0600) == 0 && write_all(p->to, &header, sizeof header, 0) &&
		copy_blocks(p) && (p->w->options.sync == LOG_SYNC_NONE || fdatasync(p->to) == 0);
}

uint64_t segment_repack(struct log_writer *w, uint32_t number, uint64_t deadline, bool interruptible)
{
	char name[SEGMENT_NAME];
	struct repacking p = { .w = w, .deadline = deadline, .interruptible = interruptible };
	segment_name(number, name);
	unlinkat(w->dir_fd, temporary, 0);
	p.from = openat(w->dir_fd, name, O_RDONLY | O_CLOEXEC);
	p.to = openat(w->dir_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool done = p.from >= 0 && p.to >= 0 && repack(&p) && renameat(w->dir_fd, temporary, w->dir_fd, name) == 0;
	if (!done)
		unlinkat(w->dir_fd, temporary, 0);
	if (p.from >= 0)
		close(p.from);
	if (p.to >= 0)
		close(p.to);
	buf_finish(&p.bytes);
	buf_finish(&p.packed);
	buf_finish(&p.index);
	return done ? p.size : 0;
}
