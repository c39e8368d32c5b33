/* What HTTP/1 knows of the protocol that follows it, behind 101 (Switching Protocols). */
#include "proto/http_parts.h"

/* The values of all fields of this name, with commas between. */
static size_t append_fields(struct buf *out, const struct http_head *head, const char *name)
{
	size_t before = out->size;
	struct view value;
	for (uint32_t at = 0; http_field(head, name, &at, &value);) {
		if (out->size > before)
			buf_append_text(out, ", ");
		buf_append(out, value.data, value.size);
	}
	return out->size - before;
}

static struct view trimmed(struct view text)
{
	while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = view_slice(text, 1, text.size);
	while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
		text.size--;
	return text;
}

/* Where several are listed, a server lists first what lies closest to HTTP (RFC 9110, section 7.8). */
static struct view first_listed(struct view list)
{
	const uint8_t *comma = list.size ? memchr(list.data, ',', list.size) : NULL;
	return trimmed(view_slice(list, 0, comma ? (size_t)(comma - list.data) : list.size));
}

void http_note_handover(struct decoder *d, const struct direction *response)
{
	static const struct http_head none = { 0 };
	const struct direction *client = &d->sides[SIDE_CLIENT];
	bool known = client->state == WAIT && client->exchange == response->exchange;
	const struct http_head *asked = known ? &client->parsed : &none, *answered = &response->parsed;
	struct buf *text = &d->handover_text;
	buf_clear(text);
	size_t protocol = append_fields(text, answered, "upgrade");
	if (protocol == 0)
		protocol = append_fields(text, asked, "upgrade");
	size_t extensions = append_fields(text, answered, "sec-websocket-extensions");
	if (extensions == 0)
		extensions = append_fields(text, asked, "http2-settings");
	buf_append(text, asked->method.data, asked->method.size);
	buf_append(text, asked->path.data, asked->path.size);
	if (text->failed) {
		d->err = buf_status(text);
		return;
	}
	struct view all = buf_view(text);
	d->handover.protocol = first_listed(view_slice(all, 0, protocol));
	d->handover.settings = view_slice(all, protocol, extensions);
	d->handover.method = view_slice(all, protocol + extensions, asked->method.size);
	d->handover.path = view_slice(all, protocol + extensions + asked->method.size, all.size);
}

bool http_handed(const struct decoder *d, struct handover *ret_handover)
{
	*ret_handover = d->handover;
	return d->handover.protocol.size != 0;
}
