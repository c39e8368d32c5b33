/* Receiving and sending on sockets, whoever made them. */
#include <errno.h>
#include <poll.h>

#include "host/parts.h"

uint32_t socket_get(struct host *h, uint32_t fd, uint64_t rights, struct descriptor **ret_descriptor)
{
	uint32_t error = descriptor_get(h, fd, 0, ret_descriptor);
	if (error)
		return error;
	uint8_t type = (*ret_descriptor)->filetype;
	if (type != WASI_filetype_SOCKET_STREAM && type != WASI_filetype_SOCKET_DGRAM)
		return WASI_ENOTSOCK;
	return descriptor_get(h, fd, rights, ret_descriptor);
}

/* An error that the guest was not told of, because it was found while it asked for something else. */
static uint32_t pending_error(struct net_socket *socket)
{
	uint32_t error = socket ? socket->error : 0;
	if (error)
		socket->error = 0;
	return error;
}

/* What a transfer failed with; of a socket that was connecting, that is why it is not connected. */
static uint32_t transfer_error(struct call *call, uint32_t fd, struct net_socket *socket)
{
	uint32_t error = errno_of(errno);
	if (socket && socket->connecting && error != WASI_ENOTCONN)
		socket_failed(call, fd, socket, error);
	return error;
}

/* A signal, or another who took what there was. */
static bool starts_over(ssize_t size)
{
	return size < 0 && (errno == EINTR || errno == EAGAIN);
}

/* The part of the vectors behind the first `size` bytes. */
static void advance(struct msghdr *message, size_t size)
{
	while (size && size >= message->msg_iov->iov_len) {
		size -= message->msg_iov->iov_len;
		message->msg_iov++;
		message->msg_iovlen--;
	}
	if (size) {
		message->msg_iov->iov_base = (uint8_t *)message->msg_iov->iov_base + size;
		message->msg_iov->iov_len -= size;
	}
}

static void note_datagram(struct call *call, uint32_t fd, const struct net_address *local, const struct net_address *peer)
{
	uint8_t bytes[NOTE_SIZE_MAX];
	struct note note = { .kind = NOTE_DATAGRAM, .type = NET_DGRAM, .fd = fd, .local = *local, .peer = *peer };
	guest_note(call, view_of(bytes, note_encode(&note, bytes)));
}

static bool is_stream(const struct descriptor *d)
{
	return d->filetype == WASI_filetype_SOCKET_STREAM;
}

/* Once. EAGAIN where a guest that does not block finds nothing. */
static uint32_t receive_once(struct host *h, struct call *call, uint32_t fd, struct msghdr *message, int flags, size_t *ret_size)
{
	struct descriptor *d = &h->table[fd];
	ssize_t size;
	do {
		uint32_t error = message->msg_iovlen || !is_stream(d) ? wait_for(h, call, d, POLLIN) : 0;
		if (error)
			return error;
		size = recvmsg(d->fd, message, flags);
	} while (starts_over(size));
	if (size < 0)
		return transfer_error(call, fd, d->socket);
	*ret_size = (size_t)size;
	return 0;
}

/*
 * Into the vectors that read_vectors made. The host's socket does not block, so that it is here that a guest which does waits for all it
 * asked for; what it has when it is to stop, or when the rest fails, it gets.
 */
uint32_t socket_receive(struct host *h, struct call *call, uint32_t fd, int count, int flags, struct received *ret_received)
{
	struct descriptor *d = &h->table[fd];
	union sockaddr_any from;
	struct msghdr message = { .msg_iov = h->vectors, .msg_iovlen = (size_t)count, .msg_name = &from, .msg_namelen = sizeof from };
	bool all = flags & MSG_WAITALL && is_stream(d) && !(flags & MSG_PEEK);
	struct received received = { 0 };
	if (d->socket && d->socket->tls)
		return socket_tls_receive(h, call, fd, count, flags, ret_received);
	uint32_t error = pending_error(d->socket);
	if (error)
		return error;
	for (;;) {
		size_t size = 0;
		error = receive_once(h, call, fd, &message, flags & ~(all ? MSG_WAITALL : 0), &size);
		received.size += size;
		if (error || size == 0 || !all)
			break;
		advance(&message, size);
		if (message.msg_iovlen == 0)
			break;
	}
	if (error && received.size == 0)
		return error;
	call->end = CALL_RETURNS;
	received.truncated = message.msg_flags & MSG_TRUNC;
	received.from = is_stream(d) ? address_peer(d) : address_of_host(&from, message.msg_namelen);
	unix_seen(h, &received.from);
	if (!is_stream(d) && d->socket && received.from.family != NET_UNSPEC) {
		struct net_address local = address_local(d);
		note_datagram(call, fd, &local, &received.from);
	}
	*ret_received = received;
	return 0;
}

/* A Unix socket is ready for datagrams, but the one that they go to is full: nothing tells when it no longer is. */
static uint32_t await_receiver(const struct host *h, struct call *call, const struct descriptor *d)
{
	struct pollfd stop = { .fd = h->options.stop_fd, .events = POLLIN };
	if (d->flags & WASI_fdflags_NONBLOCK)
		return WASI_EAGAIN;
	if (poll(&stop, h->options.stop_fd >= 0, 10) <= 0)
		return 0;
	call->end = CALL_STOPS;
	return WASI_EINTR;
}

/* As a kernel's, a blocking guest's stream takes everything, unless it fails or the guest is to stop. */
uint32_t socket_send(struct host *h, struct call *call, uint32_t fd, int count, const struct net_address *to, size_t *ret_size)
{
	struct descriptor *d = &h->table[fd];
	struct host_address host = { .fd = -1 };
	struct msghdr message = { .msg_iov = h->vectors, .msg_iovlen = (size_t)count };
	bool all = is_stream(d) && !(d->flags & WASI_fdflags_NONBLOCK);
	size_t total = 0;
	if (d->socket && d->socket->tls)
		return to ? WASI_EISCONN : socket_tls_send(h, call, fd, count, ret_size);
	uint32_t error = pending_error(d->socket);
	if (!error && to) {
		error = host_address_of(h, to, true, &host);
		message.msg_name = &host.host;
		message.msg_namelen = host.size;
	}
	while (!error) {
		error = count || !is_stream(d) ? wait_for(h, call, d, POLLOUT) : 0;
		ssize_t size = error ? 0 : sendmsg(d->fd, &message, MSG_NOSIGNAL);
		if (!error && size < 0 && errno == EAGAIN && !is_stream(d))
			error = await_receiver(h, call, d);
		if (error || starts_over(size))
			continue; /* ends where there is an error */
		if (size < 0) {
			error = transfer_error(call, fd, d->socket);
			break;
		}
		total += (size_t)size;
		advance(&message, (size_t)size);
		if (!all || message.msg_iovlen == 0)
			break;
	}
	host_address_finish(&host);
	if (error && total == 0)
		return error;
	call->end = CALL_RETURNS;
	if (to && !is_stream(d) && d->socket) {
		socket_place(h, d->socket);
		struct net_address local = address_local(d);
		note_datagram(call, fd, &local, to);
	}
	*ret_size = total;
	return 0;
}

static uint32_t receive(struct host *h, struct call *call, uint32_t fd, struct guest_range iovs, uint32_t ri_flags,
	struct received *ret_received)
{
	struct descriptor *d;
	int flags = (ri_flags & WASI_riflags_RECV_PEEK ? MSG_PEEK : 0) | (ri_flags & WASI_riflags_RECV_WAITALL ? MSG_WAITALL : 0);
	uint32_t error = socket_get(h, fd, WASI_rights_FD_READ, &d);
	if (!error && ri_flags & ~(uint32_t)(WASI_riflags_RECV_PEEK | WASI_riflags_RECV_WAITALL))
		error = WASI_EINVAL;
	if (error)
		return error;
	int count = read_vectors(h, call, iovs);
	error = flags & MSG_WAITALL ? bounce_all(h, &count) : bounce_vectors(h, d, &count);
	if (!error)
		error = socket_receive(h, call, fd, count, flags, ret_received);
	if (!error)
		filled_vectors(h, call, count, ret_received->size);
	return error;
}

static uint32_t tell_received(struct call *call, const struct received *received, uint32_t datalen, uint32_t flags)
{
	uint16_t roflags = received->truncated ? WASI_roflags_RECV_DATA_TRUNCATED : 0;
	bool written = guest_write_u32(call, datalen, (uint32_t)received->size) && guest_write(call, flags, &roflags, sizeof roflags);
	return written ? 0 : WASI_EFAULT;
}

uint32_t host_sock_recv(struct host *h, struct call *call, const struct sock_recv_args *a)
{
	struct received received;
	uint32_t error = receive(h, call, a->fd, a->ri_data, a->ri_flags, &received);
	return error ? error : tell_received(call, &received, a->ro_datalen, a->ro_flags);
}

/* With the sender's address; `port` NULL where version 1 has no place for it. */
static uint32_t receive_from(struct host *h, struct call *call, const struct v1_sock_recv_from_args *a, const uint32_t *port)
{
	struct received received = { 0 };
	struct guest_range room;
	uint32_t error = address_room(call, a->addr, &room);
	if (!error)
		error = receive(h, call, a->fd, a->ri_data, a->ri_flags, &received);
	bool fits = received.from.family != NET_UNIX || room.size == ADDRESS_BYTES_MAX;
	if (!error && received.from.family != NET_UNSPEC && fits)
		error = address_write(call, room, &received.from);
	if (!error && port && !guest_write_u32(call, *port, received.from.port))
		error = WASI_EFAULT;
	return error ? error : tell_received(call, &received, a->ro_datalen, a->ro_flags);
}

uint32_t host_sock_recv_from(struct host *h, struct call *call, const struct sock_recv_from_args *a)
{
	struct v1_sock_recv_from_args v1 = { a->fd, a->ri_data, a->addr, a->ri_flags, a->ro_datalen, a->ro_flags };
	return receive_from(h, call, &v1, &a->port);
}

uint32_t host_v1_sock_recv_from(struct host *h, struct call *call, const struct v1_sock_recv_from_args *a)
{
	return receive_from(h, call, a, NULL);
}

static uint32_t send_to(struct host *h, struct call *call, const struct sock_send_args *a, const struct net_address *to)
{
	struct descriptor *d;
	size_t size;
	uint32_t error = socket_get(h, a->fd, WASI_rights_FD_WRITE, &d);
	if (!error && a->si_flags)
		error = WASI_EINVAL;
	if (!error)
		error = socket_send(h, call, a->fd, read_vectors(h, call, a->si_data), to, &size);
	if (error)
		return error;
	return guest_write_u32(call, a->so_datalen, (uint32_t)size) ? 0 : WASI_EFAULT;
}

uint32_t host_sock_send(struct host *h, struct call *call, const struct sock_send_args *a)
{
	return send_to(h, call, a, NULL);
}

uint32_t host_sock_send_to(struct host *h, struct call *call, const struct sock_send_to_args *a)
{
	struct sock_send_args send = { a->fd, a->si_data, a->si_flags, a->so_datalen };
	struct net_address to;
	uint32_t error = address_read(call, a->addr, a->port, &to);
	return error ? error : send_to(h, call, &send, &to);
}

uint32_t host_sock_shutdown(struct host *h, struct call *call, const struct sock_shutdown_args *a)
{
	static const int hows[] = { -1, SHUT_RD, SHUT_WR, SHUT_RDWR };
	struct descriptor *d;
	uint32_t error = socket_get(h, a->fd, WASI_rights_SOCK_SHUTDOWN, &d);
	if (error)
		return error;
	if (a->how == 0 || a->how > 3)
		return WASI_EINVAL;
	if (d->socket && d->socket->tls)
		return socket_tls_shutdown(call, a->fd, d->socket, a->how & WASI_sdflags_RD, a->how & WASI_sdflags_WR);
	return shutdown(d->fd, hows[a->how]) != 0 ? errno_of(errno) : 0;
}
