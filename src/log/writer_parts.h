/* What the two threads of a writer share. */
#pragma once

#include <pthread.h>
#include <zstd.h>

#include "base/buf.h"
#include "log/format.h"
#include "log/repeats.h"
#include "log/segments.h"
#include "log/writer.h"

enum { TAIL_LOST = -1 }; /* what was mapped is not the file any more, or the file is not what was written */

struct log_writer {
	/* The guest's thread. */
	uint8_t *at, *end;            /* free space in the current buffer; room for an end mark is kept behind `end` */
	uint64_t frame_word;          /* of the frame under construction: what follows its check */
	struct frame_header *frame;   /* under construction; its size word is 0. NULL: nothing is written any more */
	const uint8_t *committed;     /* the end of what the current buffer holds */
	uint64_t number;              /* of the next record */
	uint64_t start;               /* ticks of the record under way */
	bool copied;                  /* its times are given: next_start and next_duration, in ns, which ticks are then too */
	uint64_t next_start, next_duration;
	uint8_t copied_end;           /* end_kind where no record says how it ended */
	uint64_t copied_until;        /* when the last record began that was written to the segment. The second thread's */
	uint64_t ordinal;             /* of the current buffer */
	uint8_t next_kind;            /* of the frame that continues the one under construction */
	uint64_t end_kind, end_args[2];
	uint32_t misses;              /* pieces since the last that was found to be repeated */
	struct repeats *repeats;      /* NULL before there is a second thread */
	uint8_t end_flags;            /* of the record under way */
	uint64_t segment_first;       /* ordinal of the first buffer of the newest segment that was asked for. Written under the lock */

	/* Set once, by whoever notices first. */
	volatile int failed;          /* errno or TAIL_LOST */

	struct log_options options;
	struct tail_header header;
	uint8_t *tail;
	int dir_fd, tail_fd, first_fd; /* the latter: of the first segment, as the guest's thread knows it */
	bool mapped;                  /* the tail is a shared mapping; else commits are written */

	/* The second thread. */
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock;
	pthread_cond_t work, room;
	uint64_t filled, flushed;     /* buffers; under the lock */
	bool closing;
	bool roll;      /* the guest's thread is to begin another segment */
	ZSTD_CCtx *zstd;
	uint8_t *packed, *columns;    /* of one block */
	uint64_t last_flush;          /* when, on the monotonic clock */
	int segment_fd;               /* of the segment that is written; in the thread's own table */
	uint32_t segment;             /* its number. Others may look at it */
	uint64_t segment_ordinal;     /* of its first block */
	uint64_t segment_start;       /* when it was begun, on the monotonic clock */
	uint64_t segment_size, raw_bytes;
	uint32_t repack_failures;
	bool left_raw;                /* blocks of it were not compressed for want of time */
	bool reserved;                /* the segment has space behind its end */
	struct buf index;             /* struct index_entry */
	struct buf kept;              /* struct kept_segment: those before it that are there */
	struct follow *follow;        /* NULL: nobody follows */
	struct buf checkpoint;
	uint64_t checkpoint_blocks;   /* since the last checkpoint */
	uint64_t checkpoint_size;     /* of the last one */
	uint64_t last_sync, synced;   /* when, on the monotonic clock, and up to which record */
};

static inline struct buffer_header *writer_buffer(const struct log_writer *w, uint64_t ordinal)
{
	return (struct buffer_header *)(w->tail + TAIL_HEADER + (ordinal % BUFFER_COUNT) * BUFFER_SIZE);
}

static inline void writer_fail(struct log_writer *w, int error)
{
	int none = 0;
	__atomic_compare_exchange_n(&w->failed, &none, error, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* For what is written to the segment now, behind a record that began at `last`; 0: behind the last one that was written. */
static inline struct time_anchor writer_anchor(struct log_writer *w, uint64_t last)
{
	if (!w->copied)
		return time_anchor_now();
	w->copied_until = last > w->copied_until ? last : w->copied_until;
	return (struct time_anchor){ w->copied_until, w->copied_until, w->copied_until };
}

/* flush.c: where they return false, the writer has failed */
bool flush_all(struct log_writer *w); /* what is in the ring, the last buffer too, and the end of the segment */
void flush_thread_start(struct log_writer *w); /* once */
bool flush_failed(struct log_writer *w); /* with errno; false */

/* blocks of the segment, segment_write.c. The stored bytes are written, then the header, which is completed. */
bool segment_write(struct log_writer *w, struct block_header *header, const void *stored, bool checked);
bool segment_create(struct log_writer *w, uint64_t first_number); /* false: errno */
bool segment_end(struct log_writer *w, bool continues); /* index and footer */
bool segment_next(struct log_writer *w, uint64_t first_ordinal, uint64_t first_number); /* ends one, begins another */
bool segment_is_full(const struct log_writer *w);
bool segment_wants_checkpoint(const struct log_writer *w);
bool segment_checkpoint(struct log_writer *w, uint64_t ordinal, uint64_t first_number); /* what is in w->checkpoint */

bool segment_to_repack(const struct log_writer *w); /* whether one of those that are complete is to be */
void segment_repack_kept(struct log_writer *w); /* that one */
void segment_repack_all(struct log_writer *w); /* after its end */

/* repack.c: the size of the new one; 0: the old one is as it was */
uint64_t segment_repack(struct log_writer *w, uint32_t number, uint64_t deadline, bool interruptible);

/* follow.c */
struct follow *follow_create(const struct log_writer *w); /* NULL: no memory */
void follow_destroy(struct follow *follow);
/* Takes in the frames of a buffer. With `checkpoint`, what is to be known before the first record that begins in it; nothing where none
 * does. */
void follow_frames(struct follow *follow, uint64_t first_number, const uint8_t *frames, size_t size, struct buf *checkpoint);

/* append.c */
void append_start(struct log_writer *w);

/* tail.c */
enum err tail_create(struct log_writer *w, int dir_fd, const struct tail_header *header);
void tail_finish(struct log_writer *w);
void tail_written(struct log_writer *w, const void *at, size_t size); /* where the tail is not mapped */
