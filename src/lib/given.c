#include "lib/given.h"

#include "wasi/net.h"

/* Addresses that are none are not known: the manifest may come from anywhere. */
static struct note note_of(const struct manifest_socket *socket)
{
	struct note note = { .kind = NOTE_SOCKET, .type = NET_STREAM, .state = socket->listens ? SOCKET_LISTENS : SOCKET_CONNECTS };
	note.fd = (uint32_t)socket->fd;
	net_address_parse(socket->local, &note.local);
	net_address_parse(socket->peer, &note.peer);
	return note;
}

enum err given_descriptors(struct descriptors *descriptors, const struct manifest *manifest)
{
	enum { FIRST = 3 };
	for (size_t i = 0; i < manifest->dir_count; i++)
		TRY(descriptors_add(descriptors, (uint32_t)(FIRST + i), DESCRIPTOR_PREOPEN, manifest->dirs[i].guest));
	for (size_t i = 0; i < manifest->socket_count; i++) {
		struct note note = note_of(&manifest->sockets[i]);
		TRY(descriptors_add_socket(descriptors, &note));
	}
	return ERR_NONE;
}

enum err given_network(struct network *network, const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->socket_count; i++) {
		struct note note = note_of(&manifest->sockets[i]);
		TRY(network_add(network, &note));
	}
	return ERR_NONE;
}
