/* What becomes of HTTP/1 messages: they are told of, whole or as far as they came. */
#include <stdlib.h>

#include "base/escape.h"
#include "proto/content.h"
#include "proto/http_parts.h"

/* What is to be undone, in the order in which it was done: content codings, then those of the transfer but for the chunks. */
static void list_codings(struct decoder *d, const struct http_head *head)
{
	static const char *const names[] = { "content-encoding", "transfer-encoding" };
	struct view value;
	buf_clear(&d->codings);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		for (uint32_t at = 0; http_field(head, names[i], &at, &value);) {
			buf_append_byte(&d->codings, ',');
			buf_append(&d->codings, value.data, value.size);
		}
	}
}

/* The body as it was meant, where its coding can be undone; a body that was cut gives what there is of it. */
static void decode_body(struct decoder *d, struct direction *s, struct message *message)
{
	bool cut = false;
	message->body = buf_view(&s->body);
	message->body_bytes = s->body_bytes;
	message->body_cut = s->body_bytes > s->body.size;
	if (s->body.size == 0)
		return;
	list_codings(d, &s->parsed);
	buf_clear(&d->decoded);
	if (d->codings.size == 0 || d->codings.failed ||
		!content_decode(buf_view(&d->codings), buf_view(&s->body), d->options.body_max, &d->decoded, &cut))
		return;
	message->body = buf_view(&d->decoded);
	message->body_cut |= cut;
	if (!message->body_cut)
		message->body_bytes = message->body.size;
}

static void fill_head(struct message *message, const struct http_head *head)
{
	message->protocol = head->protocol;
	message->method = head->method;
	message->path = head->path;
	message->status = head->status;
	message->status_text = head->status_text;
	message->fields = (const struct message_field *)head->fields.data;
	message->field_count = (uint32_t)(head->fields.size / sizeof *message->fields);
}

/* Passes a message on, with the responses that were on the way before it. */
static void pass(struct decoder *d, enum message_side side, uint64_t exchange, struct message *message)
{
	struct message interim[INTERIM_MAX] = { 0 };
	if (side == SIDE_SERVER && d->interim_count + d->interim_more) {
		for (uint32_t i = 0; i < d->interim_count; i++) {
			interim[i].time = d->interim[i].time;
			interim[i].end = d->interim[i].end;
			fill_head(&interim[i], &d->interim[i].parsed);
		}
		message->interim = interim;
		message->interim_count = d->interim_count;
		message->interim_more = d->interim_more;
		d->interim_count = d->interim_more = 0;
	}
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, message);
}

void http_tell(struct decoder *d, struct direction *s, struct view error)
{
	struct message message = { .time = s->time, .end = s->end, .error = error };
	if (s->is_http) {
		fill_head(&message, &s->parsed);
		message.trailer_count = message.field_count - s->head_fields;
		decode_body(d, s, &message);
	}
	pass(d, side_of(d, s), s->exchange, &message);
	http_drop_body(d, s);
	buf_clear(&s->head);
	buf_clear(&s->trailer);
	s->is_http = false;
}

void http_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error)
{
	struct message message = { .time = time, .end = time, .error = error };
	pass(d, side, exchange, &message);
}

void http_tell_unanswered(struct decoder *d, uint64_t time)
{
	while (d->responses < d->requests && !d->err) {
		http_tell_error(d, SIDE_SERVER, d->responses, time, buf_view(&d->gone));
		http_end_exchange(d);
	}
}

void http_keep_interim(struct decoder *d, struct direction *s)
{
	enum { KEPT_MAX = 16 << 10 };
	if (!d->interim)
		d->interim = calloc(INTERIM_MAX, sizeof *d->interim);
	if (!d->interim || d->interim_count == INTERIM_MAX || s->kept.size > KEPT_MAX) {
		d->interim_more++;
		return;
	}
	struct interim *interim = &d->interim[d->interim_count++];
	struct buf kept = interim->kept;
	struct http_head parsed = interim->parsed;
	*interim = (struct interim){ s->time, s->end, s->kept, s->parsed };
	s->kept = kept;
	s->parsed = parsed;
}

void http_bad(struct direction *s, const char *why, uint64_t from, struct view bytes)
{
	struct view first = view_slice(bytes, 0, SHOWN_MAX);
	if (first.size && first.data != s->head.data) {
		uint8_t copy[SHOWN_MAX]; /* they may be in the head themselves */
		memcpy(copy, first.data, first.size);
		buf_clear(&s->head);
		buf_append(&s->head, copy, first.size);
	} else {
		s->head.size = first.size;
	}
	s->state = BAD;
	s->why = why;
	s->bad_from = from;
}
