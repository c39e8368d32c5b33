#include "trace/network_parts.h"

#include <stdlib.h>

#include "wasi/abi.h"

enum err network_create(struct net_events *to, struct network **ret_network)
{
	struct network *n = calloc(1, sizeof *n);
	struct known_name *names = calloc(NETWORK_NAMES, sizeof *names);
	if (!n || !names) {
		free(n);
		free(names);
		return err_nomem();
	}
	n->to = to;
	n->names = names;
	n->resumes = true; /* a reader may begin anywhere */
	*ret_network = n;
	return ERR_NONE;
}

void network_destroy(struct network *n)
{
	if (!n)
		return;
	sockets_finish(&n->sockets);
	buf_finish(&n->data);
	buf_finish(&n->addresses);
	free(n->names);
	free(n);
}

enum err network_add(struct network *n, const struct note *note)
{
	network_follow_socket(n, note);
	return n->err;
}

bool network_is_silent(uint32_t error)
{
	return error == WASI_EAGAIN || error == WASI_EBADF || error == WASI_EFAULT || error == WASI_ENOTSOCK || error == WASI_ENOTCONN ||
		error == WASI_EINTR;
}

static uint8_t proto_of(const struct socket *socket, const struct net_event *event)
{
	bool is_unix = event->local.family == NET_UNIX || event->peer.family == NET_UNIX;
	if (socket->type == NET_DGRAM)
		return is_unix ? PROTO_UNIX_DGRAM : PROTO_UDP;
	return is_unix ? PROTO_UNIX : PROTO_TCP;
}

void network_tell(struct network *n, const struct socket *socket, struct net_event event)
{
	if (n->err)
		return;
	event.record = n->record->number;
	if (event.time == 0)
		event.time = n->record->start;
	if (socket) {
		event.fd = socket->fd;
		event.socket = socket->id;
		event.local = socket->local;
		event.peer = socket->peer;
		event.accepted = socket->role == SOCKET_ACCEPTED;
		event.tls = socket->tls;
		event.midway = socket->midway;
		event.name = view_of(socket->name, socket->name_size);
	}
	if (n->datagram.kind) {
		event.local = n->datagram.local;
		event.peer = n->datagram.peer;
	}
	if (socket)
		event.proto = proto_of(socket, &event);
	n->err = n->to->event(n->to, &event);
}

/* The sides that are still open when the socket goes away; none of a connection that was never made. */
static void tell_of_close(struct network *n, struct socket *socket, bool exit)
{
	uint8_t sides = socket->open & (socket->ended ? SIDE_WRITE : SIDE_READ | SIDE_WRITE);
	if (is_connection(socket) && sides && n->record && !socket->doubtful)
		network_tell(n, socket, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = sides, .implied = true, .exit = exit });
	if (socket->type == NET_DGRAM && n->record)
		network_tell(n, socket, (struct net_event){ .type = EVENT_GONE, .implied = true, .exit = exit });
	socket->open = 0;
}

void network_close(struct network *n, uint64_t fd)
{
	struct socket *socket = sockets_get(&n->sockets, fd);
	if (socket)
		tell_of_close(n, socket, false);
	sockets_remove(&n->sockets, fd);
}

struct socket *network_add_socket(struct network *n, uint64_t fd)
{
	network_close(n, fd);
	struct socket *socket = sockets_add(&n->sockets, fd);
	if (!socket && fd < NETWORK_SOCKETS_MAX && !n->err)
		n->err = err_nomem();
	return socket;
}

struct socket network_stranger(struct network *n, uint64_t fd)
{
	return (struct socket){ .id = n->sockets.made++, .fd = (uint32_t)fd, .type = NET_STREAM, .role = SOCKET_CONNECTS, .midway = true };
}

/* The socket of a call that only sockets have: one that nothing is known of was there before what is read. */
static struct socket *socket_of_call(struct network *n)
{
	uint64_t fd = n->record->args[0];
	struct socket *socket = sockets_get(&n->sockets, fd);
	if (socket || !n->syscall.succeeded)
		return socket;
	socket = network_add_socket(n, fd);
	if (!socket)
		return NULL;
	socket->midway = true;
	socket->type = n->datagram.kind ? NET_DGRAM : NET_STREAM;
	socket->role = SOCKET_CONNECTS;
	socket->open = SIDE_READ | SIDE_WRITE;
	return socket;
}

static void tell_of_shutdown(struct network *n)
{
	struct socket *socket = socket_of_call(n);
	uint8_t sides = (uint8_t)(n->record->args[1] & (SIDE_READ | SIDE_WRITE));
	if (!socket || !n->syscall.succeeded || !sides)
		return;
	network_tell(n, socket, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = sides });
	socket->open &= (uint8_t)~sides;
}

static bool peeks(const struct network *n)
{
	return n->record->args[call_param(n->syscall.type, "ri_flags")->arg] & WASI_riflags_RECV_PEEK;
}

static void follow_renumber(struct network *n, uint64_t from, uint64_t to)
{
	if (from == to)
		return;
	network_close(n, to);
	sockets_renumber(&n->sockets, from, to);
}

static void follow_call(struct network *n)
{
	const struct record *record = n->record;
	switch (record->call) {
	case CALL_sock_connect: network_connect(n); break;
	case CALL_path_open: network_open(n); break;
	case CALL_sock_accept:
	case CALL_v1_sock_accept: network_accept(n); break;
	case CALL_sock_shutdown: tell_of_shutdown(n); break;
	case CALL_sock_send:
	case CALL_sock_send_to: network_send(n, socket_of_call(n), "si_data", "so_datalen"); break;
	case CALL_fd_write: network_send(n, sockets_get(&n->sockets, record->args[0]), "iovs", "nwritten"); break;
	case CALL_sock_recv:
	case CALL_sock_recv_from:
	case CALL_v1_sock_recv_from: network_receive(n, socket_of_call(n), "ri_data", peeks(n)); break;
	case CALL_fd_read: network_receive(n, sockets_get(&n->sockets, record->args[0]), "iovs", false); break;
	case CALL_sock_getaddrinfo: network_resolve(n); break;
	case CALL_fd_close:
		if (n->syscall.succeeded)
			network_close(n, record->args[0]);
		break;
	case CALL_fd_renumber:
		if (n->syscall.succeeded)
			follow_renumber(n, record->args[0], record->args[1]);
		break;
	default: break;
	}
}

/* The process is over, and its sockets with it. */
static void follow_end(struct network *n)
{
	n->datagram.kind = 0;
	for (uint32_t fd = 0; fd < n->sockets.capacity; fd++) {
		if (n->sockets.slots[fd])
			tell_of_close(n, n->sockets.slots[fd], true);
	}
}

static void lose_socket(struct network *n, struct socket *socket, struct view reason)
{
	if (is_connection(socket) && socket->open && !socket->doubtful)
		network_tell(n, socket, (struct net_event){ .type = EVENT_LOST, .reason = reason });
	struct socket other = network_stranger(n, socket->fd);
	other.type = socket->type;
	other.role = socket->role;
	other.open = socket->open;
	other.doubtful = true;
	*socket = other;
}

/* Records are missing from a damaged recording. A descriptor may have been closed in them, and its number be another's. */
static void lose_sockets(struct network *n)
{
	BUF_CLEANUP struct buf reason = { 0 };
	buf_printf(&reason, "records %llu to %llu are missing", (unsigned long long)n->next_number,
		(unsigned long long)n->record->number - 1);
	for (uint32_t fd = 0; fd < n->sockets.capacity; fd++) {
		struct socket *socket = n->sockets.slots[fd];
		if (socket && socket->role != SOCKET_LISTENS)
			lose_socket(n, socket, view_text(buf_text(&reason)));
	}
}

/* Most records are of other things: they must cost nothing. */
static bool concerns(const struct network *n, const struct record *record)
{
	switch (record->call) {
	case CALL_fd_read:
	case CALL_fd_write:
	case CALL_fd_close: return record->note_count || (record->arg_count && sockets_get(&n->sockets, record->args[0]));
	case CALL_path_open:
	case CALL_fd_renumber: return record->note_count || n->sockets.capacity != 0;
	case CALL_sock_accept:
	case CALL_sock_recv:
	case CALL_sock_send:
	case CALL_sock_shutdown: return true;
	default: return record->note_count || record->call >= CALL_sock_open;
	}
}

enum err network_record(struct network *n, const struct record *record)
{
	if (n->err)
		return n->err;
	n->record = record;
	n->failed = false;
	n->datagram.kind = 0;
	if (record->number > n->next_number && !n->resumes)
		lose_sockets(n);
	n->resumes = false;
	n->next_number = record->number + 1;
	n->last_time = end_of(record);
	if (record->kind != RECORD_CALL) {
		if (record->kind != RECORD_GROW)
			follow_end(n);
		return n->err;
	}
	if (!concerns(n, record) || !syscall_of(record, &n->syscall) || record->arg_count < n->syscall.type->arg_count)
		return ERR_NONE;
	buf_clear(&n->data);
	network_follow_notes(n);
	follow_call(n);
	if (!n->err)
		n->err = buf_status(&n->data);
	if (!n->err)
		n->err = buf_status(&n->addresses);
	return n->err;
}

void network_resume(struct network *n)
{
	n->resumes = true;
}

enum err network_end(struct network *n)
{
	struct record last = { .number = n->next_number - (n->next_number != 0), .start = n->last_time };
	n->record = &last;
	follow_end(n);
	n->record = NULL;
	return n->err;
}
