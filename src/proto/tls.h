/*
 * TLS that the connection's ends do by themselves (RFC 8446, 5246): who is asked for, what was agreed, alerts, and how many bytes went
 * each way. What is in them is encrypted. A connection is one exchange, which is told of at its end.
 */
#pragma once

#include "trace/message.h"

extern const struct protocol tls_protocol;
