/* Sockets that the guest was given: preview 1 has no way to make any. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "host/parts.h"

static uint32_t socket_get(struct host *h, uint32_t fd, uint64_t rights, struct descriptor **ret_descriptor)
{
	uint32_t error = descriptor_get(h, fd, 0, ret_descriptor);
	if (error)
		return error;
	uint8_t type = (*ret_descriptor)->filetype;
	if (type != WASI_filetype_SOCKET_STREAM && type != WASI_filetype_SOCKET_DGRAM)
		return WASI_ENOTSOCK;
	return descriptor_get(h, fd, rights, ret_descriptor);
}

/* Whether a call that failed is to wait and be made again: a signal came, or another took what there was. wait_for knows if it may. */
static bool starts_over(ssize_t result, uint32_t *ret_error)
{
	*ret_error = result < 0 ? errno_of(errno) : 0;
	return result < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNABORTED);
}

uint32_t host_sock_accept(struct host *h, struct call *call, const struct sock_accept_args *a)
{
	struct descriptor *d, accepted = { .rights = RIGHTS_ALL, .flags = (uint16_t)a->flags };
	struct stat stat;
	uint32_t number;
	uint32_t error = socket_get(h, a->fd, WASI_rights_SOCK_ACCEPT, &d);
	if (!error && a->flags & ~(uint32_t)WASI_fdflags_NONBLOCK)
		error = WASI_EINVAL;
	if (error)
		return error;
	do {
		error = wait_for(h, call, d, POLLIN);
		if (error)
			return error;
		accepted.fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (starts_over(accepted.fd, &error));
	if (error)
		return error;
	if (fstat(accepted.fd, &stat) == 0)
		descriptor_describe(&accepted, &stat);
	error = descriptor_add(h, &accepted, &number);
	if (error)
		return error;
	return guest_write_u32(call, a->opened_fd, number) ? 0 : WASI_EFAULT;
}

uint32_t host_sock_recv(struct host *h, struct call *call, const struct sock_recv_args *a)
{
	struct descriptor *d;
	uint32_t error = socket_get(h, a->fd, WASI_rights_FD_READ, &d);
	if (!error && a->ri_flags & ~(uint32_t)(WASI_riflags_RECV_PEEK | WASI_riflags_RECV_WAITALL))
		error = WASI_EINVAL;
	if (error)
		return error;
	int count = read_vectors(h, call, a->ri_data);
	error = bounce_vectors(h, d, &count);
	if (error)
		return error;
	struct msghdr message = { .msg_iov = h->vectors, .msg_iovlen = (size_t)count };
	int flags = (a->ri_flags & WASI_riflags_RECV_PEEK ? MSG_PEEK : 0) | (a->ri_flags & WASI_riflags_RECV_WAITALL ? MSG_WAITALL : 0);
	ssize_t size;
	do {
		error = wait_for(h, call, d, POLLIN);
		if (error)
			return error;
		size = recvmsg(d->fd, &message, flags);
	} while (starts_over(size, &error));
	if (error)
		return error;
	filled_vectors(h, call, count, (size_t)size);
	uint16_t truncated = message.msg_flags & MSG_TRUNC ? WASI_roflags_RECV_DATA_TRUNCATED : 0;
	bool written = guest_write_u32(call, a->ro_datalen, (uint32_t)size) && guest_write(call, a->ro_flags, &truncated, sizeof truncated);
	return written ? 0 : WASI_EFAULT;
}

uint32_t host_sock_send(struct host *h, struct call *call, const struct sock_send_args *a)
{
	struct descriptor *d;
	uint32_t error = socket_get(h, a->fd, WASI_rights_FD_WRITE, &d);
	if (!error && a->si_flags)
		error = WASI_EINVAL;
	if (error)
		return error;
	struct msghdr message = { .msg_iov = h->vectors, .msg_iovlen = (size_t)read_vectors(h, call, a->si_data) };
	ssize_t size;
	do {
		error = wait_for(h, call, d, POLLOUT);
		if (error)
			return error;
		size = sendmsg(d->fd, &message, MSG_NOSIGNAL);
	} while (starts_over(size, &error));
	if (error)
		return error;
	return guest_write_u32(call, a->so_datalen, (uint32_t)size) ? 0 : WASI_EFAULT;
}

uint32_t host_sock_shutdown(struct host *h, struct call *call, const struct sock_shutdown_args *a)
{
	static const int hows[] = { -1, SHUT_RD, SHUT_WR, SHUT_RDWR };
	struct descriptor *d;
	uint32_t error = socket_get(h, a->fd, WASI_rights_SOCK_SHUTDOWN, &d);
	(void)call;
	if (error)
		return error;
	if (a->how == 0 || a->how > 3)
		return WASI_EINVAL;
	return shutdown(d->fd, hows[a->how]) != 0 ? errno_of(errno) : 0;
}
