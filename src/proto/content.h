/* Content codings: gzip, deflate, br, zstd (RFC 9110, section 8.4.1). */
#pragma once

#include "base/buf.h"

/*
 * Undoes codings, listed in the order in which they were applied with commas between, appending at most `max` bytes to `out`. False: one
 * is unknown or the bytes are not what it makes; `out` is then as it was. `ret_cut`: what was appended is not all, because there was more
 * than `max`, or because the bytes end early or go wrong.
 */
bool content_decode(struct view codings, struct view bytes, uint64_t max, struct buf *out, bool *ret_cut);
