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
enum { SYNC_INTERVAL = NS_PER_S };

static bool flush_start(struct log_writer *w)
{
	if (w->repeats)
		return true;
	w->packed = malloc(ZSTD_compressBound(BUFFER_SIZE));
	w->columns = malloc(BUFFER_SIZE);
	w->zstd = ZSTD_createCCtx();
	w->follow = w->options.follower ? follow_create(w) : NULL;
	bool there = w->packed && w->columns && w->zstd && (w->follow || !w->options.follower);
	w->repeats = there ? repeats_create() : NULL;
	return w->repeats;
}

/* The writer fails with errno. What the kernel cannot read from the tail is not there any more. */
bool flush_failed(struct log_writer *w)
{
	writer_fail(w, errno == EFAULT ? TAIL_LOST : errno);
	return false;
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

/* What followers make of a block, and before it the checkpoint that it is time for. */
static bool follow(struct log_writer *w, const struct block_header *header, const uint8_t *frames)
{
	bool wants = segment_wants_checkpoint(w);
	if (!w->follow)
		return true;
	w->checkpoint_blocks++;
	buf_clear(&w->checkpoint);
	follow_frames(w->follow, header->first_number, frames, header->raw_size, wants ? &w->checkpoint : NULL);
	return !wants || !header->record_count || segment_checkpoint(w, header->ordinal, header->first_number);
}

/* Turns a buffer into a block. */
static bool flush_buffer(struct log_writer *w, uint64_t ordinal)
{
	struct buffer_header *buffer = writer_buffer(w, ordinal);
	const uint8_t *frames = (const uint8_t *)(buffer + 1);
	struct block_header header = { .kind = BLOCK_RECORDS, .ordinal = ordinal, .first_number = buffer->first_number };
	pthread_mutex_lock(&w->lock);
	bool full = ordinal < w->filled;
	bool asked = w->segment_first > w->segment_ordinal; /* for another segment */
	bool rolls = asked && ordinal == w->segment_first, closing = w->closing;
	uint64_t waiting = w->filled - w->flushed;
	int level = level_of(w, waiting);
	w->roll |= !asked && segment_is_full(w);
	pthread_mutex_unlock(&w->lock);
	if (has_time(w, waiting) && !closing)
		level = LEVEL_SLOW;
	if (rolls && !segment_next(w, ordinal, header.first_number))
		return false;
	/* A copy first, in one go: the lines are another core's, and nobody can change it between what is looked at and what is taken. */
	uint8_t *unchecked = repeats_slot(w->repeats);
	size_t size = full ? BUFFER_SIZE - sizeof *buffer : (size_t)(w->committed - frames);
	memcpy(unchecked, frames, size);
	bool sound = buffer->ordinal == ordinal && survey(unchecked, full ? NULL : unchecked + size, &header);
	if (!sound || !repeats_take(w->repeats, ordinal, header.raw_size)) {
		writer_fail(w, TAIL_LOST);
		return false;
	}
	if (!follow(w, &header, unchecked))
		return false;
	const uint8_t *stored = pack(w, unchecked, level, &header) ? w->packed : frames;
	uint64_t offset = w->segment_size;
	if (!segment_write(w, &header, stored, header.codec == CODEC_RAW)) /* whose frames have checks of their own */
		return false;
	index_add(&w->index, &header, offset);
	w->left_raw |= level == LEVEL_RAW;
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

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * A table of descriptors of its own, with the recording's alone: one that threads share makes every system call of the guest's slower, and
 * a copy would keep open what the guest closes.
 */
static void leave_descriptors(const struct log_writer *w)
{
	int kept[] = { w->tail_fd, w->segment_fd, w->dir_fd }, next = 0;
	bool can_close = close_range(~0u, ~0u, 0) == 0; /* since Linux 5.9 */
	if (!can_close || unshare(CLONE_FILES) != 0)
		return;
	qsort(kept, sizeof kept / sizeof *kept, sizeof *kept, compare_fds);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		if (kept[i] > next)
			close_range((unsigned)next, (unsigned)kept[i] - 1, 0);
		next = kept[i] + 1;
	}
	close_range((unsigned)next, ~0u, 0);
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

/* What was appended and written is on the disk after this. */
static bool sync_files(struct log_writer *w)
{
	uint64_t number = __atomic_load_n(&w->number, __ATOMIC_RELAXED);
	w->last_sync = time_of(CLOCK_MONOTONIC);
	if (number == w->synced)
		return true;
	w->synced = number;
	return (fdatasync(w->tail_fd) == 0 && fdatasync(w->segment_fd) == 0) || flush_failed(w);
}

static bool is_time_to_sync(const struct log_writer *w)
{
	return w->options.sync == LOG_SYNC_INTERVAL && time_of(CLOCK_MONOTONIC) - w->last_sync >= SYNC_INTERVAL;
}

/* What was left undone is done while there is nothing else to do. False: it has all been done. Under the lock, which it leaves if not. */
static bool repack(struct log_writer *w)
{
	if (!segment_to_repack(w))
		return false;
	pthread_mutex_unlock(&w->lock);
	segment_repack_kept(w);
	pthread_mutex_lock(&w->lock);
	return true; /* and there may be work */
}

/* Until there is a full buffer, or the writer closes, or it is time to write to the disk. Under the lock. */
static void await_work(struct log_writer *w)
{
	if (repack(w))
		return;
	if (w->options.sync != LOG_SYNC_INTERVAL) {
		pthread_cond_wait(&w->work, &w->lock);
		return;
	}
	uint64_t until = w->last_sync + SYNC_INTERVAL;
	struct timespec at = { (time_t)(until / NS_PER_S), (long)(until % NS_PER_S) };
	pthread_cond_clockwait(&w->work, &w->lock, CLOCK_MONOTONIC, &at);
}

/* A full buffer becomes a block, and is free. */
static bool pass_buffer(struct log_writer *w, uint64_t ordinal)
{
	if (!flush_buffer(w, ordinal))
		return false;
	if (w->options.sync == LOG_SYNC_ALWAYS && fdatasync(w->segment_fd) != 0) /* before the tail has it no more */
		return flush_failed(w);
	recycle(w, ordinal);
	return true;
}

bool flush_all(struct log_writer *w)
{
	if (!flush_start(w)) {
		writer_fail(w, ENOMEM);
		return false;
	}
	for (; w->flushed <= w->filled; w->flushed++) {
		if (!flush_buffer(w, w->flushed))
			return false;
	}
	if (!segment_end(w, false))
		return false;
	segment_repack_all(w);
	return true;
}

static void work(struct log_writer *w)
{
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->flushed == w->filled && !w->closing && !is_time_to_sync(w))
			await_work(w);
		if ((w->flushed == w->filled && w->closing) || w->failed)
			break;
		uint64_t ordinal = w->flushed;
		bool full = ordinal != w->filled;
		pthread_mutex_unlock(&w->lock);
		bool done = !is_time_to_sync(w) || sync_files(w);
		if (full && done)
			done = pass_buffer(w, ordinal);
		pthread_mutex_lock(&w->lock);
		w->flushed += full && done;
		pthread_cond_signal(&w->room);
		if (!done)
			break;
	}
	pthread_mutex_unlock(&w->lock);
}

static void *flush_thread(void *writer)
{
	struct log_writer *w = writer;
	pthread_setname_np(pthread_self(), "timecraft-log");
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }); /* woken up, it does not take the processor from the guest */
	leave_descriptors(w);
	touch_ahead(w);
	w->last_sync = time_of(CLOCK_MONOTONIC);
	work(w);
	if (!w->failed) /* it closes: in the table of descriptors in which the segment is open */
		flush_all(w);
	if (w->segment_fd != w->first_fd)
		close(w->segment_fd);
	w->segment_fd = -1;
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
