/* Bytes as text that C reads back. */
#pragma once

#include "base/buf.h"

/*
 * Bytes with the escapes of C, between no quotes: what is not printable ASCII becomes \n and its like or octal, the shortest that the
 * next byte does not change. Quotes and backslashes are escaped too, and so are the bytes of `also`.
 */
void escape_bytes(struct buf *out, struct view bytes, const char *also);
