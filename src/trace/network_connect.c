/* What begins connections: names, dialling, accepting. */
#include "trace/network_parts.h"
#include "wasi/abi.h"

/* The descriptor that the record's note says is a socket in this role. */
static bool noted_socket(const struct record *record, uint32_t state, uint32_t *ret_fd)
{
	struct note note;
	for (uint32_t i = 0; i < record->note_count; i++) {
		if (!note_decode(record->notes[i], &note) || note.kind != NOTE_SOCKET || note.state != state)
			continue;
		*ret_fd = note.fd;
		return true;
	}
	return false;
}

/* Errors of a guest that asks once more how its connection is, or for what cannot be. */
static bool is_no_attempt(const struct socket *socket, uint32_t error)
{
	return error == 0 || error == WASI_EALREADY || error == WASI_EISCONN || error == WASI_EINPROGRESS || network_is_silent(error) ||
		(socket && error == socket->failure);
}

/* What was not tried, since it was refused before, or is not known to have been: the descriptor stays what it is. */
static void tell_of_attempt(struct network *n, const struct socket *socket)
{
	struct socket other = network_stranger(n, n->record->args[0]);
	if (socket) {
		other.type = socket->type;
		if (socket->local.port || socket->local.family == NET_UNIX) /* it has one */
			other.local = socket->local;
		other.midway = socket->midway;
	}
	if (!syscall_address(&n->syscall, call_param(n->syscall.type, "addr"), &other.peer))
		return;
	if (other.peer.family != NET_UNIX)
		other.peer.port = (uint16_t)n->record->args[2];
	network_name_peer(n, &other);
	network_tell(n, &other,
		(struct net_event){ .type = EVENT_CONNECT, .error = error_of(n->record), .unfinished = is_unfinished(n->record) });
}

void network_connect(struct network *n)
{
	struct socket *socket = sockets_get(&n->sockets, n->record->args[0]);
	uint32_t fd, error = error_of(n->record);
	bool unfinished = is_unfinished(n->record);
	if (n->failed)
		return;
	if (!noted_socket(n->record, SOCKET_CONNECTS, &fd) || !socket) {
		if (unfinished || !is_no_attempt(socket, error))
			tell_of_attempt(n, socket);
		return;
	}
	if (error && error != WASI_EINPROGRESS) {
		socket->open = 0;
		socket->failure = (uint16_t)error;
	}
	network_tell(n, socket, (struct net_event){ .type = EVENT_CONNECT, .error = error, .unfinished = unfinished });
}

/* A path may be that of a socket: tcp+dial://... */
void network_open(struct network *n)
{
	uint64_t opened;
	uint32_t fd, error = error_of(n->record);
	if (!noted_socket(n->record, SOCKET_CONNECTS, &fd)) {
		if (n->syscall.succeeded && n->record->note_count == 0 &&
			syscall_out(&n->syscall, call_param(n->syscall.type, "opened_fd"), &opened))
			network_close(n, opened); /* a file: that a socket of this number was closed is missing from the recording */
		return;
	}
	struct socket *socket = sockets_get(&n->sockets, fd);
	bool fails = error && error != WASI_EINPROGRESS;
	if (socket && !n->failed) {
		if (fails)
			socket->open = 0;
		network_tell(n, socket,
			(struct net_event){ .type = EVENT_CONNECT, .error = error, .unfinished = is_unfinished(n->record) });
	}
	if (fails)
		network_close(n, fd);
}

void network_accept(struct network *n)
{
	uint64_t fd;
	uint32_t noted, error = error_of(n->record);
	if (error && !network_is_silent(error)) {
		const struct socket *listener = sockets_get(&n->sockets, n->record->args[0]);
		if (listener)
			network_tell(n, listener, (struct net_event){ .type = EVENT_ACCEPT, .error = error, .time = end_of(n->record) });
	}
	if (!n->syscall.succeeded || !syscall_out(&n->syscall, call_param(n->syscall.type, "opened_fd"), &fd))
		return;
	if (!noted_socket(n->record, SOCKET_ACCEPTED, &noted) || noted != fd) { /* recorded before there were notes */
		struct note unknown = { .kind = NOTE_SOCKET, .type = NET_STREAM, .state = SOCKET_ACCEPTED, .fd = (uint32_t)fd };
		network_follow_socket(n, &unknown);
	}
	const struct socket *socket = sockets_get(&n->sockets, fd);
	if (socket)
		network_tell(n, socket, (struct net_event){ .type = EVENT_ACCEPT, .time = end_of(n->record) });
}

void network_resolve(struct network *n)
{
	struct view name;
	bool unfinished = is_unfinished(n->record);
	if (error_of(n->record) == WASI_EFAULT || !syscall_input(&n->syscall, call_param(n->syscall.type, "node"), 0, &name))
		return;
	while (name.size && name.data[name.size - 1] == 0) /* some count the NUL */
		name.size--;
	if (name.size == 0)
		return;
	struct net_event event = { .type = EVENT_RESOLVE, .error = error_of(n->record), .name = name, .unfinished = unfinished };
	event.time = unfinished ? n->record->start : end_of(n->record);
	event.addresses = (const struct net_address *)n->addresses.data;
	event.address_count = (uint32_t)(n->addresses.size / sizeof(struct net_address));
	network_tell(n, NULL, event);
}
