/*
 * Network events: what happened on a guest's sockets, one after the other, made from the records of its calls.
 *
 * An event borrows from the record that it was made of. Memory is bounded by the number of open sockets.
 */
#pragma once

#include "base/view.h"
#include "wasi/net.h"

enum net_event_type {
	EVENT_CONNECT,  /* a connection was asked for (error 0 or EINPROGRESS), or failed, perhaps later */
	EVENT_ACCEPT,   /* peer connected to us */
	EVENT_SEND,
	EVENT_RECEIVE,  /* size 0 of a stream: its end */
	EVENT_SHUTDOWN, /* `sides` */
	EVENT_RESOLVE,  /* name; addresses, or an error */
	EVENT_LOST,     /* records are missing: what became of the connection is not known, nor what its descriptor is now; reason */
	EVENT_TLS,      /* a handshake that failed: error, reason; or, error 0, an end without close_notify */
	EVENT_GONE,     /* a socket for datagrams is closed: nothing that was done on a network, but the end of what was awaited there */
};

enum net_proto { PROTO_TCP, PROTO_UDP, PROTO_UNIX, PROTO_UNIX_DGRAM };

enum net_sides { SIDE_READ = 1, SIDE_WRITE = 2 };

struct net_event {
	uint64_t record; /* number of the record that tells of it */
	uint64_t time;   /* ns, wall clock: of the call's start, of an ACCEPT or RECEIVE its end. Never goes back */
	uint8_t type;    /* enum net_event_type */
	uint8_t proto;   /* enum net_proto */
	uint8_t sides;   /* of SHUTDOWN */
	bool peek;       /* the bytes will be received again: no decoder gets them */
	bool implied;    /* by a close, or the end of the process, rather than asked for */
	bool exit;       /* implied by the process's end */
	bool accepted;   /* the guest's side was connected to: it is the server. Of a datagram: not known */
	bool tls;        /* the host does TLS: the bytes are plain, the wire's are not */
	bool midway;     /* the socket was there before what was read of the recording */
	bool unfinished; /* the call was under way when the recording ends: what came of it is not known */
	bool truncated;  /* the datagram was longer */
	uint32_t error;  /* errno of WASI; 0: none */
	uint32_t fd;
	uint64_t socket; /* tells connections apart: never used again, whatever becomes of the descriptor's number */
	struct net_address local, peer;
	struct view name;   /* of RESOLVE, and of a peer that was found by a name; may be empty */
	struct view reason; /* of an error, in words; may be empty */
	const struct net_address *addresses; /* of RESOLVE */
	uint32_t address_count;
	uint64_t size; /* bytes sent or received: the sum of data */
	const struct view *data; /* one per iovec that held any */
	uint32_t data_count;
};

/* Nobody may keep an event beyond the call. */
struct net_events {
	enum err (*event)(struct net_events *to, const struct net_event *event);
};
