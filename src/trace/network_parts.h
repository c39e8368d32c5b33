/* What the files that make network events share. */
#pragma once

#include "trace/network.h"
#include "trace/sockets.h"
#include "trace/values.h"

struct network {
	struct net_events *to;
	struct sockets sockets;
	struct buf data;      /* struct view: the buffers of a transfer */
	struct buf addresses; /* struct net_address: of a name */
	struct known_name *names;
	uint32_t names_next;
	/* Of the record under way. */
	const struct record *record;
	struct syscall syscall;
	struct note datagram; /* kind 0: there is none */
	bool failed;          /* a failure was told, and what the call itself failed with is the same */
	enum err err;
};

static inline uint64_t end_of(const struct record *record)
{
	return record->start + record->duration;
}

/* The errno of a call that returned one. */
static inline uint32_t error_of(const struct record *record)
{
	return record->finished && record->end == CALL_RETURNS ? record->result : 0;
}

/* Tells of an event of the record under way, on a socket or none, with what is known of it. */
void network_tell(struct network *network, const struct socket *socket, struct net_event event);

/* network_transfer.c: of a call on `socket`, which may be NULL, the buffers and the result's size are in the parameters of these names. */
void network_send(struct network *network, struct socket *socket, const char *iovs, const char *nwritten);
void network_receive(struct network *network, struct socket *socket, const char *iovs, bool peek);
