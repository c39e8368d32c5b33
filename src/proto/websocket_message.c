/* Messages of WebSocket: they begin, grow, and are told of. */
#include "proto/websocket_parts.h"

struct close_code {
	uint16_t code;
	const char *name;
};

/* RFC 6455, section 7.4.1, and IANA's registry. */
static const struct close_code close_codes[] = {
	{ 1000, "normal closure" },
	{ 1001, "going away" },
	{ 1002, "protocol error" },
	{ 1003, "unsupported data" },
	{ 1005, "no status received" },
	{ 1006, "abnormal closure" },
	{ 1007, "invalid data" },
	{ 1008, "policy violation" },
	{ 1009, "message too big" },
	{ 1010, "mandatory extension" },
	{ 1011, "internal error" },
	{ 1012, "service restart" },
	{ 1013, "try again later" },
	{ 1014, "bad gateway" },
	{ 1015, "TLS handshake" },
};

/* What a message is told with. Borrows from it. */
struct words {
	struct datum line[4];
	struct message_value parts[2], attributes[8];
	uint32_t line_count, part_count, attribute_count;
};

void websocket_begin(struct decoder *d, struct direction *s, struct incoming *m, uint8_t opcode)
{
	*m = (struct incoming){
		.open = true, .opcode = opcode, .exchange = d->exchanges++, .time = s->time, .end = s->time, .kept = m->kept
	};
	if (!d->err)
		d->err = d->sink->begun(d->sink, m->exchange, s->time);
}

/* As far as the limits allow, and without a gap. */
void websocket_keep(struct decoder *d, struct incoming *m, struct view bytes)
{
	uint64_t max = (d->options.body_max > LINE_KEPT ? d->options.body_max : LINE_KEPT) + CHARACTER_MAX;
	bool whole = m->kept.size == m->size;
	m->size += bytes.size;
	if (!whole)
		return;
	struct view kept = view_slice(bytes, 0, max - m->kept.size);
	uint64_t spare = m->kept.size < LINE_KEPT ? LINE_KEPT - m->kept.size : 0, *left = &d->options.memory->left;
	if (kept.size > spare && kept.size - spare > *left)
		kept.size = spare + *left;
	buf_append(&m->kept, kept.data, kept.size);
	if (m->kept.failed) {
		d->err = d->err ? d->err : err_nomem();
		return;
	}
	uint64_t taken = kept.size > spare ? kept.size - spare : 0;
	m->taken += taken;
	*left -= taken;
}

void websocket_drop(struct decoder *d, struct incoming *m)
{
	d->options.memory->left += m->taken;
	m->taken = 0;
	m->open = false;
	if (m->kept.capacity > STORAGE_MAX)
		buf_finish(&m->kept);
	else
		buf_clear(&m->kept);
}

static const char *opcode_word(uint8_t opcode)
{
	switch (opcode) {
	case TEXT: return "TEXT";
	case BINARY: return "BINARY";
	case CLOSE: return "CLOSE";
	case PING: return "PING";
	default: return "PONG";
	}
}

static const char *opcode_name(uint8_t opcode)
{
	switch (opcode) {
	case TEXT: return "text";
	case BINARY: return "binary";
	case CLOSE: return "close";
	case PING: return "ping";
	default: return "pong";
	}
}

static void add_part(struct words *w, const char *name, struct datum value)
{
	w->parts[w->part_count++] = (struct message_value){ name, value };
}

static void add_attribute(struct words *w, const char *name, struct datum value)
{
	w->attributes[w->attribute_count++] = (struct message_value){ name, value };
}

static const char *close_name(uint16_t code)
{
	for (size_t i = 0; i < sizeof close_codes / sizeof *close_codes; i++) {
		if (close_codes[i].code == code)
			return close_codes[i].name;
	}
	return NULL;
}

/* A code, or nothing at all, and a reason. */
static uint16_t fill_close(struct words *w, struct view payload, struct buf *text)
{
	if (payload.size < 2) {
		if (payload.size)
			w->line[w->line_count++] = datum_string(payload);
		return 0;
	}
	uint16_t code = (uint16_t)(payload.data[0] << 8 | payload.data[1]);
	const char *name = close_name(code);
	struct datum reason = datum_string(view_slice(payload, 2, payload.size));
	w->line[w->line_count++] = datum_uint(code);
	add_part(w, "code", datum_uint(code));
	add_attribute(w, "websocket.close.code", datum_uint(code));
	if (name) {
		buf_clear(text);
		buf_printf(text, "(%s)", name);
		w->line[w->line_count++] = datum_word(buf_view(text));
	}
	if (reason.text.size == 0)
		return code;
	w->line[w->line_count++] = reason;
	add_part(w, "reason", reason);
	add_attribute(w, "websocket.close.reason", reason);
	return code;
}

/* At most so many bytes of what was kept. */
static struct datum first_of(const struct incoming *m, uint64_t max)
{
	struct datum datum = datum_first(datum_string(buf_view(&m->kept)), max);
	datum.more += m->size - m->kept.size;
	return datum;
}

static void fill_payload(struct words *w, const struct incoming *m, uint64_t max)
{
	if (m->raw)
		w->line[w->line_count++] = datum_keyword("(deflated)");
	if (m->size || m->opcode == TEXT)
		w->line[w->line_count++] = first_of(m, LINE_KEPT);
	if (m->size && max)
		add_part(w, m->opcode == TEXT && !m->raw ? "text" : "data", first_of(m, max));
}

static void fill_attributes(struct words *w, const struct decoder *d, const struct incoming *m)
{
	struct view path = buf_view(&d->path);
	const uint8_t *query = path.size ? memchr(path.data, '?', path.size) : NULL;
	add_attribute(w, "websocket.opcode", datum_keyword(opcode_name(m->opcode)));
	add_attribute(w, "websocket.message.size", datum_uint(m->size));
	if (m->compressed)
		add_attribute(w, "websocket.message.compressed_size", datum_uint(m->sent));
	if (m->frames > 1)
		add_attribute(w, "websocket.message.frames", datum_uint(m->frames));
	if (path.size)
		add_attribute(w, "url.path", datum_string(view_slice(path, 0, query ? (size_t)(query - path.data) : path.size)));
}

static bool is_failure(uint16_t code)
{
	return code && code != 1000 && code != 1001 && code != 1005;
}

void websocket_tell(struct decoder *d, struct direction *s, struct incoming *m, struct view error)
{
	BUF_CLEANUP struct buf name = { 0 };
	struct words w = { 0 };
	uint16_t code = 0;
	w.line[w.line_count++] = datum_keyword(opcode_word(m->opcode));
	if (!d->options.lines)
		fill_attributes(&w, d, m);
	if (m->opcode == CLOSE)
		code = fill_close(&w, buf_view(&m->kept), &name);
	else
		fill_payload(&w, m, d->options.body_max);
	struct message message = { .time = m->time, .end = m->end, .error = error, .alone = true, .name = "WebSocket" };
	message.protocol = view_text("WebSocket/13");
	message.path = buf_view(&d->path);
	message.body_bytes = m->size;
	message.shape = w.line[0].text;
	message.failed = is_failure(code);
	message.line = w.line;
	message.line_count = w.line_count;
	message.parts = w.parts;
	message.attributes = w.attributes;
	if (!d->options.lines) {
		message.part_count = w.part_count;
		message.part_more = m->size && !d->options.body_max && !w.part_count;
		message.attribute_count = w.attribute_count;
	}
	if (!d->err)
		d->err = name.failed || d->why.failed ? err_nomem() : d->sink->message(d->sink, m->exchange, side_of(d, s), &message);
	websocket_drop(d, m);
}
