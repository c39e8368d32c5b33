/* From full buffers to blocks of the segment: the second thread's work, and at the end whoever closes. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/columns.h"
#include "log/writer_parts.h"

enum { LEVEL_RAW = 0, LEVEL_FAST = -4, LEVEL_SLOW = 6 };

bool flush_start(struct log_writer *w)
{
	if (w->repeats)
		return true;
	w->packed = malloc(ZSTD_compressBound(BUFFER_SIZE));
	w->columns = malloc(BUFFER_SIZE);
	w->zstd = ZSTD_createCCtx();
	w->repeats = w->packed && w->columns && w->zstd ? repeats_create() : NULL;
	return w->repeats;
}

/* The writer fails with errno. What the kernel cannot read from the tail is not there any more. */
static bool failed(struct log_writer *w)
{
	writer_fail(w, errno == EFAULT ? TAIL_LOST : errno);
	return false;
}

static bool write_all(int fd, const void *data, size_t size, uint64_t offset)
{
	const uint8_t *at = data;
	while (size) {
		ssize_t part = pwrite(fd, at, size, (off_t)offset);
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0) {
			errno = part == 0 ? ENOSPC : errno;
			return false;
		}
		at += part;
		size -= (size_t)part;
		offset += (uint64_t)part;
	}
	return true;
}

/* The stored bytes go before the header: a header that is there vouches for what it describes. */
static bool write_block(struct log_writer *w, struct block_header *header, const void *stored)
{
	header->magic = BLOCK_MAGIC;
	header->anchor = time_anchor_now();
	bool checked = header->kind == BLOCK_RECORDS && header->codec == CODEC_RAW; /* frame by frame */
	header->stored_check = checked ? 0 : checksum(stored, header->stored_size);
	header->check = checksum(header, offsetof(struct block_header, check));
	bool written = write_all(w->segment_fd, stored, header->stored_size, w->segment_size + sizeof *header);
	if (w->failed == TAIL_LOST) /* and what was written may not be what the guest's thread wrote */
		written = false;
	if (!written || !write_all(w->segment_fd, header, sizeof *header, w->segment_size)) {
		failed(w);
		ssize_t cut = ftruncate(w->segment_fd, (off_t)w->segment_size); /* half a block is no block */
		(void)cut;
		return false;
	}
	w->segment_size += sizeof *header + header->stored_size;
	return true;
}

static void index_block(struct log_writer *w, const struct block_header *header, uint64_t offset)
{
	uint64_t entry[] = { offset, header->first_number, header->record_count, header->first_ticks, header->last_ticks };
	_Static_assert(sizeof entry == INDEX_ENTRY, "as documented");
	buf_append(&w->index, entry, sizeof entry);
}

/*
 * What a block's header says of the frames that begin at `frames`. False where they are not what was written: somebody has changed the
 * tail. Their end is the mark of a full buffer, or that of the guest's thread in the last one.
 */
static bool survey(const uint8_t *frames, const uint8_t *last, struct block_header *header)
{
	const uint32_t room = BUFFER_SIZE - BUFFER_HEADER - FRAME_HEADER;
	uint32_t size = 0;
	for (;;) {
		struct frame_header frame;
		if (frames + size == last)
			break;
		memcpy(&frame, frames + size, sizeof frame);
		if (frame.size == FRAME_BUFFER_ENDS && !last)
			break;
		if (frame.size < FRAME_HEADER || frame.size % 8 || frame.size > room - size)
			return false;
		if (frame.kind == FRAME_BEGIN || frame.kind >= FRAME_WHOLE) {
			memcpy(&header->last_ticks, frames + size + FRAME_HEADER, sizeof header->last_ticks);
			if (header->record_count++ == 0)
				header->first_ticks = header->last_ticks;
		}
		size += frame.size;
	}
	header->raw_size = header->stored_size = size;
	return true;
}

/* How hard to try, by how many buffers wait: to store them as they are is the fastest. */
static int level_of(const struct log_writer *w, uint64_t waiting)
{
	if (waiting <= 2 || w->closing)
		return 1;
	return waiting <= BUFFER_COUNT / 2 ? LEVEL_FAST : LEVEL_RAW;
}

/* False: the frames are better stored as they are, with their checks. Else without, since those would not compress and the block has its
 * own. */
static bool pack(struct log_writer *w, const uint8_t *unchecked, int level, struct block_header *header)
{
	if (level == LEVEL_RAW)
		return false;
	size_t size = header->raw_size;
	columns_split(unchecked, size, w->columns);
	size_t packed = ZSTD_compressCCtx(w->zstd, w->packed, ZSTD_compressBound(BUFFER_SIZE), w->columns, size, level);
	if (ZSTD_isError(packed) || packed >= size)
		return false;
	header->stored_size = (uint32_t)packed;
	header->codec = CODEC_COLUMNS;
	return true;
}

/* Whether there is time to try harder: buffers are few and far between. */
static bool has_time(struct log_writer *w, uint64_t waiting)
{
	enum { LONG = 25 * NS_PER_MS };
	uint64_t now = time_of(CLOCK_MONOTONIC), before = w->last_flush;
	w->last_flush = now;
	return waiting <= 1 && before && now - before > LONG;
}

bool flush_buffer(struct log_writer *w, uint64_t ordinal)
{
	struct buffer_header *buffer = writer_buffer(w, ordinal);
	const uint8_t *frames = (const uint8_t *)(buffer + 1);
	struct block_header header = { .kind = BLOCK_RECORDS, .ordinal = ordinal, .first_number = buffer->first_number };
	pthread_mutex_lock(&w->lock);
	bool full = ordinal < w->filled;
	int level = level_of(w, w->filled - w->flushed);
	uint64_t waiting = w->filled - w->flushed;
	bool closing = w->closing;
	pthread_mutex_unlock(&w->lock);
	if (has_time(w, waiting) && !closing)
		level = LEVEL_SLOW;
	/* A copy first, in one go: the lines are another core's, and nobody can change it between what is looked at and what is taken. */
	uint8_t *unchecked = repeats_slot(w->repeats);
	size_t size = full ? BUFFER_SIZE - sizeof *buffer : (size_t)(w->committed - frames);
	memcpy(unchecked, frames, size);
	bool sound = buffer->ordinal == ordinal && survey(unchecked, full ? NULL : unchecked + size, &header);
	if (!sound || !repeats_take(w->repeats, ordinal, header.raw_size)) {
		writer_fail(w, TAIL_LOST);
		return false;
	}
	const uint8_t *stored = pack(w, unchecked, level, &header) ? w->packed : frames;
	uint64_t offset = w->segment_size;
	if (!write_block(w, &header, stored))
		return false;
	index_block(w, &header, offset);
	repeats_publish(w->repeats);
	w->raw_bytes += header.raw_size;
	return true;
}

/* Readers go by the ordinal. Before it says that the buffer is the next one's, it must hold no frame of the old one's. */
static void recycle(struct log_writer *w, uint64_t ordinal)
{
	struct buffer_header *buffer = writer_buffer(w, ordinal);
	memset(buffer + 1, 0, sizeof(uint64_t));
	if (!w->mapped)
		tail_written(w, buffer + 1, sizeof(uint64_t));
	__atomic_store_n(&buffer->ordinal, ordinal + BUFFER_COUNT, __ATOMIC_SEQ_CST);
	if (!w->mapped)
		tail_written(w, buffer, sizeof *buffer);
}

/*
 * A table of descriptors of its own, with the segment's alone: one that threads share makes every system call of the guest's slower, and a
 * copy would keep open what the guest closes.
 */
static void leave_descriptors(const struct log_writer *w)
{
	int kept[] = { w->tail_fd < w->segment_fd ? w->tail_fd : w->segment_fd, w->tail_fd < w->segment_fd ? w->segment_fd : w->tail_fd };
	bool can_close = close_range(~0u, ~0u, 0) == 0; /* since Linux 5.9 */
	if (!can_close || unshare(CLONE_FILES) != 0)
		return;
	if (kept[0] > 0)
		close_range(0, (unsigned)kept[0] - 1, 0);
	if (kept[1] - kept[0] > 1)
		close_range((unsigned)kept[0] + 1, (unsigned)kept[1] - 1, 0);
	close_range((unsigned)kept[1] + 1, ~0u, 0);
}

/* The pages of the buffers to come are made present here: a first touch of a shared file page costs the guest many microseconds. */
static void touch_ahead(struct log_writer *w)
{
#ifdef MADV_POPULATE_WRITE
	if (w->mapped)
		madvise(w->tail + TAIL_HEADER + BUFFER_SIZE, (size_t)(BUFFER_COUNT - 1) * BUFFER_SIZE, MADV_POPULATE_WRITE);
#else
	(void)w;
#endif
}

static void *flush_thread(void *writer)
{
	struct log_writer *w = writer;
	pthread_setname_np(pthread_self(), "timecraft-log");
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }); /* woken up, it does not take the processor from the guest */
	leave_descriptors(w);
	touch_ahead(w);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->flushed == w->filled && !w->closing)
			pthread_cond_wait(&w->work, &w->lock);
		if (w->flushed == w->filled || w->failed)
			break;
		uint64_t ordinal = w->flushed;
		pthread_mutex_unlock(&w->lock);
		bool done = flush_buffer(w, ordinal);
		if (done)
			recycle(w, ordinal);
		pthread_mutex_lock(&w->lock);
		w->flushed += done;
		pthread_cond_signal(&w->room);
		if (!done)
			break;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

void flush_thread_start(struct log_writer *w)
{
	sigset_t all, old;
	if (w->threaded)
		return;
	if (!flush_start(w)) {
		writer_fail(w, ENOMEM);
		return;
	}
	sigfillset(&all); /* signals are the guest's thread's */
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&w->thread, NULL, flush_thread, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		writer_fail(w, error);
	w->threaded = error == 0;
}

bool flush_close(struct log_writer *w)
{
	struct block_header header = { .kind = BLOCK_INDEX, .raw_size = (uint32_t)w->index.size, .stored_size = (uint32_t)w->index.size };
	struct footer footer = { .index_offset = w->segment_size,
		.record_count = w->number,
		.end_kind = w->end_kind,
		.end_args = { w->end_args[0], w->end_args[1] },
		.raw_bytes = w->raw_bytes,
		.anchor = time_anchor_now() };
	if (w->index.failed || w->index.size > UINT32_MAX) {
		writer_fail(w, ENOMEM);
		return false;
	}
	if (!write_block(w, &header, w->index.data ? w->index.data : (const uint8_t *)""))
		return false;
	header = (struct block_header){ .kind = BLOCK_FOOTER, .raw_size = sizeof footer, .stored_size = sizeof footer };
	return write_block(w, &header, &footer);
}
