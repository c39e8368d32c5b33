/*
 * The recorder: a layer that writes every call to a log, before and after the next layer acts, and the rest of what happens to a guest.
 */
#pragma once

#include "log/writer.h"
#include "wasi/call.h"

struct recorder {
	struct layer layer;
	struct call_output output;
	struct call_output *outer; /* of who listens above */
	struct log_writer *writer;
};

/* `recorder` is the caller's storage; `writer` and `next` are borrowed. */
void recorder_init(struct recorder *recorder, struct log_writer *writer, struct layer *next);
