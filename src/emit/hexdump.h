/* Bytes as `hexdump -v -C` shows them, without the last line that has the offset alone. */
#pragma once

#include "base/buf.h"

/* Rows of 16 bytes, the first of them number `offset`; a short row is padded up to its text. */
void hexdump_print(struct buf *out, uint64_t offset, struct view bytes);
