#include "proto/http_parts.h"

#include <stdlib.h>

#include "proto/say.h"

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->sink = sink;
	*ret_decoder = d;
	return ERR_NONE;
}

static void finish_interim(struct interim *interim)
{
	for (uint32_t i = 0; interim && i < INTERIM_MAX; i++) {
		buf_finish(&interim[i].kept);
		http_head_finish(&interim[i].parsed);
	}
	free(interim);
}

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < 2; i++) {
		struct direction *s = &d->sides[i];
		http_drop_body(d, s);
		buf_finish(&s->body);
		buf_finish(&s->head);
		buf_finish(&s->kept);
		buf_finish(&s->trailer);
		http_head_finish(&s->parsed);
	}
	finish_interim(d->interim);
	buf_finish(&d->decoded);
	buf_finish(&d->codings);
	buf_finish(&d->why);
	buf_finish(&d->gone);
	buf_finish(&d->handover_text);
	free(d);
}

/* Empty lines before a request are skipped (RFC 9112, section 2.2). */
static size_t feed_start(struct decoder *d, struct direction *s, struct view bytes, uint64_t time)
{
	if (bytes.data[0] == '\r' || bytes.data[0] == '\n')
		return 1;
	http_begin(d, s, time);
	return 0;
}

/* Whether it may become a start line. */
static bool begins_well(const struct decoder *d, const struct direction *s)
{
	static const char version[] = "HTTP/1.";
	enum { SIZE = sizeof version - 1 };
	if (!is_response(d, s))
		return http_is_token(view_of(s->head.data, 1));
	return memcmp(s->head.data, version, s->head.size < SIZE ? s->head.size : SIZE) == 0;
}

static bool is_start_line(const struct decoder *d, const struct direction *s)
{
	struct view line = view_of(s->head.data, s->head.size - 1);
	line.size -= line.size && line.data[line.size - 1] == '\r';
	return http_is_start_line(is_response(d, s), line);
}

/* The part of a head that is whole, lines of it, belongs to the message. */
static void keep_whole_lines(struct decoder *d, struct direction *s)
{
	size_t bad;
	buf_clear(&s->kept);
	buf_append(&s->kept, s->head.data, s->checked);
	http_head_parse(&s->parsed, is_response(d, s), &s->kept, &bad);
	s->is_http = s->parsed.protocol.size != 0;
	s->head_fields = (uint32_t)(s->parsed.fields.size / sizeof(struct message_field));
}

/* The head has become too long; what is whole of it counts. */
static void bad_head(struct decoder *d, struct direction *s)
{
	size_t whole = s->checked;
	keep_whole_lines(d, s);
	http_bad(s, "its header is too long", s->start + whole, view_slice(buf_view(&s->head), whole, s->head.size));
}

static size_t feed_head(struct decoder *d, struct direction *s, struct view bytes, bool *ret_handed)
{
	size_t used;
	bool line = http_take_line(&s->head, bytes, &used), too_long = s->head.size > d->options.head_max;
	bool first = s->checked == 0 && s->head.size;
	if (s->head.failed)
		return used;
	if (first && (!begins_well(d, s) || (line && !too_long && !is_start_line(d, s)))) {
		http_bad(s, is_response(d, s) ? "this is no response" : "this is no request", s->start, buf_view(&s->head));
	} else if (too_long) {
		bad_head(d, s);
	} else if (line) {
		s->checked = s->head.size;
		if (http_is_empty_line(&s->head))
			*ret_handed = http_end_head(d, s);
	}
	return used;
}

static size_t feed_bad(struct direction *s, struct view bytes)
{
	struct view first = view_slice(bytes, 0, SHOWN_MAX - s->head.size);
	buf_append(&s->head, first.data, first.size);
	return bytes.size;
}

/* Takes a part of what there is, at least a byte; true if the rest is another protocol's. */
static size_t feed_part(struct decoder *d, struct direction *s, struct view bytes, uint64_t time, bool *ret_handed)
{
	if (s->state != START)
		s->end = time;
	switch (s->state) {
	case START: return feed_start(d, s, bytes, time);
	case HEAD: return feed_head(d, s, bytes, ret_handed);
	case LENGTH:
	case CHUNK_DATA: return http_feed_counted(d, s, bytes);
	case CHUNK_SIZE: return http_feed_chunk_size(s, bytes);
	case CHUNK_END: return http_feed_chunk_end(s, bytes);
	case TRAILER: return http_feed_trailer(d, s, bytes);
	case BAD: return feed_bad(s, bytes);
	default: http_keep_body(d, s, bytes); return bytes.size;
	}
}

/*
 * A client waits behind a request that may end HTTP, and when too many are unanswered. A server that has answered all waits while the
 * client does: what it says next may be the answer to what waits.
 */
static bool must_wait(const struct decoder *d, const struct direction *s)
{
	if (is_response(d, s))
		return s->state == START && d->responses == d->requests && d->sides[SIDE_CLIENT].waits;
	return s->state == WAIT ||
		(s->state == START && (d->requests - d->responses >= PENDING_MAX || d->pending_bytes > PENDING_BYTES_MAX));
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct direction *s = &d->sides[side];
	size_t size = bytes.size;
	bool handed = false;
	while (bytes.size && !d->err && !handed && !must_wait(d, s)) {
		size_t used = feed_part(d, s, bytes, time, &handed);
		bytes = view_slice(bytes, used, bytes.size);
		s->offset += used;
		if (s->head.failed || s->kept.failed || s->trailer.failed || s->body.failed)
			d->err = err_nomem();
	}
	*ret_used = size - bytes.size;
	if (d->err)
		return FEED_FAILED;
	if (handed)
		return FEED_HANDED;
	s->waits = bytes.size != 0;
	return s->waits ? FEED_WAIT : FEED_MORE;
}

static void say_cut(struct decoder *d, struct direction *s, struct view reason)
{
	say_end(&d->why, reason);
	if (s->state == HEAD)
		buf_append_text(&d->why, " within the header");
	else if (s->state == LENGTH)
		buf_printf(&d->why, ", %llu bytes before the end of the body", (unsigned long long)s->left);
	else
		buf_append_text(&d->why, " before the end of the body");
}

/* Tells of what is under way as far as it came, and why no more of it did. */
static void end_early(struct decoder *d, struct direction *s, struct view reason)
{
	buf_clear(&d->why);
	if (s->state == BAD) {
		say_foreign(&d->why, s->why, "HTTP", s->bad_from, s->offset, buf_view(&s->head));
	} else {
		say_cut(d, s, reason);
		if (s->state == HEAD)
			keep_whole_lines(d, s);
	}
	http_tell(d, s, buf_view(&d->why));
	s->state = START;
	if (is_response(d, s))
		http_end_exchange(d);
}

static void close_server(struct decoder *d, uint64_t time, struct view reason)
{
	struct direction *client = &d->sides[SIDE_CLIENT];
	say_no_response(&d->gone, reason);
	if (client->state == WAIT)
		client->state = START;
	http_tell_unanswered(d, time);
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	if (s->state == TO_CLOSE && reason.size == 0)
		http_end_message(d, s);
	else if (s->state != START && s->state != WAIT)
		end_early(d, s, reason);
	if (side == SIDE_SERVER)
		close_server(d, time, reason);
	else if (d->sides[SIDE_SERVER].closed)
		http_tell_unanswered(d, time);
	if (!d->err && (d->why.failed || d->gone.failed))
		d->err = err_nomem();
	return d->err;
}

/* A line of a request ends in the protocol; a response begins with it. */
static enum probe_result probe_client(struct view bytes)
{
	enum { METHOD_MAX = 32 };
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	const uint8_t *space = memchr(bytes.data, ' ', bytes.size);
	struct view method = view_slice(bytes, 0, space ? (size_t)(space - bytes.data) : bytes.size);
	if (method.size > METHOD_MAX || !http_is_token(method))
		return PROBE_NO;
	if (!end || end - bytes.data >= PROBE_MAX)
		return bytes.size < PROBE_MAX ? PROBE_MORE : PROBE_NO;
	struct view line = view_slice(bytes, 0, (size_t)(end - bytes.data));
	line.size -= line.size && line.data[line.size - 1] == '\r';
	return http_is_start_line(false, line) ? PROBE_YES : PROBE_NO;
}

static enum probe_result probe_server(struct view bytes)
{
	static const char start[] = "HTTP/1.";
	size_t size = bytes.size < sizeof start - 1 ? bytes.size : sizeof start - 1;
	if (memcmp(bytes.data, start, size) != 0)
		return PROBE_NO;
	return size == sizeof start - 1 ? PROBE_YES : PROBE_MORE;
}

/* One side that speaks HTTP is enough: a server says in HTTP that what it got was none. */
static enum probe_result probe(struct view client, struct view server)
{
	while (client.size && (client.data[0] == '\r' || client.data[0] == '\n'))
		client = view_slice(client, 1, client.size);
	if (client.size == 0 && server.size == 0)
		return PROBE_MORE;
	enum probe_result asks = client.size ? probe_client(client) : PROBE_NO;
	enum probe_result answers = server.size ? probe_server(server) : PROBE_NO;
	if (asks == PROBE_YES || answers == PROBE_YES)
		return PROBE_YES;
	return asks == PROBE_NO && answers == PROBE_NO ? PROBE_NO : PROBE_MORE;
}

const struct protocol http_protocol = {
	.name = "HTTP",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.handed = http_handed,
	.close = close_side,
};
