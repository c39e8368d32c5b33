#include "emit/network.h"

#include "emit/format.h"
#include "emit/hexdump.h"
#include "wasi/call.h"

static const char *const type_names[] = {
	[EVENT_CONNECT] = "CONN",
	[EVENT_ACCEPT] = "ACCEPT",
	[EVENT_SEND] = "SEND",
	[EVENT_RECEIVE] = "RECV",
	[EVENT_SHUTDOWN] = "SHUT",
	[EVENT_RESOLVE] = "RESOLVE",
	[EVENT_LOST] = "LOST",
	[EVENT_TLS] = "TLS",
};

static const char *const proto_names[] = {
	[PROTO_TCP] = "TCP",
	[PROTO_UDP] = "UDP",
	[PROTO_UNIX] = "UNIX",
	[PROTO_UNIX_DGRAM] = "UNIX-DGRAM",
};

static bool has_bytes(const struct net_event *event)
{
	return event->type == EVENT_SEND || event->type == EVENT_RECEIVE;
}

static const char *sides_text(uint8_t sides)
{
	return sides == SIDE_READ ? "(r)" : sides == SIDE_WRITE ? "(w)" : "(rw)";
}

static void put_errno(struct buf *out, uint32_t error)
{
	const char *name = errno_name(error);
	if (name)
		format_text(out, name);
	else
		buf_printf(out, "errno %u", error);
}

static void put_reason(struct buf *out, const struct net_event *event)
{
	if (event->reason.size == 0)
		return;
	format_text(out, " (");
	format_escaped(out, event->reason, "");
	format_byte(out, ')');
}

/* From whom to whom: what is sent comes from here, what is received from there. */
static void put_link(struct buf *out, const struct net_event *event)
{
	bool truncated = event->type == EVENT_TLS && event->error == 0;
	bool inward = event->type == EVENT_RECEIVE || event->type == EVENT_ACCEPT || truncated;
	net_address_print(out, inward ? &event->peer : &event->local);
	format_text(out, " > ");
	net_address_print(out, inward ? &event->local : &event->peer);
}

static void put_resolved(struct buf *out, const struct net_event *event)
{
	format_text(out, "RESOLVE ");
	format_readable(out, event->name);
	format_text(out, " => ");
	if (event->error)
		put_errno(out, event->error);
	else if (event->unfinished)
		format_text(out, "unfinished");
	else if (event->address_count == 0)
		format_text(out, "nothing");
	for (uint32_t i = 0; i < event->address_count; i++) {
		format_text(out, i ? ", " : "");
		net_address_print_host(out, &event->addresses[i]);
	}
}

static void put_what(struct buf *out, const struct net_event *event)
{
	format_text(out, type_names[event->type]);
	if (event->type == EVENT_LOST) {
		put_reason(out, event);
		return;
	}
	format_byte(out, ' ');
	if (event->error) {
		put_errno(out, event->error);
	} else if (event->unfinished) {
		format_text(out, "unfinished");
	} else if (event->type == EVENT_SHUTDOWN) {
		format_text(out, sides_text(event->sides));
	} else if (event->type == EVENT_TLS) {
		format_text(out, "TRUNCATED");
	} else {
		format_text(out, "OK");
		if (has_bytes(event)) {
			format_byte(out, ' ');
			format_uint(out, event->size);
		}
	}
	put_reason(out, event);
	if (event->peek)
		format_text(out, " peek");
	if (event->truncated)
		format_text(out, " truncated");
	if (event->implied)
		format_text(out, event->exit ? " exit" : " close");
}

/* The bytes of all buffers, as one run. A row may have bytes of two. */
static void put_dump(struct buf *out, const struct net_event *event)
{
	uint8_t row[16];
	size_t used = 0;
	uint64_t offset = 0;
	format_byte(out, '\n');
	for (uint32_t i = 0; i < event->data_count; i++) {
		struct view left = event->data[i];
		while (left.size) {
			size_t whole = used ? 0 : left.size - left.size % sizeof row;
			struct view part = view_slice(left, 0, whole ? whole : sizeof row - used);
			left = view_slice(left, part.size, left.size);
			if (whole == 0) {
				if (part.size)
					memcpy(row + used, part.data, part.size);
				used += part.size;
				if (used < sizeof row)
					continue;
				part = view_of(row, sizeof row);
				used = 0;
			}
			hexdump_print(out, offset, part);
			offset += part.size;
		}
	}
	hexdump_print(out, offset, view_of(row, used));
	format_byte(out, '\n');
}

static enum err print_text(struct emitter *e, const struct network_options *options, const struct net_event *event)
{
	struct buf *out = e->out;
	if (options->verbose)
		buf_printf(out, "[%llu] ", (unsigned long long)event->record);
	format_local_time(out, event->time);
	format_byte(out, ' ');
	if (event->type == EVENT_RESOLVE) {
		put_resolved(out, event);
	} else {
		format_text(out, proto_names[event->proto]);
		format_byte(out, ' ');
		put_link(out, event);
		format_text(out, ": ");
		put_what(out, event);
	}
	format_byte(out, '\n');
	if (options->verbose && has_bytes(event) && event->size)
		put_dump(out, event);
	return output_end(e->output);
}

static void put_address(struct emitter *e, const char *key, const struct net_address *address)
{
	BUF_CLEANUP struct buf text = { 0 };
	if (address->family == NET_UNSPEC)
		return;
	net_address_print(&text, address);
	emit_key(e, key);
	emit_string(e, buf_view(&text));
}

static void put_data(struct emitter *e, const struct net_event *event)
{
	BUF_CLEANUP struct buf text = { 0 };
	emit_key(e, "size");
	emit_uint(e, event->size);
	emit_key(e, "data");
	emit_array_begin(e);
	for (uint32_t i = 0; i < event->data_count; i++) {
		buf_clear(&text);
		format_base64(&text, event->data[i]);
		emit_string(e, buf_view(&text));
	}
	emit_array_end(e);
}

static void put_flag(struct emitter *e, const char *key, bool value)
{
	if (!value)
		return;
	emit_key(e, key);
	emit_bool(e, true);
}

static void put_error_fields(struct emitter *e, const struct net_event *event)
{
	BUF_CLEANUP struct buf name = { 0 };
	if (event->error) {
		put_errno(&name, event->error);
		emit_key(e, "error");
		emit_string(e, buf_view(&name));
	}
	put_flag(e, "unfinished", event->unfinished);
	if (event->reason.size) {
		emit_key(e, "reason");
		emit_string(e, event->reason);
	}
}

static void put_addresses(struct emitter *e, const struct net_event *event)
{
	BUF_CLEANUP struct buf text = { 0 };
	emit_key(e, "addresses");
	emit_array_begin(e);
	for (uint32_t i = 0; i < event->address_count; i++) {
		buf_clear(&text);
		net_address_print_host(&text, &event->addresses[i]);
		emit_string(e, buf_view(&text));
	}
	emit_array_end(e);
}

static void put_sides(struct emitter *e, uint8_t sides)
{
	emit_key(e, "sides");
	emit_array_begin(e);
	if (sides & SIDE_READ)
		emit_text(e, "read");
	if (sides & SIDE_WRITE)
		emit_text(e, "write");
	emit_array_end(e);
}

static void put_socket(struct emitter *e, const struct net_event *event)
{
	emit_key(e, "proto");
	emit_text(e, proto_names[event->proto]);
	put_error_fields(e, event);
	emit_key(e, "fd");
	emit_uint(e, event->fd);
	emit_key(e, "socket");
	emit_uint(e, event->socket);
	put_address(e, "addr", &event->local);
	put_address(e, "peer", &event->peer);
	if (event->name.size) {
		emit_key(e, "name");
		emit_string(e, event->name);
	}
	put_flag(e, "tls", event->tls);
	put_flag(e, "midway", event->midway);
	if (event->type == EVENT_SHUTDOWN) {
		put_sides(e, event->sides);
		put_flag(e, "implied", event->implied);
		put_flag(e, "exit", event->exit);
	}
	put_flag(e, "peek", event->peek);
	put_flag(e, "truncated", event->truncated);
	if (has_bytes(event))
		put_data(e, event);
}

static enum err print_object(struct emitter *e, const struct net_event *event)
{
	emit_begin(e);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "record");
	emit_uint(e, event->record);
	emit_key(e, "time");
	emit_time(e, event->time);
	emit_key(e, "type");
	emit_text(e, type_names[event->type]);
	if (event->type == EVENT_RESOLVE) {
		put_error_fields(e, event);
		emit_key(e, "name");
		emit_string(e, event->name);
		put_addresses(e, event);
	} else {
		put_socket(e, event);
	}
	emit_object_end(e);
	return emit_end(e);
}

enum err network_print(struct emitter *e, const struct network_options *options, const struct net_event *event)
{
	if (event->type == EVENT_GONE)
		return ERR_NONE;
	return emit_is_text(e) ? print_text(e, options, event) : print_object(e, event);
}
