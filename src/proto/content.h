/* Content codings: gzip, deflate, br, zstd (RFC 9110, section 8.4.1). */
#pragma once

#include "base/buf.h"

/*
 * Undoes the codings that a Content-Encoding field lists, the last first, appending at most `max` bytes to `out`. Bytes that end early
 * give what there is of them. False: a coding is unknown or the bytes are not what it makes; `out` is then as it was. `ret_cut`: there was
 * more than `max`.
 */
bool content_decode(struct view codings, struct view bytes, uint64_t max, struct buf *out, bool *ret_cut);
