/* Streams of HTTP/2: what comes between the beginning and the end of a request and its response. */
#include <stdlib.h>

#include "proto/http2_parts.h"

struct stream *http2_find(struct decoder *d, uint32_t id)
{
	struct stream *stream = d->buckets[id / 2 % BUCKETS];
	while (stream && stream->id != id)
		stream = stream->next;
	return stream;
}

struct stream *http2_open(struct decoder *d, uint32_t id)
{
	struct stream *stream = http2_find(d, id);
	if (stream || d->streams == STREAMS_MAX || d->err)
		return stream;
	stream = calloc(1, sizeof *stream);
	if (!stream) {
		d->err = err_nomem();
		return NULL;
	}
	stream->id = id;
	stream->exchange = d->exchanges++;
	stream->next = d->buckets[id / 2 % BUCKETS];
	d->buckets[id / 2 % BUCKETS] = stream;
	d->streams++;
	return stream;
}

void http2_begin(struct decoder *d, struct stream *stream, enum message_side side, uint64_t time)
{
	struct half *half = &stream->halves[side];
	half->end = time;
	if (half->begun)
		return;
	half->begun = true;
	half->time = time;
	if (side == SIDE_SERVER && !d->err)
		d->err = d->sink->begun(d->sink, stream->exchange, time);
}

/* As far as the limits allow, and without a gap. */
void http2_keep_body(struct decoder *d, struct half *half, struct view bytes)
{
	bool whole = half->body.size == half->body_bytes;
	half->body_bytes += bytes.size;
	if (!whole)
		return;
	struct view kept = view_slice(bytes, 0, d->options.body_max - half->body.size);
	if (kept.size > d->options.memory->left)
		kept.size = d->options.memory->left;
	buf_append(&half->body, kept.data, kept.size);
	if (half->body.failed)
		d->err = err_nomem();
	else
		d->options.memory->left -= kept.size;
}

/* Names become keys of objects, which are text: what no name may have is a question mark there. */
static void append_name(struct buf *text, struct view name)
{
	for (size_t i = 0; i < name.size; i++)
		buf_append_byte(text, name.data[i] > ' ' && name.data[i] < 0x7f ? name.data[i] : '?');
}

/* A byte or two of HPACK may stand for thousands: what is beyond the limit is let go, but changes the table all the same. */
void http2_keep_field(struct decoder *d, struct half *half, struct view name, struct view value)
{
	uint64_t size = name.size + value.size + sizeof(struct field_at);
	uint64_t kept = half->text.size + half->fields.size;
	if (half->cut_fields || size > d->options.head_max - kept || kept > d->options.head_max || size > d->options.memory->left) {
		half->cut_fields = true;
		return;
	}
	struct field_at at = { (uint32_t)half->text.size, (uint32_t)name.size, (uint32_t)(half->text.size + name.size),
		(uint32_t)value.size };
	append_name(&half->text, name);
	buf_append(&half->text, value.data, value.size);
	buf_append(&half->fields, &at, sizeof at);
	if (half->text.failed || half->fields.failed)
		d->err = err_nomem();
	else
		d->options.memory->left -= size;
}

static uint32_t status_of(const struct half *half)
{
	uint32_t status = 0;
	for (size_t i = 0; i < half->fields.size / sizeof(struct field_at); i++) {
		struct field_at at;
		memcpy(&at, half->fields.data + i * sizeof at, sizeof at);
		struct view all = buf_view(&half->text), value = view_slice(all, at.value, at.value_size);
		if (!view_is(view_slice(all, at.name, at.name_size), ":status") || value.size != 3)
			continue;
		for (size_t k = 0; k < 3; k++)
			status = value.data[k] >= '0' && value.data[k] <= '9' ? status * 10 + (uint32_t)(value.data[k] - '0') : 0;
		return status;
	}
	return 0;
}

/* The fields of a response on the way are let go: the response is yet to come. */
static void drop_interim(struct decoder *d, struct half *half)
{
	d->options.memory->left += half->text.size + half->fields.size;
	buf_clear(&half->text);
	buf_clear(&half->fields);
	half->interim++;
}

void http2_end_block(struct decoder *d, struct stream *stream, enum message_side side)
{
	struct half *half = &stream->halves[side];
	if (half->headed)
		return;
	half->status = side == SIDE_SERVER ? status_of(half) : 0;
	if (half->status / 100 == 1) {
		drop_interim(d, half);
		return;
	}
	half->headed = true;
	half->head_fields = (uint32_t)(half->fields.size / sizeof(struct field_at));
}

/* Calls for each half that has not been told of; the other half may go on where it is of the other side. */
static void end_half(struct decoder *d, struct stream *stream, enum message_side side, uint64_t time)
{
	struct half *half = &stream->halves[side];
	if (!half->begun)
		half->time = time;
	half->end = time;
	http2_tell(d, stream, side, buf_view(&d->why));
}

void http2_reset(struct decoder *d, struct stream *stream, enum message_side by, uint32_t code, uint64_t time)
{
	bool request = !stream->halves[SIDE_CLIENT].told, response = !stream->halves[SIDE_SERVER].told;
	buf_clear(&d->why);
	buf_printf(&d->why, "the %s reset the stream: %s", by == SIDE_CLIENT ? "client" : "server", http2_error_name(code));
	if (request)
		end_half(d, stream, SIDE_CLIENT, time);
	if (response) /* the stream lives until both have been told */
		end_half(d, stream, SIDE_SERVER, time);
}

static void say_end(struct decoder *d, const struct half *half, enum message_side side, struct view reason)
{
	const struct direction *s = &d->sides[side];
	buf_clear(&d->why);
	if (!half->begun)
		buf_append_text(&d->why, side == SIDE_CLIENT ? "no request was seen" : "no response: ");
	if (!half->begun && side == SIDE_CLIENT)
		return;
	if (s->state == BROKEN) {
		buf_append_text(&d->why, s->why);
		return;
	}
	if (reason.size)
		buf_append(&d->why, reason.data, reason.size);
	else
		buf_append_text(&d->why, "the connection was closed");
	if (half->begun)
		buf_append_text(&d->why, half->headed ? " before the end of the body" : " within the header");
}

bool http2_end_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	bool ended = false;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		for (struct stream *stream = d->buckets[i], *next; stream; stream = next) {
			next = stream->next;
			if (stream->halves[side].told)
				continue;
			say_end(d, &stream->halves[side], side, reason);
			end_half(d, stream, side, time);
			ended = true;
		}
	}
	return ended;
}

void http2_free_streams(struct decoder *d)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		while (d->buckets[i])
			http2_drop(d, d->buckets[i]);
	}
}
