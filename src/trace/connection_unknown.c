/* A connection in which nobody found a protocol is an exchange of its own: nothing that was sent is left out. */
#include <stdlib.h>

#include "base/escape.h"
#include "trace/connection_parts.h"

static const char *proto_name(uint8_t proto)
{
	static const char *const names[] = { [PROTO_TCP] = "TCP", [PROTO_UDP] = "UDP", [PROTO_UNIX] = "UNIX", [PROTO_UNIX_DGRAM] = "UNIX" };
	return names[proto];
}

/* Of a side: what there is of it. */
static struct datum first_bytes(const struct connection *c, enum message_side side)
{
	struct datum bytes = datum_string(view_slice(waiting_view(&c->waiting[side]), 0, SHOWN_MAX));
	bytes.more = c->bytes[side] - bytes.text.size;
	return bytes;
}

static void print_first(struct buf *out, struct datum bytes, const char *who)
{
	buf_printf(out, ", %llu bytes from the %s", (unsigned long long)(bytes.text.size + bytes.more), who);
	if (bytes.text.size == 0)
		return;
	buf_append_text(out, " \"");
	escape_bytes(out, bytes.text, "");
	buf_append_text(out, bytes.more ? "\"..." : "\"");
}

enum err connection_tell_unknown(struct connection *c)
{
	struct connections *all = c->all;
	struct datum client = first_bytes(c, SIDE_CLIENT), server = first_bytes(c, SIDE_SERVER);
	const struct message_value attributes[] = {
		{ "client.bytes", datum_uint(c->bytes[SIDE_CLIENT]) },
		{ "client.first_bytes", client },
		{ "server.bytes", datum_uint(c->bytes[SIDE_SERVER]) },
		{ "server.first_bytes", server },
	};
	if (c->bytes[SIDE_CLIENT] + c->bytes[SIDE_SERVER] == 0)
		return ERR_NONE;
	buf_clear(&all->why);
	buf_append_text(&all->why, c->midway ? "unknown protocol, the beginning is missing" : "unknown protocol");
	print_first(&all->why, client, "client");
	print_first(&all->why, server, "server");
	TRY(buf_status(&all->why));
	struct held_exchange *held = calloc(1, sizeof *held);
	if (!held)
		return err_nomem();
	const char *protocol = proto_name(c->proto);
	struct message message = { .time = all->time, .end = all->time, .error = buf_view(&all->why), .protocol = view_text(protocol) };
	message.attributes = attributes;
	message.attribute_count = sizeof attributes / sizeof *attributes;
	message.body_bytes = c->bytes[SIDE_CLIENT] + c->bytes[SIDE_SERVER];
	enum err err = held_exchange_take(held, SIDE_CLIENT, &message, &all->memory);
	if (!err)
		return connection_put(c, held, protocol);
	held_exchange_destroy(held);
	return err;
}
