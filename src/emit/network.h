/*
 * The network trace: an event as a line, with its bytes where they are asked for, or as an object of JSON or YAML
 * (docs/network-trace.schema.json).
 */
#pragma once

#include "emit/emitter.h"
#include "trace/event.h"

struct network_options {
	bool verbose; /* text: record numbers, and the bytes */
};

/* Prints an event as a document of the emitter. ERR_END when nobody reads any more. */
enum err network_print(struct emitter *emitter, const struct network_options *options, const struct net_event *event);
