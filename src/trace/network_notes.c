/* What the host notes of a call: sockets, their failures, and names. */
#include "trace/network_parts.h"
#include "wasi/abi.h"

static void set_name(struct socket *socket, struct view name)
{
	socket->name_size = (uint8_t)(name.size < sizeof socket->name ? name.size : sizeof socket->name);
	if (socket->name_size)
		memcpy(socket->name, name.data, socket->name_size);
}

void network_remember_name(struct network *n, const struct net_address *address, struct view name)
{
	struct known_name *known = &n->names[n->names_next++ % NETWORK_NAMES];
	known->address = *address;
	known->address.port = 0;
	known->size = (uint8_t)(name.size < sizeof known->text ? name.size : sizeof known->text);
	if (known->size)
		memcpy(known->text, name.data, known->size);
}

void network_name_peer(const struct network *n, struct socket *socket)
{
	struct net_address address = socket->peer;
	address.port = 0;
	for (uint32_t i = 1; i <= NETWORK_NAMES; i++) { /* the last that was looked up first */
		const struct known_name *known = &n->names[(n->names_next - i) % NETWORK_NAMES];
		if (known->size == 0 || !net_address_equal(&known->address, &address))
			continue;
		set_name(socket, view_of(known->text, known->size));
		return;
	}
}

/* Whether a descriptor with this number, if there is one, is another from now on. */
static bool begins_anew(const struct network *n, const struct socket *socket, const struct note *note)
{
	bool opened = n->record && (n->record->call == CALL_sock_open || n->record->call == CALL_path_open);
	bool again = note->state == SOCKET_CONNECTS && socket->role == SOCKET_CONNECTS; /* a second connection of the same socket */
	return opened || again || note->state == SOCKET_ACCEPTED;
}

struct socket *network_follow_socket(struct network *n, const struct note *note)
{
	struct socket *socket = sockets_get(&n->sockets, note->fd);
	if (!socket || begins_anew(n, socket, note))
		socket = network_add_socket(n, note->fd);
	if (!socket)
		return NULL;
	socket->type = note->type;
	socket->role = note->state;
	socket->local = note->local;
	socket->peer = note->peer;
	socket->ended = false;
	socket->failure = 0;
	socket->name_size = 0;
	if (is_connection(socket))
		socket->open = SIDE_READ | SIDE_WRITE;
	if (socket->role == SOCKET_CONNECTS)
		network_name_peer(n, socket);
	return socket;
}

/* One that no descriptor is, as where a path could not be opened, or that was there before what is read: as the note has it. */
static struct socket socket_of_note(struct network *n, const struct note *note)
{
	struct socket socket = network_stranger(n, note->fd);
	socket.type = note->type;
	socket.local = note->local;
	socket.peer = note->peer;
	socket.midway = n->record->call != CALL_path_open;
	network_name_peer(n, &socket);
	return socket;
}

static void tell_of_failure(struct network *n, const struct note *note)
{
	struct socket *socket = sockets_get(&n->sockets, note->fd), room;
	if (!socket) {
		room = socket_of_note(n, note);
		socket = &room;
	}
	socket->open = 0;
	socket->failure = note->error;
	n->failed = true;
	network_tell(n, socket,
		(struct net_event){ .type = EVENT_CONNECT, .error = note->error, .reason = note->text, .time = end_of(n->record) });
}

static void follow_tls(struct network *n, const struct note *note)
{
	struct socket *socket = sockets_get(&n->sockets, note->fd), room;
	struct net_event event = { .type = EVENT_TLS, .error = note->error, .reason = note->text, .time = end_of(n->record) };
	if (!socket) {
		room = socket_of_note(n, note);
		socket = &room;
	}
	socket->tls = true;
	if (note->state == TLS_STARTED && socket->name_size == 0)
		set_name(socket, note->text);
	if (note->state == TLS_FAILED) {
		socket->failure = note->error;
		n->failed = true;
	}
	if (note->state == TLS_TRUNCATED && event.reason.size == 0)
		event.reason = view_text("ended without close_notify");
	if (note->state == TLS_FAILED || note->state == TLS_TRUNCATED)
		network_tell(n, socket, event);
}

void network_follow_notes(struct network *n)
{
	struct note note;
	buf_clear(&n->addresses);
	for (uint32_t i = 0; i < n->record->note_count; i++) {
		if (!note_decode(n->record->notes[i], &note))
			continue;
		switch (note.kind) {
		case NOTE_SOCKET: network_follow_socket(n, &note); break;
		case NOTE_DATAGRAM: n->datagram = note; break;
		case NOTE_FAILURE: tell_of_failure(n, &note); break;
		case NOTE_TLS: follow_tls(n, &note); break;
		case NOTE_RESOLVED:
			network_remember_name(n, &note.peer, note.text);
			buf_append(&n->addresses, &note.peer, sizeof note.peer);
			break;
		default: break;
		}
	}
}
