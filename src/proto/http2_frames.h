/* Frames of HTTP/2, header and payload, as their bytes come. */
#pragma once

#include "proto/http2_parts.h"

/* Takes a part of what there is, at least a byte where there is one to take. */
size_t http2_feed_part(struct decoder *d, enum message_side side, struct view bytes, uint64_t time);
void http2_bad(struct direction *s, const char *why);
