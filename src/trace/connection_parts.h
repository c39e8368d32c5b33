/* What the files that follow connections share. */
#pragma once

#include "base/buf.h"
#include "trace/connections.h"
#include "trace/ordering.h"

enum {
	BUCKETS = 4096,
	PIECES_MAX = 64,        /* that are remembered with their times while the protocol is not known */
	FIRST_MAX = 16 << 10,   /* bytes of a side that are kept for that */
	HELD_MAX = 1 << 20,     /* bytes that wait for the other side */
	SHOWN_MAX = 32,         /* of the first bytes of what nobody knows */
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

struct connection {
	struct message_sink sink;
	struct connections *all;
	struct connection *next; /* in its bucket */
	uint64_t socket;
	uint8_t proto; /* enum net_proto */
	bool accepted;
	enum phase phase;
	const struct protocol *protocol;
	struct decoder *decoder;
	struct net_address client, server;
	struct buf name;
	struct buf first[2];   /* PROBING, UNKNOWN: the first bytes; DECODING: those that wait for the other side */
	uint64_t bytes[2];
	struct piece pieces[PIECES_MAX];
	uint32_t piece_count;
	struct held_exchange **open; /* by number, from `open_first` on; those that are over are NULL */
	uint64_t open_first;
	uint32_t open_count, open_capacity;
};

struct connections {
	struct connections_options options;
	struct ordering ordering;
	struct connection *buckets[BUCKETS];
	uint64_t record, time; /* of the event under way */
	struct buf why;
	enum err err; /* of what a decoder told */
};

/* connection_feed.c: bytes that one side sent go to the decoder, which is found by the first of them. */
enum err connection_feed(struct connection *c, enum message_side side, struct view bytes, uint64_t time);
void connection_drop_decoder(struct connection *c);
