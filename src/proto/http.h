/*
 * HTTP/1.0 and 1.1 (RFC 9110, 9112), both sides of a connection.
 *
 * It reads what was really sent, not what should have been: lines may end in LF alone, targets may have blanks. Where two readers could
 * disagree about where a message ends (two lengths, a length that is no number) it stops and says so.
 */
#pragma once

#include "trace/message.h"

extern const struct protocol http_protocol;
