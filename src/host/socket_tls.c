/* Sockets whose TLS the host does: the guest, and the recording, have the plain bytes. */
#include <errno.h>
#include <poll.h>

#include "host/parts.h"

static void note_tls(struct call *call, uint32_t fd, enum tls_state state, uint32_t error, struct view text)
{
	uint8_t bytes[NOTE_SIZE_MAX];
	struct note note = {
		.kind = NOTE_TLS, .type = NET_STREAM, .state = (uint8_t)state, .fd = fd, .error = (uint16_t)error, .text = text
	};
	guest_note(call, view_of(bytes, note_encode(&note, bytes)));
}

/* What became of the connection: in one call it may come about and end. */
static void note_news(struct call *call, uint32_t fd, struct net_socket *socket)
{
	struct tls_news news;
	while (tls_news(socket->tls, &news))
		note_tls(call, fd, news.state, news.error, news.text);
}

/* Of one that is being connected: whether it is, for TLS would take the reason why it is not away from the guest. */
static uint32_t check_connection(struct call *call, uint32_t fd, const struct descriptor *d)
{
	struct pollfd ready = { .fd = d->fd, .events = POLLOUT };
	if (d->socket->connecting && poll(&ready, 1, 0) > 0)
		socket_settle(call, fd, d);
	return d->socket->error;
}

/* Until TLS may have come further; a guest that does not block gets EAGAIN. */
static uint32_t wait_for_tls(struct host *h, struct call *call, const struct descriptor *d, bool reads)
{
	return wait_for(h, call, d, tls_events(d->socket->tls, reads, !reads));
}

static uint32_t take_error(struct net_socket *socket)
{
	uint32_t error = socket->error;
	socket->error = 0;
	return error;
}

static uint32_t make_config(struct host *h, struct call *call, uint32_t fd)
{
	if (h->tls_config || !tls_config_create(h->options.tls_ca, &h->tls_config))
		return 0;
	note_tls(call, fd, TLS_FAILED, WASI_EIO, view_text(err_text()));
	return WASI_EIO;
}

/* A guest that blocks waits for the handshake here. */
static uint32_t shake_hands(struct host *h, struct call *call, uint32_t fd, const struct descriptor *d)
{
	uint32_t error;
	do {
		error = check_connection(call, fd, d) ? take_error(d->socket) : tls_advance(d->socket->tls);
		if (error == WASI_EAGAIN)
			error = wait_for_tls(h, call, d, true);
		else
			break;
	} while (!error);
	note_news(call, fd, d->socket);
	return error;
}

uint32_t socket_start_tls(struct host *h, struct call *call, uint32_t fd, struct view name)
{
	struct descriptor *d = &h->table[fd];
	struct net_socket *socket = d->socket;
	if (!socket || socket->type != NET_STREAM || socket->role != SOCKET_CONNECTS)
		return WASI_ENOTCONN;
	if (socket->tls)
		return WASI_EALREADY;
	uint32_t error = make_config(h, call, fd);
	if (!error)
		error = tls_create(h->tls_config, d->fd, name, &socket->tls);
	if (error)
		return error;
	note_tls(call, fd, TLS_STARTED, 0, name);
	return d->flags & WASI_fdflags_NONBLOCK ? 0 : shake_hands(h, call, fd, d);
}

uint32_t socket_tls_receive(struct host *h, struct call *call, uint32_t fd, int count, int flags, struct received *ret_received)
{
	struct descriptor *d = &h->table[fd];
	struct received received = { .from = address_peer(d) };
	bool all = flags & MSG_WAITALL && !(flags & MSG_PEEK);
	uint32_t error = 0;
	while (!error) {
		size_t size = 0;
		error = check_connection(call, fd, d) ? take_error(d->socket)
						      : tls_read(d->socket->tls, h->vectors, count, received.size, flags & MSG_PEEK, &size);
		if (error == WASI_EAGAIN) {
			error = wait_for_tls(h, call, d, true);
			continue;
		}
		received.size += size;
		if (error || !all || size == 0)
			break;
	}
	note_news(call, fd, d->socket);
	if (error && received.size == 0)
		return error;
	call->end = CALL_RETURNS;
	*ret_received = received;
	return 0;
}

/* Leaves out what was sent. */
static int skip(struct iovec *vectors, int count, size_t size)
{
	int first = 0;
	while (first < count && size >= vectors[first].iov_len)
		size -= vectors[first++].iov_len;
	if (first < count && size) {
		vectors[first].iov_base = (uint8_t *)vectors[first].iov_base + size;
		vectors[first].iov_len -= size;
	}
	memmove(vectors, vectors + first, (size_t)(count - first) * sizeof *vectors);
	return count - first;
}

uint32_t socket_tls_send(struct host *h, struct call *call, uint32_t fd, int count, size_t *ret_size)
{
	struct descriptor *d = &h->table[fd];
	size_t total = 0;
	uint32_t error = 0;
	while (!error) {
		size_t size = 0;
		error = check_connection(call, fd, d) ? take_error(d->socket) : tls_write(d->socket->tls, h->vectors, count, &size);
		if (error == WASI_EAGAIN) {
			error = wait_for_tls(h, call, d, false);
			continue;
		}
		total += size;
		count = skip(h->vectors, count, size);
		if (error || count == 0 || d->flags & WASI_fdflags_NONBLOCK)
			break;
	}
	note_news(call, fd, d->socket);
	if (error && total == 0)
		return error;
	call->end = CALL_RETURNS;
	*ret_size = total;
	return 0;
}

uint32_t socket_tls_shutdown(struct call *call, uint32_t fd, struct net_socket *socket, bool reads, bool writes)
{
	uint32_t error = tls_shutdown(socket->tls, reads, writes);
	note_news(call, fd, socket);
	return error;
}

bool socket_tls_ready(struct call *call, uint32_t fd, const struct descriptor *d, bool reads)
{
	bool ready = check_connection(call, fd, d) || (reads ? tls_readable(d->socket->tls) : tls_writable(d->socket->tls));
	note_news(call, fd, d->socket);
	return ready;
}
