/* gRPC on HTTP/2: what a request and its response say beyond HTTP, as the messages in their bodies and a status among the trailers. */
#pragma once

#include "base/arena.h"
#include "proto/parts.h"

struct grpc {
	struct parts parts;
	struct arena arena;
	struct buf decoded, text;
};

void grpc_finish(struct grpc *grpc);

/* Whether the content of a message of HTTP/2 is gRPC's. */
bool grpc_is(const struct message *message);

/*
 * Has the message say it, instead of its body, until the next one; `body_max` bytes of what was compressed are undone, and nothing is said
 * of the body if `lines`. False: there was no memory.
 */
bool grpc_tell(struct grpc *grpc, struct message *message, uint64_t body_max, bool lines);
