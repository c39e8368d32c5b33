/*
 * The tail's file. Its blocks are allocated, so that a full disk cannot take them away, and where the file is truncated under us all the
 * same, the fault is caught: the writer fails, and the guest's thread goes on into memory that nobody reads until it notices.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/writer_parts.h"

enum { TAIL_SIZE = TAIL_HEADER + BUFFER_COUNT * BUFFER_SIZE };

static struct log_writer *guarded; /* whose mapping the handler knows */
static struct sigaction before;

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	struct log_writer *w = guarded;
	const uint8_t *at = info->si_addr;
	(void)context;
	if (w && at >= w->tail && at < w->tail + TAIL_SIZE) {
		mmap(w->tail, TAIL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		writer_fail(w, TAIL_LOST);
		return;
	}
	sigaction(signal, &before, NULL); /* not ours: it happens again, to whoever handled it before */
}

static void guard(struct log_writer *w)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	guarded = w;
	sigaction(SIGBUS, &action, &before);
}

enum err tail_create(struct log_writer *w, int dir_fd, const struct tail_header *header)
{
	w->tail_fd = openat(dir_fd, "tail", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->tail_fd < 0 || fchmod(w->tail_fd, 0600) < 0) /* whatever the umask */
		return err_set_errno(errno, "cannot create the recording's tail");
	int error = posix_fallocate(w->tail_fd, 0, TAIL_SIZE);
	if (error)
		return err_set_errno(error, "cannot allocate the recording's tail");
	w->tail = mmap(NULL, TAIL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, w->tail_fd, 0);
	w->mapped = w->tail != MAP_FAILED;
	if (!w->mapped)
		w->tail = mmap(NULL, TAIL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w->tail == MAP_FAILED) {
		w->tail = NULL;
		return err_set_errno(errno, "cannot map the recording's tail");
	}
	guard(w);
	/* Through the file, not the mapping: the pages of buffers that a short run never uses are not touched. */
	if (pwrite(w->tail_fd, header, sizeof *header, 0) != sizeof *header)
		return err_set_errno(errno, "cannot write the recording's tail");
	for (uint64_t i = 0; i < BUFFER_COUNT; i++) {
		struct buffer_header buffer = { .ordinal = i };
		if (pwrite(w->tail_fd, &buffer, sizeof buffer, (off_t)(TAIL_HEADER + i * BUFFER_SIZE)) != sizeof buffer)
			return err_set_errno(errno, "cannot write the recording's tail");
		if (!w->mapped)
			*writer_buffer(w, i) = buffer;
	}
	return ERR_NONE;
}

void tail_finish(struct log_writer *w)
{
	if (guarded == w) {
		guarded = NULL;
		sigaction(SIGBUS, &before, NULL);
	}
	if (w->tail)
		munmap(w->tail, TAIL_SIZE);
	if (w->tail_fd >= 0)
		close(w->tail_fd);
}

void tail_written(struct log_writer *w, const void *at, size_t size)
{
	size_t offset = (size_t)((const uint8_t *)at - w->tail);
	while (size) {
		ssize_t part = pwrite(w->tail_fd, w->tail + offset, size, (off_t)offset);
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0) {
			writer_fail(w, part < 0 ? errno : EIO);
			return;
		}
		offset += (size_t)part;
		size -= (size_t)part;
	}
}
