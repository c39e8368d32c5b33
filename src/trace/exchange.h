/*
 * Exchanges: a request with its response, or with an error in place of either. Made from the messages of all connections, told of in the
 * order of the first bytes of their responses.
 */
#pragma once

#include "trace/message.h"
#include "wasi/net.h"

struct exchange_side {
	bool present;          /* a message came, perhaps not whole */
	struct message message; /* message.error: why it is not whole, or why there is none */
};

struct exchange {
	const char *protocol; /* "HTTP"; of a connection whose protocol is not known, "TCP", ... */
	uint64_t record;      /* number of the record that brought the first byte of the response, else of the one that ended it */
	uint64_t time;        /* of that byte, else of the error */
	struct net_address client, server;
	struct view server_name; /* where it was found by one; may be empty */
	bool accepted;           /* the process is the server */
	struct exchange_side request, response;
};

struct exchange_sink {
	enum err (*exchange)(struct exchange_sink *sink, const struct exchange *exchange); /* borrowed for the call */
};
