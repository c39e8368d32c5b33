#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/writer_parts.h"

enum err log_failure(struct log_writer *w)
{
	if (w->failed < 0)
		return err_set(ERR_IO, "the recording was cut short: its file \"tail\" was truncated or its disk failed");
	return w->failed ? err_set_errno(w->failed, "cannot go on recording") : ERR_NONE;
}

static void destroy(struct log_writer *w)
{
	tail_finish(w);
	if (w->first_fd >= 0)
		close(w->first_fd);
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	ZSTD_freeCCtx(w->zstd);
	repeats_destroy(w->repeats);
	free(w->packed);
	free(w->columns);
	buf_finish(&w->index);
	buf_finish(&w->kept);
	buf_finish(&w->checkpoint);
	follow_destroy(w->follow);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->room);
	free(w);
}

/* Ticks are nanoseconds of the wall clock. */
static void be_copy(struct log_writer *w, const struct log_copied *copied)
{
	w->copied = true;
	w->copied_end = copied->snapshot ? RECORD_SNAPSHOT : 0;
	w->number = copied->first_number;
	w->next_start = w->copied_until = copied->first_time;
	w->header.tick_scale = UINT64_C(1) << 32;
	w->header.anchor = (struct time_anchor){ copied->first_time, copied->first_time, copied->first_time };
	if (copied->first_number)
		w->checkpoint_blocks = UINT64_MAX; /* it begins with one, as what went before is not there */
}

enum err log_writer_create(int dir_fd, const struct log_options *options, struct log_writer **ret_writer)
{
	struct log_writer *w = calloc(1, sizeof *w);
	if (!w)
		return err_nomem();
	w->tail_fd = w->segment_fd = w->first_fd = -1;
	if (options)
		w->options = *options;
	w->options.copied = NULL;
	w->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_cond_init(&w->room, NULL);
	w->header = (struct tail_header){
		.buffer_size = BUFFER_SIZE, .buffer_count = BUFFER_COUNT, .tick_scale = time_tick_scale(), .anchor = time_anchor_now()
	};
	memcpy(w->header.magic, TAIL_MAGIC, sizeof w->header.magic);
	if (options && options->copied)
		be_copy(w, options->copied);
	w->header.check = checksum(&w->header, offsetof(struct tail_header, check));
	enum err err = tail_create(w, dir_fd, &w->header);
	if (!err && !segment_create(w, w->number)) /* last, and whole at once: a log that is there has its tail */
		err = err_set_errno(errno, "cannot create the recording's log");
	w->first_fd = w->segment_fd;
	if (err) {
		destroy(w);
		return err;
	}
	append_start(w);
	if (w->options.sync == LOG_SYNC_INTERVAL)
		flush_thread_start(w);
	*ret_writer = w;
	return ERR_NONE;
}

/* What the second thread has not written, with the last buffer, which is not full. */
static bool flush_rest(struct log_writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	if (!w->threaded)
		return !w->failed && flush_all(w);
	pthread_join(w->thread, NULL);
	return !w->failed;
}

enum err log_writer_close(struct log_writer *w)
{
	if (!w)
		return ERR_NONE;
	enum err err = ERR_NONE;
	if (!flush_rest(w)) {
		err = log_failure(w);
	} else {
		unlinkat(w->dir_fd, "tail", 0);
	}
	destroy(w);
	return err;
}
