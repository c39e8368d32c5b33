#include "trace/sockets.h"

#include <stdlib.h>

#include "trace/network.h"

void sockets_finish(struct sockets *sockets)
{
	for (uint32_t i = 0; i < sockets->capacity; i++)
		free(sockets->slots[i]);
	free(sockets->slots);
	*sockets = (struct sockets){ 0 };
}

struct socket *sockets_get(const struct sockets *sockets, uint64_t fd)
{
	return fd < sockets->capacity ? sockets->slots[fd] : NULL;
}

/* Room for the number: descriptors are small numbers, the lowest that is free. */
static bool make_room(struct sockets *sockets, uint64_t fd)
{
	uint32_t capacity = sockets->capacity ? sockets->capacity : 16;
	if (fd < sockets->capacity)
		return true;
	if (fd >= NETWORK_SOCKETS_MAX)
		return false;
	while (capacity <= fd)
		capacity *= 2;
	struct socket **slots = realloc(sockets->slots, capacity * sizeof(struct socket *));
	if (!slots)
		return false;
	memset(slots + sockets->capacity, 0, (capacity - sockets->capacity) * sizeof(struct socket *));
	sockets->slots = slots;
	sockets->capacity = capacity;
	return true;
}

struct socket *sockets_add(struct sockets *sockets, uint64_t fd)
{
	if (!make_room(sockets, fd))
		return NULL;
	if (!sockets->slots[fd])
		sockets->slots[fd] = malloc(sizeof(struct socket));
	struct socket *socket = sockets->slots[fd];
	if (socket)
		*socket = (struct socket){ .id = sockets->made++, .fd = (uint32_t)fd };
	return socket;
}

void sockets_remove(struct sockets *sockets, uint64_t fd)
{
	if (fd >= sockets->capacity)
		return;
	free(sockets->slots[fd]);
	sockets->slots[fd] = NULL;
}

void sockets_renumber(struct sockets *sockets, uint64_t from, uint64_t to)
{
	struct socket *moved = sockets_get(sockets, from);
	if (from == to)
		return;
	sockets_remove(sockets, to);
	if (!moved)
		return;
	if (!make_room(sockets, to)) {
		sockets_remove(sockets, from);
		return;
	}
	sockets->slots[from] = NULL;
	sockets->slots[to] = moved;
	moved->fd = (uint32_t)to;
}
