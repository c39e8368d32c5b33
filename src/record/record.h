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
	struct view environ;    /* what environ_get wrote, as the recording is to have it; without data: as it is */
	uint32_t environ_spans; /* that it is still to write, its table and its bytes: 0 in other calls */
};

/* `recorder` is the caller's storage; `writer` and `next` are borrowed. */
void recorder_init(struct recorder *recorder, struct log_writer *writer, struct layer *next);

/* The recording gets these bytes in place of what environ_get writes: as many, borrowed, each variable with a NUL behind it. */
void recorder_withhold(struct recorder *recorder, struct view environ);
