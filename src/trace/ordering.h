/*
 * Puts exchanges in the order of their times. They end in another order than their responses begin: one that has ended waits for those
 * whose responses began before its own, but not for more than ORDERING_MAX bytes of others.
 */
#pragma once

#include "trace/exchange.h"

enum { ORDERING_MAX = 8 << 20 };

/* One that is under way, or waits. Its messages' bytes are its own. */
struct held_exchange {
	struct exchange exchange;
	uint64_t order;         /* among those of the same time */
	size_t size;
	struct message_memory *memory; /* that bodies are taken from */
	uint64_t taken;
	void *bytes[3];         /* of the request, of the response, of the name */
	void *typed[2];         /* values of the request, of the response */
	bool begun;             /* it is in the list of those whose responses have begun */
	struct held_exchange *before, *after;
};

struct ordering {
	struct exchange_sink *to;
	struct held_exchange *first, *last; /* whose responses have begun, and which have not ended */
	struct held_exchange **heap;        /* those that have ended */
	uint32_t count, capacity;
	size_t size;
	uint64_t next_order;
};

void ordering_finish(struct ordering *ordering);
void held_exchange_destroy(struct held_exchange *held);

/* A message for one of its sides, copied; its body only if there is memory left. */
enum err held_exchange_take(struct held_exchange *held, enum message_side side, const struct message *message,
	struct message_memory *memory);

/* Its response begins, now; once more, if what began was not it. */
void ordering_begin(struct ordering *ordering, struct held_exchange *held, uint64_t time);

/* What began was none. */
void ordering_take_back(struct ordering *ordering, struct held_exchange *held);

/* It has ended, and is the ordering's. */
enum err ordering_put(struct ordering *ordering, struct held_exchange *held);

/* Tells of those that need not wait; `all`: of every one. */
enum err ordering_release(struct ordering *ordering, bool all);
