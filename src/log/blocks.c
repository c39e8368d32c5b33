/* The next frames: a block of the segment, or a buffer of the tail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/fill.h"
#include "log/reader_parts.h"

bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	uint8_t *at = to;
	log_fill(fd, offset, size);
	while (size) {
		ssize_t part = pread(fd, at, size, (off_t)offset);
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0)
			return false;
		at += part;
		offset += (uint64_t)part;
		size -= (size_t)part;
	}
	return true;
}

bool block_header_valid(const struct block_header *header)
{
	return header->magic == BLOCK_MAGIC && header->check == checksum(header, offsetof(struct block_header, check));
}

/* After damage: the next place where a block's header vouches for itself. */
static bool find_block(struct log_reader *r, uint64_t from)
{
	uint8_t window[4096 + BLOCK_HEADER];
	for (uint64_t offset = from;; offset += 4096) {
		ssize_t size = pread(r->segment_fd, window, sizeof window, (off_t)offset);
		if (size < BLOCK_HEADER)
			return false;
		for (ssize_t i = 0; i + BLOCK_HEADER <= size; i++) {
			struct block_header header;
			memcpy(&header, window + i, sizeof header);
			if (block_header_valid(&header)) {
				r->offset = offset + (uint64_t)i;
				return true;
			}
		}
	}
}

/* Goes on to the next segment, if there is one. One that is damaged in its header is passed over, and what it held is missing. */
static bool pass_on(struct log_reader *r)
{
	uint32_t first, last;
	if (segment_open(r, r->segment + 1) == ERR_NONE)
		return true;
	if (!segments_find(r->dir_fd, &first, &last))
		return false;
	for (uint64_t number = (uint64_t)r->segment + 2; number <= last; number++) {
		if (segment_open(r, (uint32_t)number) == ERR_NONE)
			return true;
	}
	return false;
}

static enum err damaged(struct log_reader *r, uint64_t at, const char *what)
{
	r->skipping = true;
	r->assembling = false;
	char name[SEGMENT_NAME];
	memcpy(name, r->name, sizeof name);
	if (!find_block(r, at + 1) && !pass_on(r))
		r->segment_done = true;
	return err_set(ERR_DAMAGED, "%s is damaged at offset %llu: %s; records from number %llu on are missing", name,
		(unsigned long long)at, what, (unsigned long long)r->number);
}

static bool wanted(const struct log_reader *r, const struct block_header *header)
{
	if (header->kind != BLOCK_RECORDS)
		return false;
	if (r->seek_number && header->first_number + header->record_count <= r->seek_number)
		return false;
	return !(r->seek_time && header->anchor.wall < r->seek_time && !r->assembling);
}

static enum err load_block(struct log_reader *r, const struct block_header *header, uint64_t at)
{
	const char *wrong = unpack(r, header, at);
	if (wrong)
		return damaged(r, at, wrong);
	r->keeps += REPEAT_BLOCKS;
	r->frames_checked = header->codec == CODEC_RAW;
	r->frames_size = header->raw_size;
	r->frames_at = 0;
	r->frames_offset = at;
	r->in_tail = false;
	return ERR_NONE;
}

/* Accounts for a block that is there; ERR_DAMAGED if others are missing before it. */
static enum err take_block(struct log_reader *r, const struct block_header *header)
{
	bool gap = header->ordinal != r->next_ordinal;
	uint64_t missing = r->number;
	r->anchor = r->next_anchor.ticks ? r->next_anchor : r->anchor;
	r->next_anchor = header->anchor;
	r->next_ordinal = header->ordinal + 1;
	if (gap || r->skipping || !r->assembling)
		r->number = header->first_number;
	if (!gap)
		return ERR_NONE;
	r->skipping = true;
	r->assembling = false;
	return err_set(ERR_DAMAGED, "%s lacks blocks: records %llu to %llu are missing", r->name, (unsigned long long)missing,
		(unsigned long long)header->first_number);
}

static uint64_t ordinal_in_tail(const struct log_reader *r, uint64_t offset)
{
	uint64_t ordinal;
	return read_at(r->tail_fd, &ordinal, sizeof ordinal, offset) ? ordinal : UINT64_MAX;
}

/* Of a block that is not read for its contents, piece by piece: an index has no limit. */
static bool stored_valid(struct log_reader *r, const struct block_header *header, uint64_t at)
{
	XXH3_state_t state;
	uint64_t left = header->stored_size;
	at += sizeof *header;
	XXH3_64bits_reset(&state);
	while (left) {
		size_t part = left < BLOCK_RAW_MAX ? (size_t)left : BLOCK_RAW_MAX;
		if (!read_at(r->segment_fd, r->packed, part, at))
			return false;
		XXH3_64bits_update(&state, r->packed, part);
		at += part;
		left -= part;
	}
	return XXH3_64bits_digest(&state) == header->stored_check;
}

/*
 * Whether the block that comes next may be there in part only: its buffer is in the tail until it is complete, and its header is not there
 * until what it describes is.
 */
static bool being_written(const struct log_reader *r, const struct block_header *header)
{
	if (r->state == LOG_RUNNING && header->magic == 0)
		return true;
	return r->state != LOG_CLOSED && r->tail_fd >= 0 &&
		ordinal_in_tail(r, TAIL_HEADER + (r->next_ordinal % BUFFER_COUNT) * BUFFER_SIZE) == r->next_ordinal;
}

static bool next_is_there(const struct log_reader *r)
{
	char name[SEGMENT_NAME];
	return faccessat(r->dir_fd, segment_name(r->segment + 1, name), F_OK, 0) == 0;
}

/* The next segment cannot be read: it is gone, or damaged in its header. */
static enum err lose_segment(struct log_reader *r, enum err err)
{
	char name[SEGMENT_NAME], text[256];
	snprintf(text, sizeof text, "%s", err_text());
	if (err != ERR_END)
		err = err_set(ERR_DAMAGED, "%s", text);
	else
		err = err_set(ERR_DAMAGED, "%s is not there: records from number %llu on are missing", segment_name(r->segment + 1, name),
			(unsigned long long)r->number);
	r->skipping = true;
	r->assembling = false;
	if (!pass_on(r)) {
		r->continues = false;
		r->segment++; /* not once more */
		r->segment_done = true;
	}
	return err;
}

/* Where the segment has no more blocks. ERR_NONE: there is more to read all the same; ERR_END. */
static enum err pass_end(struct log_reader *r, uint64_t at)
{
	uint8_t byte;
	uint32_t first, last;
	bool there = next_is_there(r);
	if (!r->continues && there && !read_at(r->segment_fd, &byte, 1, at)) /* nor has it grown meanwhile */
		return damaged(r, at, "it ends, and another segment follows");
	if (!r->continues && there)
		return ERR_NONE;
	if (r->continues && (there || (segments_find(r->dir_fd, &first, &last) && last > r->segment))) {
		enum err err = segment_open(r, r->segment + 1);
		return err ? lose_segment(r, err) : ERR_NONE;
	}
	r->segment_done = true;
	return ERR_END;
}

/* Of the recording, or of a segment that another one follows. */
static void take_footer(struct log_reader *r, const struct block_header *header, uint64_t at)
{
	struct footer footer;
	bool there = header->stored_size == sizeof footer && read_at(r->segment_fd, &footer, sizeof footer, at + BLOCK_HEADER);
	r->continues = there && footer.continues == SEGMENT_CONTINUES;
	r->footer = !r->continues;
}

static enum err segment_next(struct log_reader *r)
{
	struct block_header header;
	for (;;) {
		uint64_t at = r->offset;
		if (!read_at(r->segment_fd, &header, sizeof header, at)) {
			TRY(pass_end(r, at));
			continue;
		}
		if (!block_header_valid(&header)) {
			if (being_written(r, &header)) {
				r->segment_done = true;
				return ERR_END;
			}
			if (read_at(r->segment_fd, &header, sizeof header, at) && block_header_valid(&header))
				continue; /* by now it has been written */
			return damaged(r, at, "no block begins here");
		}
		r->offset = at + BLOCK_HEADER + header.stored_size;
		if (header.kind == BLOCK_FOOTER)
			take_footer(r, &header, at);
		if (header.kind == BLOCK_RECORDS)
			r->places[header.ordinal % REPEAT_BACK] = at;
		if (header.kind != BLOCK_RECORDS && header.kind != BLOCK_INDEX && header.kind != BLOCK_FOOTER &&
			!(header.kind & BLOCK_SKIPPABLE))
			return damaged(r, at, "a block of a kind that this version does not know");
		if (header.kind != BLOCK_RECORDS) {
			if (!stored_valid(r, &header, at))
				return damaged(r, at, "a block whose bytes are not what was written");
			continue;
		}
		if (header.ordinal < r->next_ordinal) { /* its frames were read when they were in the tail */
			r->next_anchor = header.anchor;
			continue;
		}
		enum err err = take_block(r, &header);
		if (!wanted(r, &header)) {
			r->skipping = true;
			r->assembling = false;
			r->frames_size = r->frames_at = 0;
			r->number = header.first_number + header.record_count;
			continue;
		}
		if (err) {
			r->offset = at; /* to be read next */
			r->next_ordinal = header.ordinal;
			r->next_anchor = r->anchor;
			return err;
		}
		return load_block(r, &header, at);
	}
}

static enum err tail_damaged(struct log_reader *r, uint64_t offset, const char *what)
{
	r->ended = true;
	return err_set(ERR_DAMAGED, "tail is damaged at offset %llu: %s; what is not in %s is missing, from record %llu on",
		(unsigned long long)offset, what, r->name, (unsigned long long)r->number);
}

static enum err check_tail(struct log_reader *r)
{
	struct tail_header header;
	r->tail_checked = true;
	if (r->tail_fd < 0)
		return tail_damaged(r, 0, "it is not there");
	if (!read_at(r->tail_fd, &header, sizeof header, 0))
		return tail_damaged(r, 0, "it is cut off");
	if (memcmp(header.magic, TAIL_MAGIC, sizeof header.magic) != 0 ||
		header.check != checksum(&header, offsetof(struct tail_header, check)))
		return tail_damaged(r, 0, "its header is not what was written");
	if (header.buffer_size != BUFFER_SIZE || header.buffer_count != BUFFER_COUNT)
		return tail_damaged(r, 16, "it has buffers of another size than this version knows");
	return ERR_NONE;
}

/* ERR_END: the buffer holds nothing yet. ERR_EXISTS: it has become a block meanwhile. */
static enum err tail_next(struct log_reader *r)
{
	uint64_t offset = TAIL_HEADER + (r->next_ordinal % BUFFER_COUNT) * BUFFER_SIZE;
	if (r->tail_fd < 0 && r->state != LOG_KILLED)
		return ERR_END;
	if (!r->tail_checked)
		TRY(check_tail(r));
	uint64_t before = ordinal_in_tail(r, offset);
	struct buffer_header header;
	bool there = read_at(r->tail_fd, &header, sizeof header, offset) &&
		read_at(r->tail_fd, r->frames, BUFFER_SIZE - BUFFER_HEADER, offset + BUFFER_HEADER);
	uint64_t after = ordinal_in_tail(r, offset);
	bool expected =
		before == r->next_ordinal || before + BUFFER_COUNT == r->next_ordinal; /* the latter: not recycled, so nothing followed */
	if (there && !expected && r->state == LOG_KILLED)
		return tail_damaged(r, offset, "a buffer is not the one that comes next");
	if (before != UINT64_MAX && before > r->next_ordinal)
		return ERR_EXISTS;
	if (before != after)
		return ERR_EXISTS;
	if (!there)
		return tail_damaged(r, offset, "it is cut off");
	if (before < r->next_ordinal)
		return ERR_END;
	r->keeps += REPEAT_BLOCKS;
	r->in_tail = r->frames_checked = true;
	r->tail_ordinal = r->next_ordinal;
	r->frames_size = BUFFER_SIZE - BUFFER_HEADER;
	r->frames_offset = offset + BUFFER_HEADER;
	r->anchor = r->next_anchor.ticks ? r->next_anchor : r->anchor;
	r->next_anchor = (struct time_anchor){ 0 };
	if (r->skipping)
		r->number = header.first_number;
	return ERR_NONE;
}

enum err blocks_next(struct log_reader *r)
{
	for (;;) {
		if (!r->segment_done) {
			enum err err = segment_next(r);
			if (err != ERR_END)
				return err;
		}
		if (r->footer || r->ended)
			return ERR_END;
		size_t at = r->in_tail && r->tail_ordinal == r->next_ordinal ? r->frames_at : 0;
		enum err err = tail_next(r);
		if (err == ERR_EXISTS) { /* read on in the segment, behind what was read from the tail */
			r->segment_done = false;
			struct block_header header;
			if (!read_at(r->segment_fd, &header, sizeof header, r->offset) && !next_is_there(r))
				return ERR_END; /* it is being written: later */
			uint64_t number = r->number;
			bool skipping = r->skipping;
			enum err loaded = segment_next(r);
			if (!loaded && at) { /* the block has the frames of the buffer, in the same places */
				r->frames_at = at;
				r->number = number;
				r->skipping = skipping;
			}
			if (loaded != ERR_END)
				return loaded;
			continue;
		}
		if (!err)
			r->frames_at = at;
		return err;
	}
}
