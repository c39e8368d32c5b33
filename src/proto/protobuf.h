/* Messages of Protocol Buffers as they are on the wire, for who does not know their type: fields have numbers, and no names. */
#pragma once

#include "base/arena.h"
#include "trace/datum.h"

/*
 * A map of the fields by their numbers, in that order; of a field that is there more than once, an array. Numbers are as the wire has them:
 * what is zigzag-coded, negative or a double looks like a large number. What has a length is text if it looks like text, or else a message
 * if it can be one, or else bytes. It borrows the bytes, and is in the arena. False: it is no message, or there is no memory, which
 * `ret_failed` says.
 */
bool protobuf_fields(struct arena *arena, struct view bytes, struct datum *ret_map, bool *ret_failed);
