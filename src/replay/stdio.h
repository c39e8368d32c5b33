/*
 * Shows what a guest writes to its standard output and error, in a replay: a layer above the replayer, which itself touches nothing.
 */
#pragma once

#include "wasi/call.h"

struct stdio_layer {
	struct layer layer;
	uint32_t fds[3];  /* of the guest, that stand for its stdin, stdout and stderr */
	bool open[3];
};

/* `stdio` is the caller's storage. */
void stdio_layer_init(struct stdio_layer *stdio, struct layer *next);
