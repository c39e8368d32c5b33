/*
 * From network events to exchanges: finds out what each connection speaks, feeds its decoder, and pairs what comes out.
 *
 * Memory is bounded: by the connections that are open, for each by what its decoder keeps, and by how far exchanges may be out of order.
 */
#pragma once

#include "trace/event.h"
#include "trace/exchange.h"

struct connections;

struct connections_options {
	struct decoder_options decoder;
	const struct protocol *const *protocols; /* ending with NULL */
	const struct protocol *forced;           /* every connection is taken to speak this one; NULL: their bytes tell */
};

/* All is borrowed. */
enum err connections_create(const struct connections_options *options, struct exchange_sink *to, struct connections **ret_connections);
void connections_destroy(struct connections *connections); /* NULL allowed */

/* Takes in the next event. */
enum err connections_event(struct connections *connections, const struct net_event *event);

/* Tells of the exchanges that are over though earlier ones are not. */
enum err connections_release(struct connections *connections);

/* No more events come: what is open is told of as it is. */
enum err connections_end(struct connections *connections, uint64_t time);
