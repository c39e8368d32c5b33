/* What the files of the reader share. */
#pragma once

#include <zstd.h>

#include "base/buf.h"
#include "log/format.h"
#include "log/reader.h"
#include "log/segments.h"

/* A block that records repeat pieces of; damaged or missing if it has no frames. */
struct kept_block {
	uint64_t ordinal, used; /* used: 0 never */
	uint8_t *frames;
	size_t size;
};

/* What a record has read or written. It lies in the frames that are loaded as long as it is of one frame and those stay: most do. */
struct item_stream {
	const uint8_t *data;
	size_t size;
	struct buf kept; /* what it is in else */
	bool owned;
};

struct log_reader {
	int dir_fd, segment_fd, tail_fd;
	uint32_t segment;               /* its number */
	uint64_t first_number;          /* of the first record that was kept */
	char name[SEGMENT_NAME];        /* of the segment's file */
	struct segment_header header;   /* of the segment */
	bool continues;                 /* the segment is complete, and another one follows */
	struct buf checkpoint;
	enum log_state state;
	uint64_t tick_scale;
	bool repeats;                   /* parts may stand for bytes */
	struct time_anchor anchor;      /* the last one before what is read */
	struct time_anchor next_anchor; /* ticks 0: none is known */
	uint64_t last_wall;             /* times never go back */

	uint64_t offset;                /* of the next block in the segment */
	uint64_t next_ordinal;          /* of the block or buffer wanted next */
	bool segment_done;              /* what comes next is in the tail, or nowhere yet */
	bool footer;                    /* it has been seen: nothing comes any more */
	bool ended;       /* a torn end was reported */
	bool tail_checked;

	uint8_t *frames;                /* of the current block or buffer */
	size_t frames_size, frames_at;
	bool in_tail;                   /* they are a copy of a buffer that may still grow, of this ordinal */
	bool frames_checked;            /* they carry checks of their own */
	uint64_t tail_ordinal, tail_number;
	uint64_t frames_offset;         /* where they stand in their file, for messages */

	uint64_t number;                /* of the next record to begin */
	bool skipping;                  /* frames until the next one that begins a record */
	bool assembling;                /* a record has begun and is not ended */
	bool begun;       /* and all that the host read for it is there: the host may have acted */
	struct record record;
	struct item_stream in, out;
	struct buf flat_in, flat_out;   /* where they have parts: what those stand for */
	uint64_t missing;               /* 1 + the ordinal of a block that parts name in vain */
	bool said;        /* already, that it is missing */
	struct view *inputs;
	struct record_span *spans;
	struct view *notes;
	uint32_t input_capacity, span_capacity, note_capacity;
	uint64_t duration;

	uint64_t seek_number, seek_time; /* what is before is passed over */
	uint8_t *packed;                /* what is stored of a block */
	uint8_t *columns;               /* and what it holds where that is not frames */
	ZSTD_DCtx *zstd;
	uint64_t places[REPEAT_BACK];   /* of blocks in the segment, by their ordinal */
	uint64_t looked;                /* for others from here on */
	struct kept_block kept[REPEAT_BLOCKS];
	uint64_t kept_used;             /* counts, to know which was not for the longest */
	int other_fd;                   /* of another segment, that something is repeated from; -1 */
	uint64_t other_next, other_at;  /* the least ordinal of a block from `other_at` on in it */
	uint64_t keeps;                 /* that may still be read in for what was loaded: no writer needs more */
};

/* segment_read.c: goes on to the segment with this number. ERR_END: it is not there; ERR_DAMAGED. The header's check is looked at. */
enum err segment_open(struct log_reader *r, uint32_t number);
bool segment_read_footer(int segment_fd, struct footer *ret_footer);
bool segment_read_header(int segment_fd, struct segment_header *ret_header);

/* blocks.c */
enum err blocks_next(struct log_reader *r); /* loads the next frames; ERR_END, ERR_DAMAGED */
bool read_at(int fd, void *to, size_t size, uint64_t offset); /* true if all of it was there */
bool block_header_valid(const struct block_header *header);

/* unpack.c: whether the frames of a block that is not compressed, each of which vouches for itself only, are what was written. */
bool frames_valid(const uint8_t *frames, size_t size);
/* Reads the frames of the block at `at` of the segment. A text of what is wrong with it, or NULL. */
const char *unpack(struct log_reader *r, const struct block_header *header, uint64_t at);
/* The bytes of a part that is repeated, until the next; empty if they are missing or damaged. */
struct view unpack_part(struct log_reader *r, const struct part *part);

/* assemble.c: from frames to streams; items.c: from those to records */
bool assemble(struct log_reader *r, const struct frame_header *frame, const uint8_t *payload); /* true: the record is whole */
void assemble_keep(struct log_reader *r); /* before other frames are loaded */
void assemble_finish(struct log_reader *r);
enum err assembled(struct log_reader *r, struct record *ret_record);
