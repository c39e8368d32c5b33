#include "cli/given.h"

#include "wasi/net.h"

enum err given_sockets(const struct option_list *listen, const struct option_list *dial, struct arena *arena,
	const struct host_socket **ret_sockets)
{
	struct host_socket *sockets = ARENA_ARRAY(arena, struct host_socket, listen->count + dial->count);
	if (!sockets)
		return err_nomem();
	for (size_t i = 0; i < listen->count; i++)
		sockets[i] = (struct host_socket){ listen->items[i], true };
	for (size_t i = 0; i < dial->count; i++)
		sockets[listen->count + i] = (struct host_socket){ dial->items[i], false };
	*ret_sockets = sockets;
	return ERR_NONE;
}

static enum err print_address(struct arena *arena, const struct net_address *address, struct view *ret_text)
{
	BUF_CLEANUP struct buf text = { 0 };
	if (address->family != NET_UNSPEC)
		net_address_print(&text, address);
	const char *copy = arena_text(arena, buf_view(&text));
	*ret_text = view_of(copy, text.size);
	return copy && !buf_status(&text) ? ERR_NONE : err_nomem();
}

enum err given_made(const struct host *host, uint32_t first, size_t count, struct arena *arena, const struct manifest_socket **ret_sockets)
{
	struct manifest_socket *sockets = ARENA_ARRAY(arena, struct manifest_socket, count);
	if (!sockets)
		return err_nomem();
	for (uint32_t i = 0; i < count; i++) {
		struct note note = { 0 };
		host_socket_note(host, first + i, &note);
		sockets[i] = (struct manifest_socket){ .fd = first + i, .listens = note.state == SOCKET_LISTENS };
		TRY(print_address(arena, &note.local, &sockets[i].local));
		TRY(print_address(arena, &note.peer, &sockets[i].peer));
	}
	*ret_sockets = sockets;
	return ERR_NONE;
}
