/* Sockets that the guest makes: opening, binding, listening, dialling and accepting. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/parts.h"

static struct note note_of(uint32_t fd, const struct descriptor *d)
{
	struct note note = { .kind = NOTE_SOCKET, .type = d->socket->type, .state = d->socket->role, .fd = fd };
	note.local = address_local(d);
	note.peer = d->socket->peer;
	return note;
}

bool host_socket_note(const struct host *h, uint32_t fd, struct note *ret_note)
{
	if (fd >= h->count || h->table[fd].fd < 0 || !h->table[fd].socket)
		return false;
	*ret_note = note_of(fd, &h->table[fd]);
	return true;
}

void socket_note(struct call *call, uint32_t fd, const struct descriptor *d)
{
	uint8_t bytes[NOTE_SIZE_MAX];
	struct note note = note_of(fd, d);
	guest_note(call, view_of(bytes, note_encode(&note, bytes)));
}

uint32_t socket_failed(struct call *call, uint32_t fd, struct net_socket *socket, uint32_t error)
{
	uint8_t bytes[NOTE_SIZE_MAX];
	struct note note = { .kind = NOTE_FAILURE, .type = socket->type, .fd = fd, .error = (uint16_t)error };
	note.local = socket->local;
	note.peer = socket->peer;
	socket->connecting = false;
	guest_note(call, view_of(bytes, note_encode(&note, bytes)));
	return error;
}

void socket_settle(struct call *call, uint32_t fd, const struct descriptor *d)
{
	int error = 0;
	socklen_t size = sizeof error;
	if (!d->socket || !d->socket->connecting)
		return;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error)
		d->socket->error = (uint16_t)socket_failed(call, fd, d->socket, errno_of(error));
	d->socket->connecting = false;
}

uint32_t socket_add(struct host *h, int fd, const struct net_socket *socket, uint16_t flags, uint32_t *ret_fd)
{
	struct descriptor d = { .fd = fd, .rights = RIGHTS_ALL, .flags = flags, .socket = malloc(sizeof *socket) };
	struct stat stat;
	if (!d.socket || fstat(fd, &stat) != 0) {
		descriptor_close(&d);
		return WASI_ENOMEM;
	}
	*d.socket = *socket;
	descriptor_describe(&d, &stat);
	d.inheriting = d.rights;
	return descriptor_add(h, &d, ret_fd);
}

/* One that sock_open made: what was given to the guest otherwise is bound, or connected, already. */
static uint32_t socket_made(struct host *h, uint32_t fd, struct descriptor **ret_descriptor)
{
	uint32_t error = socket_get(h, fd, 0, ret_descriptor);
	return error ? error : (*ret_descriptor)->socket ? 0 : WASI_EINVAL;
}

uint32_t host_sock_open(struct host *h, struct call *call, const struct sock_open_args *a)
{
	static const int families[] = { -1, AF_INET, AF_INET6, AF_UNIX }, host_types[] = { -1, SOCK_DGRAM, SOCK_STREAM };
	struct net_socket socket_of = { .family = (uint8_t)a->family, .type = (uint8_t)a->socktype };
	uint32_t number;
	if (a->socktype == 0 || a->socktype >= sizeof host_types / sizeof *host_types)
		return WASI_EINVAL;
	if (a->family == 0 || a->family >= sizeof families / sizeof *families)
		return WASI_EAFNOSUPPORT;
	int fd = socket(families[a->family], host_types[a->socktype] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno_of(errno);
	uint32_t error = socket_add(h, fd, &socket_of, 0, &number);
	if (error)
		return error;
	socket_note(call, number, &h->table[number]);
	return guest_write_u32(call, a->opened_fd, number) ? 0 : WASI_EFAULT;
}

uint32_t socket_bind(struct host *h, struct descriptor *d, const struct net_address *address)
{
	struct host_address host;
	uint32_t error = host_address_of(h, address, false, &host);
	if (error)
		return error;
	if (bind(d->fd, &host.host.any, host.size) != 0)
		error = errno_of(errno);
	host_address_finish(&host);
	if (error)
		return error;
	d->socket->bound = true;
	d->socket->local = address->family == NET_UNIX ? *address : (struct net_address){ 0 };
	return 0;
}

uint32_t host_sock_bind(struct host *h, struct call *call, const struct sock_bind_args *a)
{
	struct descriptor *d;
	struct net_address address;
	uint32_t error = socket_made(h, a->fd, &d);
	if (!error)
		error = address_read(call, a->addr, a->port, &address);
	if (!error && address.family != d->socket->family)
		error = WASI_EAFNOSUPPORT;
	if (!error)
		error = socket_bind(h, d, &address);
	if (error)
		return error;
	socket_note(call, a->fd, d);
	return 0;
}

static uint32_t check_unbound(const struct host *h, uint8_t family)
{
	struct net_address any = { .family = family, .size = family == NET_INET4 ? 4 : 16 };
	union sockaddr_any host;
	socklen_t size;
	return address_to_host(&any, &host, &size) ? 0 : net_check(h, &host, size, false);
}

uint32_t host_sock_listen(struct host *h, struct call *call, const struct sock_listen_args *a)
{
	struct descriptor *d;
	uint32_t error = socket_made(h, a->fd, &d);
	if (!error && !d->socket->bound && d->socket->family != NET_UNIX) /* the kernel binds it now */
		error = check_unbound(h, d->socket->family);
	if (error)
		return error;
	if (listen(d->fd, a->backlog < INT32_MAX ? (int)a->backlog : INT32_MAX) != 0)
		return errno_of(errno);
	d->socket->bound = true;
	d->socket->role = SOCKET_LISTENS;
	socket_note(call, a->fd, d);
	return 0;
}

/* A blocking guest waits here until it is known whether the connection succeeded. */
static uint32_t await_connection(struct host *h, struct call *call, uint32_t fd, struct descriptor *d)
{
	uint32_t error = wait_for(h, call, d, POLLOUT);
	if (error)
		return error == WASI_EAGAIN ? WASI_EINPROGRESS : error; /* its time for sending has passed: it goes on */
	socket_settle(call, fd, d);
	error = d->socket->error;
	d->socket->error = 0;
	return error;
}

static bool is_connected(const struct descriptor *d)
{
	union sockaddr_any peer;
	socklen_t size = sizeof peer;
	return getpeername(d->fd, &peer.any, &size) == 0;
}

/* A connection is on its way already. */
static uint32_t dial_again(struct call *call, uint32_t fd, const struct descriptor *d)
{
	struct pollfd ready = { .fd = d->fd, .events = POLLOUT };
	if (poll(&ready, 1, 0) <= 0)
		return WASI_EALREADY;
	socket_settle(call, fd, d);
	uint32_t error = d->socket->error ? d->socket->error : WASI_EISCONN;
	d->socket->error = 0;
	return error;
}

/* Of a Unix socket whose listener is busy the kernel says so, and there is nothing to poll. */
static uint32_t dial_host(const struct host *h, const struct descriptor *d, const struct host_address *host)
{
	struct pollfd stop = { .fd = h->options.stop_fd, .events = POLLIN };
	for (;;) {
		if (connect(d->fd, &host->host.any, host->size) == 0)
			return 0;
		bool busy = errno == EAGAIN && d->socket->family == NET_UNIX && !(d->flags & WASI_fdflags_NONBLOCK);
		if (!busy)
			return errno == EINTR ? WASI_EINPROGRESS : errno_of(errno);
		if (poll(&stop, h->options.stop_fd >= 0, 10) > 0)
			return WASI_EINTR;
	}
}

uint32_t socket_dial(struct host *h, struct call *call, uint32_t fd, const struct net_address *peer)
{
	struct descriptor *d = &h->table[fd];
	struct net_socket *socket = d->socket;
	struct host_address host;
	if (socket->connecting)
		return dial_again(call, fd, d);
	if (socket->type == NET_STREAM && is_connected(d)) /* the kernel says this only from the second time on */
		return WASI_EISCONN;
	uint32_t error = host_address_of(h, peer, true, &host);
	if (error)
		return error;
	error = dial_host(h, d, &host);
	host_address_finish(&host);
	if (error == WASI_EINTR) {
		call->end = CALL_STOPS;
		return error;
	}
	socket->role = SOCKET_CONNECTS;
	socket->peer = *peer;
	socket_place(h, socket);
	socket_note(call, fd, d);
	socket->connecting = error == WASI_EINPROGRESS;
	if (error == WASI_EINPROGRESS && !(d->flags & WASI_fdflags_NONBLOCK))
		error = await_connection(h, call, fd, d);
	return error;
}

uint32_t host_sock_connect(struct host *h, struct call *call, const struct sock_connect_args *a)
{
	struct descriptor *d;
	struct net_address address;
	uint32_t error = socket_made(h, a->fd, &d);
	if (!error)
		error = address_read(call, a->addr, a->port, &address);
	if (!error && address.family != d->socket->family)
		error = WASI_EAFNOSUPPORT;
	if (!error && d->socket->error) {
		error = d->socket->error;
		d->socket->error = 0;
	}
	return error ? error : socket_dial(h, call, a->fd, &address);
}

/* The errors of a connection that nobody waits for any more, and a signal: the next one is taken. */
static bool accepts_next(int fd)
{
	return fd < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNABORTED || errno == EPROTO);
}

static uint32_t accept_one(struct host *h, struct call *call, uint32_t fd, uint32_t flags, uint32_t to)
{
	struct descriptor *d;
	union sockaddr_any peer;
	socklen_t size;
	int accepted;
	uint32_t number;
	uint32_t error = socket_get(h, fd, WASI_rights_SOCK_ACCEPT, &d);
	if (!error && flags & ~(uint32_t)WASI_fdflags_NONBLOCK)
		error = WASI_EINVAL;
	if (error)
		return error;
	do {
		error = wait_for(h, call, d, POLLIN);
		if (error)
			return error;
		size = sizeof peer;
		accepted = accept4(d->fd, &peer.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (accepts_next(accepted));
	if (accepted < 0)
		return errno_of(errno);
	struct net_socket socket = { .type = NET_STREAM, .role = SOCKET_ACCEPTED, .bound = true };
	socket.peer = address_of_host(&peer, size);
	socket.family = socket.peer.family;
	unix_seen(h, &socket.peer);
	if (socket.family == NET_UNIX) /* the listener's, by the guest's name */
		socket.local = address_local(d);
	error = socket_add(h, accepted, &socket, (uint16_t)flags, &number);
	if (error)
		return error;
	socket_note(call, number, &h->table[number]);
	return guest_write_u32(call, to, number) ? 0 : WASI_EFAULT;
}

uint32_t host_sock_accept(struct host *h, struct call *call, const struct sock_accept_args *a)
{
	return accept_one(h, call, a->fd, a->flags, a->opened_fd);
}

uint32_t host_v1_sock_accept(struct host *h, struct call *call, const struct v1_sock_accept_args *a)
{
	return accept_one(h, call, a->fd, 0, a->opened_fd);
}
