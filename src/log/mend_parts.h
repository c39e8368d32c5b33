/* What those share who mend: a segment as its blocks have it. */
#pragma once

#include "base/buf.h"
#include "log/format.h"
#include "log/segments.h"

struct segment_scan {
	int fd;
	char name[SEGMENT_NAME];
	struct segment_header header;
	uint64_t size;               /* of the file */
	struct buf index;            /* as it is to be: struct index_entry */
	uint64_t end;                /* of the blocks that it is of: where it is to begin */
	uint64_t next_ordinal, next_number, raw_bytes;
	struct time_anchor anchor;   /* of the last of them */
	bool complete;               /* there is a footer: this one */
	struct footer footer;
	bool indexed;                /* and the index before it is right */
};

/* True if its header and all of its blocks are what was written, and none is missing. Close it in any case. */
bool segment_scan(int dir_fd, uint32_t number, bool write, struct segment_scan *ret_scan);
void segment_scan_close(struct segment_scan *scan);

/* What frames hold, up to the end of `size`, a size of 0, or the end of their buffer; which of these is told in `full`. */
struct frames_scan {
	uint32_t size;
	bool full;
	uint64_t count, first_ticks, last_ticks, end_ticks; /* of records that begin; when the last of their calls ended */
};

/* False if a frame is not what was written. */
bool frames_scan(const uint8_t *frames, size_t size, struct frames_scan *ret_scan);

/* mend_tail.c: appends the buffers of the tail that are not in the segment, as blocks of bytes and headers; at most eight. */
struct tail_block {
	struct block_header header;
	const uint8_t *frames; /* in the buf */
};
struct tail_scan {
	struct buf bytes;
	struct tail_block blocks[BUFFER_COUNT];
	size_t count;
	uint64_t records;
};

/* ERR_NOT_FOUND: there is no tail. ERR_DAMAGED, ERR_NOMEM. */
enum err tail_scan(int dir_fd, const struct segment_scan *segment, struct tail_scan *ret_scan);
void tail_scan_close(struct tail_scan *scan);
