#include "proto/tls.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/escape.h"
#include "proto/parts.h"
#include "proto/tls_hello.h"

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23, HEARTBEAT = 24 };

enum {
	SHOWN_MAX = 32,
	HEAD_SIZE = 5,
	HELLO_HEAD = 4,
	RECORD_MAX = (16 << 10) + 2048,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CLOSE_NOTIFY = 0
};

struct direction {
	uint8_t head[HEAD_SIZE]; /* of a record */
	uint32_t head_size;
	uint32_t left;      /* of the record */
	bool lost;          /* what follows is no record: it is only counted */
	bool closed;
	bool started;       /* its hello is there, or will not be */
	bool has_hello, bad_hello;
	struct buf first;   /* the first bytes, which are shown where they are none */
	struct buf hello;   /* bytes of the handshake, up to its end */
	uint8_t alert[2];   /* as far as it came: level, description */
	uint32_t alert_size;
	bool has_alert;     /* one that is more than an end */
	struct tls_hello parsed;
	uint64_t bytes, time, end;
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct direction sides[2];
	struct parts parts;
	struct buf why, reason;
	bool told;
	enum err err;
};

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->options.handover = NULL;
	d->parts.max = options->body_max;
	d->sink = sink;
	*ret_decoder = d;
	return ERR_NONE;
}

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < 2; i++) {
		buf_finish(&d->sides[i].first);
		buf_finish(&d->sides[i].hello);
	}
	buf_finish(&d->why);
	buf_finish(&d->reason);
	parts_finish(&d->parts);
	free(d);
}

/* Bytes of the first message of a handshake, as many as it says that it has. */
static void take_hello(struct decoder *d, struct direction *s, struct view bytes, bool server)
{
	struct buf *hello = &s->hello;
	size_t size = HELLO_HEAD;
	if (hello->size >= HELLO_HEAD)
		size += (size_t)hello->data[1] << 16 | (size_t)hello->data[2] << 8 | hello->data[3];
	struct view part = view_slice(bytes, 0, size - hello->size);
	buf_append(hello, part.data, part.size);
	if (hello->failed) {
		d->err = err_nomem();
		return;
	}
	if (hello->size < size)
		return;
	if (size == HELLO_HEAD) { /* its length is known from here on */
		uint32_t length = (uint32_t)hello->data[1] << 16 | (uint32_t)hello->data[2] << 8 | hello->data[3];
		s->bad_hello = hello->data[0] != (server ? SERVER_HELLO : CLIENT_HELLO) || length > d->options.head_max;
		s->started = s->bad_hello;
		if (!s->started && length)
			take_hello(d, s, view_slice(bytes, part.size, bytes.size), server);
		if (length)
			return;
	}
	s->started = true;
	s->has_hello = tls_hello_parse(view_slice(buf_view(hello), HELLO_HEAD, hello->size), server, &s->parsed);
	s->bad_hello = !s->has_hello;
}

static void take_alert(struct direction *s, struct view bytes)
{
	for (size_t i = 0; i < bytes.size && s->alert_size < sizeof s->alert; i++)
		s->alert[s->alert_size++] = bytes.data[i];
	if (s->alert_size == sizeof s->alert && s->alert[1] != CLOSE_NOTIFY) {
		s->has_alert = true;
		s->started = true;
	}
}

static void end_head(struct direction *s)
{
	uint32_t size = (uint32_t)s->head[3] << 8 | s->head[4];
	if (s->head[0] < CHANGE_CIPHER_SPEC || s->head[0] > HEARTBEAT || s->head[1] != 3 || size > RECORD_MAX) {
		s->lost = true;
		return;
	}
	s->left = size;
	s->head_size = size ? s->head_size : 0;
	if (s->head[0] == ALERT && size == sizeof s->alert && !s->has_alert) /* a longer one is encrypted */
		s->alert_size = 0;
	else if (s->head[0] == APPLICATION_DATA)
		s->started = true;
}

static size_t feed_part(struct decoder *d, struct direction *s, struct view bytes, bool server)
{
	if (s->lost)
		return bytes.size;
	if (s->left == 0) {
		struct view part = view_slice(bytes, 0, HEAD_SIZE - s->head_size);
		memcpy(s->head + s->head_size, part.data, part.size);
		s->head_size += (uint32_t)part.size;
		if (s->head_size == HEAD_SIZE)
			end_head(s);
		return part.size;
	}
	struct view part = view_slice(bytes, 0, s->left);
	s->left -= (uint32_t)part.size;
	if (s->left == 0)
		s->head_size = 0;
	if (s->head[0] == HANDSHAKE && !s->started)
		take_hello(d, s, part, server);
	else if (s->head[0] == ALERT && s->head[3] == 0 && s->head[4] == sizeof s->alert)
		take_alert(s, part);
	return part.size;
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct direction *s = &d->sides[side];
	*ret_used = bytes.size;
	if (bytes.size && s->bytes == 0) {
		s->time = time;
		if (side == SIDE_SERVER)
			d->err = d->sink->begun(d->sink, 0, time);
	}
	if (s->first.size < SHOWN_MAX)
		buf_append(&s->first, bytes.data, view_slice(bytes, 0, SHOWN_MAX - s->first.size).size);
	s->bytes += bytes.size;
	s->end = bytes.size ? time : s->end;
	while (bytes.size && !d->err)
		bytes = view_slice(bytes, feed_part(d, s, bytes, side == SIDE_SERVER), bytes.size);
	return d->err ? FEED_FAILED : FEED_MORE;
}

static void tell_alpn(struct decoder *d, const struct tls_hello *hello)
{
	struct datum names[ALPN_MAX];
	for (uint32_t i = 0; i < hello->alpn_count; i++)
		names[i] = datum_string(hello->alpn[i]);
	struct datum list = datum_array(names, hello->alpn_count);
	if (hello->alpn_count == 0)
		return;
	parts_add(&d->parts, "alpn", list);
	parts_attribute(&d->parts, "tls.next_protocol", hello->alpn_count == 1 ? names[0] : list);
	list.flags = DATUM_LISTED;
	parts_word(&d->parts, datum_keyword("ALPN"));
	parts_word(&d->parts, list);
}

/* A number by its name, or as it is. */
static struct datum named(struct decoder *d, struct buf *text, const char *before, const char *name, uint16_t number)
{
	buf_clear(text);
	if (name)
		buf_printf(text, "%s%s", before, name);
	else
		buf_printf(text, "0x%04x", number);
	if (text->failed && !d->err)
		d->err = err_nomem();
	return datum_word(buf_view(text));
}

static void tell_hello(struct decoder *d, const struct direction *s, bool server, struct buf *text)
{
	const struct tls_hello *hello = &s->parsed;
	const char *version = tls_version_name(hello->version);
	if (!server)
		parts_word(&d->parts, datum_keyword("ClientHello"));
	struct datum value = named(d, text, "", version, hello->version);
	parts_add(&d->parts, "version", value);
	if (server) {
		parts_attribute(&d->parts, "tls.protocol.version", value);
		parts_word(&d->parts, named(d, text, hello->version > 0x0300 ? "TLSv" : "", version, hello->version));
		value = named(d, text, "", tls_cipher_name(hello->cipher), hello->cipher);
		parts_add(&d->parts, "cipher", value);
		parts_attribute(&d->parts, "tls.cipher", value);
	}
	if (hello->server_name.size) {
		parts_word(&d->parts, datum_string(hello->server_name));
		parts_add(&d->parts, "server_name", datum_string(hello->server_name));
		parts_attribute(&d->parts, "server.address", datum_string(hello->server_name));
	}
	tell_alpn(d, hello);
}

static void tell_alert(struct decoder *d, const struct direction *s, struct buf *text)
{
	struct datum alert = named(d, text, "", tls_alert_name(s->alert[1]), s->alert[1]);
	parts_word(&d->parts, datum_keyword("ALERT"));
	parts_word(&d->parts, alert);
	parts_add(&d->parts, "alert", alert);
	parts_attribute(&d->parts, "tls.alert", alert);
}

static void print_first(struct buf *out, const struct direction *s, const char *name)
{
	buf_printf(out, "its %s is none: %llu bytes, \"", name, (unsigned long long)s->bytes);
	escape_bytes(out, buf_view(&s->first), "");
	buf_append_text(out, s->bytes > s->first.size ? "\"..." : "\"");
}

/* Why there is no hello, where there should be one. */
static struct view why_not(struct decoder *d, const struct direction *s, bool server)
{
	buf_clear(&d->why);
	const char *name = server ? "ServerHello" : "ClientHello";
	const char *reason = d->reason.size ? buf_text(&d->reason) : "the connection was closed";
	if (s->bytes == 0)
		buf_printf(&d->why, "%s%s", server ? "no response: " : "no request was seen", server ? reason : "");
	else if (s->bad_hello || s->lost)
		print_first(&d->why, s, name);
	else if (!s->started)
		buf_printf(&d->why, "%s within the %s", reason, name);
	return buf_view(&d->why);
}

static void tell(struct decoder *d, enum message_side side, uint64_t time)
{
	struct direction *s = &d->sides[side];
	BUF_CLEANUP struct buf text = { 0 };
	struct message message = { .time = s->bytes ? s->time : time, .end = s->bytes ? s->end : time };
	bool server = side == SIDE_SERVER;
	message.error = s->has_hello || s->has_alert ? (struct view){ 0 } : why_not(d, s, server);
	if (s->bytes) {
		message.protocol = view_text("TLS");
		if (s->has_hello)
			tell_hello(d, s, server, &text);
		else if (s->started && !s->has_alert)
			parts_word(&d->parts, datum_keyword("records"));
		if (s->has_alert)
			tell_alert(d, s, &text);
		buf_clear(&text);
		buf_printf(&text, "(%llu bytes)", (unsigned long long)s->bytes);
		parts_word(&d->parts, datum_word(buf_view(&text)));
		parts_add(&d->parts, "bytes", datum_uint(s->bytes));
		parts_attribute(&d->parts, "tls.bytes", datum_uint(s->bytes));
		message.body_bytes = s->bytes;
		message.shape = d->sides[SIDE_CLIENT].parsed.server_name;
		message.failed = s->has_alert;
	}
	if (!parts_tell(&d->parts, &message) || d->why.failed || d->reason.failed || s->first.failed || text.failed)
		d->err = err_nomem();
	if (!d->err)
		d->err = d->sink->message(d->sink, 0, side, &message);
	parts_clear(&d->parts);
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	if (d->err || d->told)
		return d->err;
	d->sides[side].closed = true;
	if (d->reason.size == 0)
		buf_append(&d->reason, reason.data, reason.size);
	if (!d->sides[SIDE_CLIENT].closed || !d->sides[SIDE_SERVER].closed)
		return ERR_NONE;
	d->told = true;
	if (d->sides[SIDE_CLIENT].bytes + d->sides[SIDE_SERVER].bytes == 0)
		return ERR_NONE;
	tell(d, SIDE_CLIENT, time);
	if (!d->err)
		tell(d, SIDE_SERVER, time);
	return d->err;
}

/* The head of a record, and of what is in it: a hello, or in the middle of a connection what is encrypted. */
static enum probe_result probe_side(struct view bytes, uint8_t hello)
{
	static const uint8_t mask[] = { 0xff, 0xff, 0xf8, 0, 0 };
	const uint8_t handshake[] = { HANDSHAKE, 3, 0, 0, 0 }, data[] = { APPLICATION_DATA, 3, 0, 0, 0 };
	bool begins = true, goes_on = true;
	for (size_t i = 0; i < bytes.size && i < HEAD_SIZE; i++) {
		begins &= (bytes.data[i] & mask[i]) == handshake[i];
		goes_on &= (bytes.data[i] & mask[i]) == data[i];
	}
	if (!begins && !goes_on)
		return PROBE_NO;
	if (bytes.size <= HEAD_SIZE)
		return PROBE_MORE;
	return goes_on || bytes.data[HEAD_SIZE] == hello ? PROBE_YES : PROBE_NO;
}

static enum probe_result probe(struct view client, struct view server)
{
	if (client.size)
		return probe_side(client, CLIENT_HELLO);
	return server.size ? probe_side(server, SERVER_HELLO) : PROBE_MORE;
}

const struct protocol tls_protocol = {
	.name = "TLS",
	.upgrade = "tls",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
