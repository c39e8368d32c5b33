/* Why something is missing, in the words that all decoders have for it. Failed memory is the buffer's, and the decoder's to look at. */
#pragma once

#include "base/buf.h"

/* What ended a connection: nothing but its end, if the reason is empty. */
void say_end(struct buf *out, struct view reason);

/* In place of a response that will not come. */
void say_no_response(struct buf *out, struct view reason);

/*
 * That the bytes from `from` up to `end`, counted from the connection's start, are not of the protocol, and the first of them; none are
 * shown if `first` is empty.
 */
void say_foreign(struct buf *out, const char *why, const char *protocol, uint64_t from, uint64_t end, struct view first);
