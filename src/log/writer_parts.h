/* What the two threads of a writer share. */
#pragma once

#include <pthread.h>
#include <zstd.h>

#include "base/buf.h"
#include "log/format.h"
#include "log/repeats.h"
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
	uint64_t ordinal;             /* of the current buffer */
	uint8_t next_kind;            /* of the frame that continues the one under construction */
	uint64_t end_kind, end_args[2];
	uint32_t misses;              /* pieces since the last that was found to be repeated */
	struct repeats *repeats;      /* NULL before there is a second thread */

	/* Set once, by whoever notices first. */
	volatile int failed;          /* errno or TAIL_LOST */

	uint8_t *tail;
	int dir_fd, tail_fd, segment_fd;
	bool mapped;                  /* the tail is a shared mapping; else commits are written */

	/* The second thread. */
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock;
	pthread_cond_t work, room;
	uint64_t filled, flushed;     /* buffers; under the lock */
	bool closing;
	ZSTD_CCtx *zstd;
	uint8_t *packed, *columns;    /* of one block */
	uint64_t last_flush;          /* when, on the monotonic clock */
	uint64_t segment_size, raw_bytes;
	bool reserved;                /* the segment has space behind its end */
	struct buf index;
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

/* flush.c: where they return false, the writer has failed, but for flush_start, which had no memory */
bool flush_start(struct log_writer *w);
bool flush_buffer(struct log_writer *w, uint64_t ordinal); /* into a block */
bool flush_close(struct log_writer *w);                     /* index and footer */
void flush_thread_start(struct log_writer *w);             /* once */

/* append.c */
void append_start(struct log_writer *w);

/* tail.c */
enum err tail_create(struct log_writer *w, int dir_fd, const struct tail_header *header);
void tail_finish(struct log_writer *w);
void tail_written(struct log_writer *w, const void *at, size_t size); /* where the tail is not mapped */
