/*
 * HTTP/2 (RFC 9113), both sides of a connection, from its preface on or behind an upgrade from HTTP/1.1.
 *
 * Messages are told of when their stream ends them, so streams that run side by side come in the order of their ends. Fields are undone
 * as their bytes come: whatever a block of fields grows to, no more is kept than options allow.
 */
#pragma once

#include "trace/message.h"

extern const struct protocol http2_protocol;
