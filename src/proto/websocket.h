/*
 * WebSocket (RFC 6455), behind an upgrade of HTTP/1.1, with messages compressed (RFC 7692) or not.
 * Each message, of either side, stands alone; one in several frames is put together, and those of control between them are told of at
 * their time.
 *
 * Who has WebSocket within something else makes a decoder of it and feeds it what that carries; the sink gives numbers of its own to the
 * exchanges, which are numbered from 0 here:
 *
 *	struct handover handover = { .protocol = view_text("websocket"), .path = path, .settings = extensions of the response };
 *	options.handover = &handover;
 *	websocket_protocol.create(&options, &sink, &decoder);
 *
 * Without a handover (--protocol) nothing is known of what was agreed: what is marked as compressed is taken to be.
 */
#pragma once

#include "trace/message.h"

extern const struct protocol websocket_protocol;
