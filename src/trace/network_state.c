/* What is known of sockets, into a checkpoint and out of one. */
#include "trace/checkpoint.h"
#include "trace/network_parts.h"

static void save_number(enum checkpoint_item item, uint32_t fd, uint64_t number, struct buf *to)
{
	struct checkpoint_entry entry = { .item = (uint8_t)item, .fd = fd };
	checkpoint_put(to, &entry, view_of(&number, sizeof number));
}

static void save_socket(const struct socket *socket, struct buf *to)
{
	struct note note = { .kind = NOTE_SOCKET,
		.type = socket->type,
		.state = socket->role,
		.fd = socket->fd,
		.local = socket->local,
		.peer = socket->peer };
	struct checkpoint_entry entry = { .item = ITEM_SOCKET,
		.kind = socket->open,
		.flags = (socket->tls ? CHECKPOINT_TLS : 0) | (socket->ended ? CHECKPOINT_ENDED : 0),
		.fd = socket->fd,
		.failure = socket->failure };
	checkpoint_put_note(to, &note);
	checkpoint_put(to, &entry, view_of(socket->name, socket->name_size));
	save_number(ITEM_SOCKET_NUMBER, socket->fd, socket->id, to);
}

void network_save(const struct network *n, struct buf *to)
{
	for (uint32_t i = 0; i < NETWORK_NAMES; i++) { /* the oldest first */
		const struct known_name *known = &n->names[(n->names_next + i) % NETWORK_NAMES];
		struct note note = { .kind = NOTE_RESOLVED, .peer = known->address, .text = view_of(known->text, known->size) };
		if (known->size)
			checkpoint_put_note(to, &note);
	}
	for (uint32_t fd = 0; fd < n->sockets.capacity; fd++) {
		if (n->sockets.slots[fd])
			save_socket(n->sockets.slots[fd], to);
	}
	save_number(ITEM_SOCKET_COUNT, 0, n->sockets.made, to);
}

static enum err load_socket(struct network *n, const struct note *note)
{
	struct socket *socket = sockets_add(&n->sockets, note->fd);
	if (!socket)
		return note->fd < NETWORK_SOCKETS_MAX ? err_nomem() : ERR_NONE;
	socket->type = note->type;
	socket->role = note->state;
	socket->local = note->local;
	socket->peer = note->peer;
	socket->midway = true;
	return ERR_NONE;
}

static void load_rest(struct network *n, struct view item)
{
	struct checkpoint_entry entry;
	struct view name;
	struct socket *socket = checkpoint_entry(item, &entry, &name) ? sockets_get(&n->sockets, entry.fd) : NULL;
	if (!socket || name.size > sizeof socket->name)
		return;
	socket->open = entry.kind & (SIDE_READ | SIDE_WRITE);
	socket->tls = entry.flags & CHECKPOINT_TLS;
	socket->ended = entry.flags & CHECKPOINT_ENDED;
	socket->failure = entry.failure;
	socket->name_size = (uint8_t)name.size;
	if (name.size)
		memcpy(socket->name, name.data, name.size);
}

/* Recordings of old have no numbers: then sockets are counted from here on. */
static void load_socket_number(struct network *n, struct view item)
{
	struct checkpoint_entry entry;
	struct view bytes;
	uint64_t number;
	if (!checkpoint_entry(item, &entry, &bytes) || bytes.size != sizeof number)
		return;
	memcpy(&number, bytes.data, sizeof number);
	struct socket *socket = sockets_get(&n->sockets, entry.fd);
	if (entry.item == ITEM_SOCKET_COUNT)
		n->sockets.made = number;
	else if (socket)
		socket->id = number;
}

enum err network_load(struct network *n, struct view checkpoint)
{
	struct view item;
	struct note note;
	for (uint32_t fd = 0; fd < n->sockets.capacity; fd++)
		sockets_remove(&n->sockets, fd);
	while (checkpoint_item(&checkpoint, &item)) {
		if (item.data[0] == ITEM_SOCKET)
			load_rest(n, item);
		else if (item.data[0] == ITEM_SOCKET_NUMBER || item.data[0] == ITEM_SOCKET_COUNT)
			load_socket_number(n, item);
		else if (!note_decode(item, &note))
			continue;
		else if (note.kind == NOTE_SOCKET)
			TRY(load_socket(n, &note));
		else if (note.kind == NOTE_RESOLVED)
			network_remember_name(n, &note.peer, note.text);
	}
	n->resumes = true;
	return ERR_NONE;
}
