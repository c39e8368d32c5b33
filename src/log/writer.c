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

static enum err segment_create(struct log_writer *w, int dir_fd, const struct tail_header *tail)
{
	struct segment_header header = {
		.tick_scale = tail->tick_scale, .anchor = tail->anchor, .flags = SEGMENT_REPEATS | (w->mapped ? 0 : SEGMENT_WRITTEN)
	};
	memcpy(header.magic, LOG_MAGIC, sizeof header.magic);
	header.check = checksum(&header, offsetof(struct segment_header, check));
	w->segment_fd = openat(dir_fd, ".log", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->segment_fd < 0 || fchmod(w->segment_fd, 0600) < 0) /* whatever the umask */
		return err_set_errno(errno, "cannot create the recording's log");
	if (pwrite(w->segment_fd, &header, sizeof header, 0) != sizeof header || renameat(dir_fd, ".log", dir_fd, "00000000.log") != 0)
		return err_set_errno(errno, "cannot write the recording's log");
	w->segment_size = sizeof header;
	return ERR_NONE;
}

static void destroy(struct log_writer *w)
{
	tail_finish(w);
	if (w->reserved && ftruncate(w->segment_fd, (off_t)w->segment_size) != 0)
		w->reserved = false; /* space that is not given back is lost, not wrong */
	if (w->segment_fd >= 0)
		close(w->segment_fd);
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	ZSTD_freeCCtx(w->zstd);
	repeats_destroy(w->repeats);
	free(w->packed);
	free(w->columns);
	buf_finish(&w->index);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->room);
	free(w);
}

enum err log_writer_create(int dir_fd, struct log_writer **ret_writer)
{
	struct log_writer *w = calloc(1, sizeof *w);
	if (!w)
		return err_nomem();
	w->tail_fd = w->segment_fd = -1;
	w->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_cond_init(&w->room, NULL);
	struct tail_header header = {
		.buffer_size = BUFFER_SIZE, .buffer_count = BUFFER_COUNT, .tick_scale = time_tick_scale(), .anchor = time_anchor_now()
	};
	memcpy(header.magic, TAIL_MAGIC, sizeof header.magic);
	header.check = checksum(&header, offsetof(struct tail_header, check));
	enum err err = tail_create(w, dir_fd, &header);
	if (!err)
		err = segment_create(w, dir_fd, &header); /* last, and whole at once: a log that is there has its tail */
	if (err) {
		destroy(w);
		return err;
	}
	append_start(w);
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
	if (w->threaded)
		pthread_join(w->thread, NULL);
	if (w->failed)
		return false;
	if (!flush_start(w)) {
		writer_fail(w, ENOMEM);
		return false;
	}
	for (; w->flushed <= w->filled; w->flushed++) {
		if (!flush_buffer(w, w->flushed))
			return false;
	}
	return flush_close(w);
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
