#include "trace/network_parts.h"

#include <stdlib.h>

#include "wasi/abi.h"

enum { NAMES = 256 }; /* that are remembered: a name is dialled soon after it was looked up */

struct known_name {
	struct net_address address;
	uint8_t size;
	char text[SOCKET_NAME_MAX];
};

enum err network_create(struct net_events *to, struct network **ret_network)
{
	struct network *n = calloc(1, sizeof *n);
	struct known_name *names = calloc(NAMES, sizeof *names);
	if (!n || !names) {
		free(n);
		free(names);
		return err_nomem();
	}
	n->to = to;
	n->names = names;
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

static uint8_t proto_of(const struct socket *socket)
{
	bool is_unix = socket->local.family == NET_UNIX || socket->peer.family == NET_UNIX;
	if (socket->type == NET_DGRAM)
		return is_unix ? PROTO_UNIX_DGRAM : PROTO_UDP;
	return is_unix ? PROTO_UNIX : PROTO_TCP;
}

/* Tells of an event on a socket, with what is known of it. */
void network_tell(struct network *n, const struct socket *socket, struct net_event event)
{
	if (n->err)
		return;
	event.record = n->record->number;
	if (event.time == 0)
		event.time = n->record->start;
	if (socket) {
		event.proto = proto_of(socket);
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
	n->err = n->to->event(n->to, &event);
}

static bool is_connection(const struct socket *socket)
{
	return socket->type != NET_DGRAM && (socket->role == SOCKET_CONNECTS || socket->role == SOCKET_ACCEPTED);
}

/* The sides that are still open when the socket goes away; none of a connection that was never made. */
static void tell_of_close(struct network *n, struct socket *socket, bool exit)
{
	uint8_t sides = socket->open & (socket->ended ? SIDE_WRITE : SIDE_READ | SIDE_WRITE);
	if (is_connection(socket) && sides)
		network_tell(n, socket, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = sides, .implied = true, .exit = exit });
	socket->open = 0;
}

static void close_socket(struct network *n, uint64_t fd)
{
	struct socket *socket = sockets_get(&n->sockets, fd);
	if (socket)
		tell_of_close(n, socket, false);
	sockets_remove(&n->sockets, fd);
}

static void remember_name(struct network *n, const struct net_address *address, struct view name)
{
	struct known_name *known = &n->names[n->names_next++ % NAMES];
	known->address = *address;
	known->address.port = 0;
	known->size = (uint8_t)(name.size < sizeof known->text ? name.size : sizeof known->text);
	memcpy(known->text, name.data, known->size);
}

static void name_peer(struct network *n, struct socket *socket)
{
	struct net_address address = socket->peer;
	address.port = 0;
	for (uint32_t i = 1; i <= NAMES; i++) { /* the last that was looked up first */
		const struct known_name *known = &n->names[(n->names_next - i) % NAMES];
		if (known->size == 0 || !net_address_equal(&known->address, &address))
			continue;
		socket->name_size = known->size;
		memcpy(socket->name, known->text, known->size);
		return;
	}
}

static struct socket *follow_socket(struct network *n, const struct note *note)
{
	struct socket *socket = sockets_get(&n->sockets, note->fd);
	bool opened = n->record && n->record->call == CALL_sock_open;
	bool again =
		socket && note->state == SOCKET_CONNECTS && socket->role == SOCKET_CONNECTS; /* a second connection of the same socket */
	if (!socket || opened || again || note->state == SOCKET_ACCEPTED)
		socket = sockets_add(&n->sockets, note->fd);
	if (!socket)
		return NULL;
	socket->type = note->type;
	socket->role = note->state;
	socket->local = note->local;
	socket->peer = note->peer;
	socket->ended = false;
	socket->name_size = 0;
	if (is_connection(socket))
		socket->open = SIDE_READ | SIDE_WRITE;
	if (socket->role == SOCKET_CONNECTS)
		name_peer(n, socket);
	return socket;
}

enum err network_add(struct network *n, const struct note *note)
{
	return follow_socket(n, note) || note->fd >= NETWORK_SOCKETS_MAX ? ERR_NONE : err_nomem();
}

static void tell_of_failure(struct network *n, const struct note *note)
{
	struct socket *socket = sockets_get(&n->sockets, note->fd);
	if (!socket)
		return;
	socket->open = 0;
	n->failed = true;
	network_tell(n, socket,
		(struct net_event){ .type = EVENT_CONNECT, .error = note->error, .reason = note->text, .time = end_of(n->record) });
}

static void follow_tls(struct network *n, const struct note *note)
{
	struct socket *socket = sockets_get(&n->sockets, note->fd);
	if (!socket)
		return;
	socket->tls = true;
	if (note->state == TLS_FAILED || note->state == TLS_TRUNCATED)
		network_tell(n, socket,
			(struct net_event){ .type = EVENT_TLS, .error = note->error, .reason = note->text, .time = end_of(n->record) });
	n->failed |= note->state == TLS_FAILED;
}

/* What the host says of the call beside its results. */
static void follow_notes(struct network *n)
{
	struct note note;
	buf_clear(&n->addresses);
	for (uint32_t i = 0; i < n->record->note_count; i++) {
		if (!note_decode(n->record->notes[i], &note))
			continue;
		switch (note.kind) {
		case NOTE_SOCKET: follow_socket(n, &note); break;
		case NOTE_DATAGRAM: n->datagram = note; break;
		case NOTE_FAILURE: tell_of_failure(n, &note); break;
		case NOTE_TLS: follow_tls(n, &note); break;
		case NOTE_RESOLVED:
			remember_name(n, &note.peer, note.text);
			buf_append(&n->addresses, &note.peer, sizeof note.peer);
			break;
		default: break;
		}
	}
}

/* The socket of a call that only sockets have: one that nothing is known of was there before what is read. */
static struct socket *socket_of_call(struct network *n)
{
	struct socket *socket = sockets_get(&n->sockets, n->record->args[0]);
	if (socket || !n->syscall.succeeded)
		return socket;
	socket = sockets_add(&n->sockets, n->record->args[0]);
	if (socket) {
		socket->midway = true;
		socket->type = NET_STREAM;
		socket->role = SOCKET_CONNECTS;
		socket->open = SIDE_READ | SIDE_WRITE;
	}
	return socket;
}

static bool noted_socket(const struct record *record, uint32_t state)
{
	struct note note;
	for (uint32_t i = 0; i < record->note_count; i++) {
		if (note_decode(record->notes[i], &note) && note.kind == NOTE_SOCKET && note.state == state)
			return true;
	}
	return false;
}

/* Refused before the kernel was asked. */
static bool is_refusal(uint32_t error)
{
	return error == WASI_EACCES || error == WASI_ENETUNREACH || error == WASI_EHOSTUNREACH || error == WASI_EADDRNOTAVAIL;
}

static void tell_of_connect(struct network *n)
{
	struct socket *socket = sockets_get(&n->sockets, n->record->args[0]);
	const struct param *addr = call_param(n->syscall.type, "addr");
	uint32_t error = error_of(n->record);
	if (!socket || n->failed || !n->record->finished || n->record->end != CALL_RETURNS)
		return;
	if (!noted_socket(n->record, SOCKET_CONNECTS)) {
		if (!is_refusal(error) || !syscall_address(&n->syscall, addr, &socket->peer))
			return;
		socket->peer.port = (uint16_t)n->record->args[2];
	}
	if (error && error != WASI_EINPROGRESS)
		socket->open = 0;
	network_tell(n, socket, (struct net_event){ .type = EVENT_CONNECT, .error = error });
}

/* A socket that a path opened: tcp+dial://... */
static void tell_of_open(struct network *n)
{
	uint64_t fd;
	const struct param *opened = call_param(n->syscall.type, "opened_fd");
	if (!noted_socket(n->record, SOCKET_CONNECTS) || !syscall_out(&n->syscall, opened, &fd))
		return;
	network_tell(n, sockets_get(&n->sockets, fd), (struct net_event){ .type = EVENT_CONNECT, .error = error_of(n->record) });
}

static void tell_of_accept(struct network *n)
{
	uint64_t fd;
	if (!n->syscall.succeeded || !syscall_out(&n->syscall, call_param(n->syscall.type, "opened_fd"), &fd))
		return;
	if (!noted_socket(n->record, SOCKET_ACCEPTED)) { /* recorded before there were notes */
		struct note unknown = { .kind = NOTE_SOCKET, .type = NET_STREAM, .state = SOCKET_ACCEPTED, .fd = (uint32_t)fd };
		follow_socket(n, &unknown);
	}
	network_tell(n, sockets_get(&n->sockets, fd), (struct net_event){ .type = EVENT_ACCEPT, .time = end_of(n->record) });
}

static void tell_of_shutdown(struct network *n)
{
	struct socket *socket = socket_of_call(n);
	uint8_t sides = (uint8_t)(n->record->args[1] & (SIDE_READ | SIDE_WRITE));
	if (!socket || !n->syscall.succeeded)
		return;
	network_tell(n, socket, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = sides });
	socket->open &= (uint8_t)~sides;
}

static bool peeks(const struct network *n)
{
	return n->record->args[call_param(n->syscall.type, "ri_flags")->arg] & WASI_riflags_RECV_PEEK;
}

static void tell_of_name(struct network *n)
{
	struct view name;
	if (!n->record->finished || n->record->end != CALL_RETURNS || n->record->result == WASI_EFAULT ||
		!syscall_input(&n->syscall, call_param(n->syscall.type, "node"), 0, &name))
		return;
	while (name.size && name.data[name.size - 1] == 0) /* some count the NUL */
		name.size--;
	struct net_event event = { .type = EVENT_RESOLVE, .error = error_of(n->record), .name = name, .time = end_of(n->record) };
	event.addresses = (const struct net_address *)n->addresses.data;
	event.address_count = (uint32_t)(n->addresses.size / sizeof(struct net_address));
	network_tell(n, NULL, event);
}

static void follow_renumber(struct network *n, uint64_t from, uint64_t to)
{
	if (from == to)
		return;
	struct socket *closed = sockets_get(&n->sockets, to);
	if (closed)
		tell_of_close(n, closed, false);
	sockets_renumber(&n->sockets, from, to);
}

static void follow_call(struct network *n)
{
	const struct record *record = n->record;
	switch (record->call) {
	case CALL_sock_connect: tell_of_connect(n); break;
	case CALL_path_open: tell_of_open(n); break;
	case CALL_sock_accept:
	case CALL_v1_sock_accept: tell_of_accept(n); break;
	case CALL_sock_shutdown: tell_of_shutdown(n); break;
	case CALL_sock_send:
	case CALL_sock_send_to: network_send(n, socket_of_call(n), "si_data", "so_datalen"); break;
	case CALL_fd_write: network_send(n, sockets_get(&n->sockets, record->args[0]), "iovs", "nwritten"); break;
	case CALL_sock_recv:
	case CALL_sock_recv_from:
	case CALL_v1_sock_recv_from: network_receive(n, socket_of_call(n), "ri_data", peeks(n)); break;
	case CALL_fd_read: network_receive(n, sockets_get(&n->sockets, record->args[0]), "iovs", false); break;
	case CALL_sock_getaddrinfo: tell_of_name(n); break;
	case CALL_fd_close:
		if (n->syscall.succeeded)
			close_socket(n, record->args[0]);
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
	for (uint32_t fd = 0; fd < n->sockets.capacity; fd++) {
		if (n->sockets.slots[fd])
			tell_of_close(n, n->sockets.slots[fd], true);
	}
}

/* Most records are of other things: they must cost nothing. */
static bool concerns(const struct network *n, const struct record *record)
{
	switch (record->call) {
	case CALL_fd_read:
	case CALL_fd_write:
	case CALL_fd_close: return record->arg_count && sockets_get(&n->sockets, record->args[0]);
	case CALL_fd_renumber: return n->sockets.capacity != 0;
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
	if (record->kind != RECORD_CALL) {
		if (record->kind != RECORD_GROW)
			follow_end(n);
		return n->err;
	}
	if (!concerns(n, record) || !syscall_of(record, &n->syscall) || record->arg_count < n->syscall.type->arg_count)
		return ERR_NONE;
	buf_clear(&n->data);
	follow_notes(n);
	follow_call(n);
	if (!n->err)
		n->err = buf_status(&n->data);
	return n->err;
}
