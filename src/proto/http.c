#include "proto/http_parts.h"

#include <stdlib.h>

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

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < 2; i++) {
		struct direction *s = &d->sides[i];
		buf_finish(&s->head);
		buf_finish(&s->kept);
		buf_finish(&s->trailer);
		buf_finish(&s->body);
		http_head_finish(&s->parsed);
	}
	buf_finish(&d->decoded);
	buf_finish(&d->why);
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

static size_t feed_head(struct decoder *d, struct direction *s, struct view bytes, bool *ret_handed)
{
	size_t used;
	bool line = http_take_line(&s->head, bytes, &used);
	if (s->head.size > d->options.head_max || s->head.failed)
		http_bad(d, s, "its fields are too many", s->start);
	else if (line && http_is_empty_line(&s->head))
		*ret_handed = http_end_head(d, s);
	return used;
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
	case CHUNK_SIZE: return http_feed_chunk_size(d, s, bytes);
	case CHUNK_END: return http_feed_chunk_end(d, s, bytes);
	case TRAILER: return http_feed_trailer(d, s, bytes);
	default: http_keep_body(d, s, bytes); return bytes.size;
	}
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct direction *s = &d->sides[side];
	size_t size = bytes.size;
	bool handed = false;
	while (bytes.size && s->state != OVER && s->state != WAIT && !d->err) {
		size_t used = feed_part(d, s, bytes, time, &handed);
		bytes = view_slice(bytes, used, bytes.size);
		s->offset += used;
	}
	*ret_used = size - bytes.size;
	if (d->err)
		return FEED_FAILED;
	if (handed)
		return FEED_HANDED;
	if (s->state == OVER)
		return FEED_BAD;
	return bytes.size ? FEED_WAIT : FEED_MORE;
}

/* Why what is under way is not whole. */
static void cut_short(struct decoder *d, struct direction *s, struct view reason)
{
	static const char closed[] = "the connection was closed";
	struct view why = reason.size ? reason : view_text(closed);
	bool counted = s->state == LENGTH && s->left;
	buf_clear(&d->why);
	buf_append(&d->why, why.data, why.size);
	if (counted)
		buf_printf(&d->why, ", %llu bytes before the end of the body", (unsigned long long)s->left);
	else
		buf_append_text(&d->why, s->state == HEAD ? " within the header" : " before the end of the body");
	if (!is_response(d, s) && s->state == HEAD)
		d->pending[d->requests++ % PENDING_MAX] = 0;
	http_tell(d, s, view_text(buf_text(&d->why)));
	if (is_response(d, s))
		d->responses++;
}

/* Requests that will not be answered any more. */
static void tell_unanswered(struct decoder *d, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[SIDE_SERVER];
	buf_clear(&d->why);
	buf_append_text(&d->why, "no response: ");
	if (reason.size)
		buf_append(&d->why, reason.data, reason.size);
	else
		buf_append_text(&d->why, "the connection was closed");
	for (s->state = OVER; d->responses < d->requests; d->responses++) {
		s->exchange = d->responses;
		s->time = s->end = time;
		http_tell(d, s, view_text(buf_text(&d->why)));
	}
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	if (s->closed)
		return d->err;
	s->closed = true;
	bool under_way = s->state > START && s->state < WAIT;
	if (under_way && s->state == TO_CLOSE && reason.size == 0)
		http_end_message(d, s);
	else if (under_way)
		cut_short(d, s, reason);
	if (s->state != OVER || side == SIDE_SERVER)
		s->state = OVER;
	if (side == SIDE_SERVER)
		tell_unanswered(d, time, reason);
	return d->err;
}

/* A line of a request ends in the protocol; a response begins with it. */
static enum probe_result probe_client(struct view bytes)
{
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	const uint8_t *space = memchr(bytes.data, ' ', bytes.size);
	enum { METHOD_MAX = 32 };
	struct view method = view_slice(bytes, 0, space ? (size_t)(space - bytes.data) : bytes.size);
	if (method.size > METHOD_MAX || !http_is_token(method))
		return PROBE_NO;
	if (!end)
		return bytes.size < PROBE_MAX ? PROBE_MORE : PROBE_NO;
	struct view line = view_slice(bytes, 0, (size_t)(end - bytes.data));
	line.size -= line.size && line.data[line.size - 1] == '\r';
	return space && line.size > 9 && memcmp(line.data + line.size - 9, " HTTP/1.", 8) == 0 ? PROBE_YES : PROBE_NO;
}

static enum probe_result probe_server(struct view bytes)
{
	static const char start[] = "HTTP/1.";
	size_t size = bytes.size < sizeof start - 1 ? bytes.size : sizeof start - 1;
	if (memcmp(bytes.data, start, size) != 0)
		return PROBE_NO;
	return size == sizeof start - 1 ? PROBE_YES : PROBE_MORE;
}

static enum probe_result probe(struct view client, struct view server)
{
	while (client.size && (client.data[0] == '\r' || client.data[0] == '\n'))
		client = view_slice(client, 1, client.size);
	if (client.size)
		return probe_client(client);
	return server.size ? probe_server(server) : PROBE_MORE;
}

const struct protocol http_protocol = {
	.name = "HTTP",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
