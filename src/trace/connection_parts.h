/* What the files that follow connections share. */
#pragma once

#include "base/buf.h"
#include "trace/connections.h"
#include "trace/ordering.h"

enum {
	BUCKETS = 4096,
	FIRST_MAX = 16 << 10,   /* bytes of a side that are kept while the protocol is not known */
	TURNS_MAX = 64,         /* times that the sides take turns in them */
	HELD_MAX = 1 << 20,     /* bytes that wait for the other side */
	HANDED_MAX = 8,         /* times that a connection becomes another protocol's */
	SHOWN_MAX = 32,         /* of the first bytes of what nobody knows */
	MEMORY_MAX = 64 << 20,  /* that bodies have, of all connections */
	FLOWS_MAX = 4096,       /* of datagrams; who was silent for longest gives way */
};

enum phase {
	PROBING,
	DECODING,
	UNKNOWN,
	LOST, /* it could not be followed any more; that was told */
};

/* Bytes as they came, for a decoder that is found later. */
struct piece {
	enum message_side side;
	size_t size;
	uint64_t time, record;
};

/* PROBING, UNKNOWN: the first bytes of a side; DECODING: those that wait for the other side. Those before `taken` are done with. */
struct waiting {
	struct buf bytes;
	size_t taken;
};

struct connection {
	struct message_sink sink;
	struct connections *all;
	struct connection *next; /* in its bucket */
	uint64_t socket;
	uint8_t proto; /* enum net_proto */
	bool accepted;
	bool midway;    /* what came before is not known */
	bool closed[2]; /* the side sends no more */
	uint8_t handed; /* so many times */
	enum phase phase;
	const struct protocol *protocol;
	struct decoder *decoder;
	struct net_address client, server;
	struct buf name;
	struct waiting waiting[2];
	uint64_t bytes[2];
	struct buf pieces;           /* PROBING: struct piece */
	uint32_t turns;              /* PROBING: that the sides took */
	struct held_exchange **open; /* by number, from `open_first` on; those that are over are NULL */
	uint64_t open_first;
	uint32_t open_count, open_capacity;
	uint32_t open_over;          /* the first ones, so many, are over */
	struct connection *before, *after; /* of a flow: that was used before, and after it */
};

/* Datagrams between a socket and a peer. */
struct flows {
	struct connection *buckets[BUCKETS];
	struct connection *first, *last; /* the last one was used last */
	uint32_t count;
	struct buf datagram; /* whole, where it was in pieces */
};

struct connections {
	struct connections_options options;
	struct message_memory memory;
	struct ordering ordering;
	struct connection *buckets[BUCKETS];
	struct flows flows;
	uint64_t record, time; /* of the event under way */
	struct buf why;
	enum err err; /* of what a decoder told */
};

static inline struct view waiting_view(const struct waiting *waiting)
{
	return view_slice(buf_view(&waiting->bytes), waiting->taken, waiting->bytes.size);
}

/* connections.c */
struct connection *connection_create(struct connections *all, const struct net_event *event, bool accepted); /* NULL: no memory */
void connection_destroy(struct connection *c);
void connection_learn(struct connection *c, const struct net_event *event); /* whom it is between */
enum err connection_end(struct connection *c, struct view own_reason, struct view peer_reason);
bool connection_is_end(const struct net_event *event);
void connection_say_error(struct buf *reason, const struct net_event *event);

/* flows.c */
enum err flows_event(struct flows *flows, struct connections *all, const struct net_event *event);
enum err flows_end(struct flows *flows, struct view reason); /* of all of them */
void flows_finish(struct flows *flows);

/* connection_feed.c: bytes that one side sent go to the decoder, which is found by the first of them. */
enum err connection_feed(struct connection *c, enum message_side side, struct view bytes, uint64_t time);
enum err connection_close(struct connection *c, enum message_side side, struct view reason);
enum err connection_settle(struct connection *c); /* no more will tell its protocol: what says yes, or nobody knows it */
void connection_drop_decoder(struct connection *c);
enum err connection_create_decoder(struct connection *c, const struct protocol *protocol, const struct handover *handover,
	struct decoder **ret_decoder);

/* connection_unknown.c: tells of what was sent, once. */
enum err connection_tell_unknown(struct connection *c);

/* The exchange is the ordering's, or is no more. */
enum err connection_put(struct connection *c, struct held_exchange *held, const char *protocol);
