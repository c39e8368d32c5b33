/* Reading and writing. */
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/parts.h"

/*
 * The system call itself: the library's functions can be cancelled, which nobody does here, and ask of every call whether they may be as
 * soon as there is a second thread. One buffer needs no list of them.
 */
static ssize_t move(int fd, bool reads, const struct iovec *vectors, int count, off_t offset)
{
	if (offset >= 0)
		return syscall(reads ? SYS_preadv : SYS_pwritev, fd, vectors, count, offset, 0);
	if (count == 1)
		return syscall(reads ? SYS_read : SYS_write, fd, vectors->iov_base, vectors->iov_len);
	return syscall(reads ? SYS_readv : SYS_writev, fd, vectors, count);
}

/* The same on a socket. */
static uint32_t moved_by_socket(struct host *h, struct call *call, uint32_t fd, bool reads, struct guest_range range, uint32_t to)
{
	struct received received = { 0 };
	int count = read_vectors(h, call, range);
	uint32_t error = reads ? bounce_vectors(h, &h->table[fd], &count) : 0;
	if (!error)
		error = reads ? socket_receive(h, call, fd, count, 0, &received) : socket_send(h, call, fd, count, NULL, &received.size);
	if (error)
		return error;
	if (reads)
		filled_vectors(h, call, count, received.size);
	return guest_write_u32(call, to, (uint32_t)received.size) ? 0 : WASI_EFAULT;
}

/* The number of bytes moved, or an errno. Where it may take long, the descriptor is waited for, so that the guest can be stopped. */
static uint32_t moved(struct host *h, struct call *call, const struct descriptor *d, bool reads, struct guest_range range, off_t offset,
	uint32_t to)
{
	int count = read_vectors(h, call, range);
	uint32_t error = reads ? bounce_vectors(h, d, &count) : 0;
	if (error)
		return error;
	bool waits = d->waits && count > 0; /* nothing can be moved at any time */
	ssize_t size;
	for (;;) {
		if (waits) {
			error = wait_for(h, call, d, reads ? POLLIN : POLLOUT);
			if (error)
				return error;
		}
		size = move(d->fd, reads, h->vectors, count, offset);
		if (size >= 0)
			break;
		bool again = errno == EINTR || (errno == EAGAIN && d->waits && !(d->flags & WASI_fdflags_NONBLOCK));
		if (!again)
			return errno_of(errno);
		if (stopping(h)) {
			call->end = CALL_STOPS;
			return WASI_EINTR;
		}
	}
	if (reads)
		filled_vectors(h, call, count, (size_t)size);
	return guest_write_u32(call, to, (uint32_t)size) ? 0 : WASI_EFAULT;
}

uint32_t host_fd_read(struct host *h, struct call *call, const struct fd_read_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_READ, &d);
	if (!error && d->socket)
		return moved_by_socket(h, call, a->fd, true, a->iovs, a->nread);
	return error ? error : moved(h, call, d, true, a->iovs, -1, a->nread);
}

uint32_t host_fd_write(struct host *h, struct call *call, const struct fd_write_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_WRITE, &d);
	if (!error && d->socket)
		return moved_by_socket(h, call, a->fd, false, a->iovs, a->nwritten);
	return error ? error : moved(h, call, d, false, a->iovs, -1, a->nwritten);
}

uint32_t host_fd_pread(struct host *h, struct call *call, const struct fd_pread_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_READ, &d);
	if (!error && (int64_t)a->offset < 0)
		error = WASI_EINVAL;
	if (!error && !(d->rights & WASI_rights_FD_SEEK))
		error = d->waits ? WASI_ESPIPE : WASI_ENOTCAPABLE;
	return error ? error : moved(h, call, d, true, a->iovs, (off_t)a->offset, a->nread);
}

uint32_t host_fd_pwrite(struct host *h, struct call *call, const struct fd_pwrite_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_WRITE, &d);
	if (!error && (int64_t)a->offset < 0)
		error = WASI_EINVAL;
	if (!error && !(d->rights & WASI_rights_FD_SEEK))
		error = d->waits ? WASI_ESPIPE : WASI_ENOTCAPABLE;
	return error ? error : moved(h, call, d, false, a->iovs, (off_t)a->offset, a->nwritten);
}
