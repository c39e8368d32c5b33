/* The sockets that a guest has open, by descriptor, as the records of its calls tell of them. */
#pragma once

#include "base/err.h"
#include "wasi/net.h"

enum { SOCKET_NAME_MAX = 255 };

struct socket {
	uint64_t id; /* never used again */
	uint32_t fd;
	uint8_t type;  /* enum net_type */
	uint8_t role;  /* enum socket_role */
	uint8_t open;  /* enum net_sides: those of a connection that nobody has shut */
	bool tls;
	bool ended;    /* the peer sends no more, and the guest knows */
	bool midway;
	bool doubtful; /* records are missing, and nothing has been heard of it since: it may be gone */
	uint8_t name_size;
	uint16_t failure; /* the errno that it failed with, which was told; 0: none. Later calls may return it again */
	struct net_address local, peer;
	char name[SOCKET_NAME_MAX]; /* the peer's, where it was found by one */
};

/* All zero is empty and valid. */
struct sockets {
	struct socket **slots; /* by descriptor */
	uint32_t capacity;
	uint64_t made; /* how many there have been */
};

void sockets_finish(struct sockets *sockets);

/* NULL: there is none of this number. */
struct socket *sockets_get(const struct sockets *sockets, uint64_t fd);

/* A new one, in place of any of the same number; NULL past the limit, and where there is no memory. */
struct socket *sockets_add(struct sockets *sockets, uint64_t fd);
void sockets_remove(struct sockets *sockets, uint64_t fd);

/* `to` becomes what `from` is, which may be no socket; `from` is gone. */
void sockets_renumber(struct sockets *sockets, uint64_t from, uint64_t to);
