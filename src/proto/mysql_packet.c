/* Packets of MySQL, and the messages that they are: one of the largest size goes on in the next. */
#include "proto/mysql_parts.h"

void my_bad(struct decoder *d, struct my_direction *s, const char *why)
{
	s->bad = why;
	s->bad_from = s->start;
	s->hidden = !d->authenticated || s->compressed; /* what authenticates may be in it */
	s->shown_size = s->hidden ? 0 : s->header_size;
	if (s->shown_size)
		memcpy(s->shown, s->header, s->shown_size);
}

void my_drop_payload(struct decoder *d, struct my_direction *s)
{
	enum { STORAGE_MAX = 64 << 10 }; /* that is worth keeping for the next one */
	d->options.memory->left += s->payload.size;
	if (s->payload.capacity > STORAGE_MAX)
		buf_finish(&s->payload);
	else
		buf_clear(&s->payload);
}

/* How much of a message is worth keeping. */
static uint64_t kept_of(const struct decoder *d, const struct my_direction *s)
{
	enum { LEAST = 1024 };
	const struct parts *parts = &d->answer.parts;
	uint64_t body = d->options.body_max, all = body > SQL_KEPT_MAX ? body : SQL_KEPT_MAX;
	if (!my_is_server(d, s) || d->answer.state != MY_ROWS)
		return all;
	uint64_t left = parts->more ? 0 : parts->max - parts->kept;
	return left > LEAST ? left : LEAST;
}

static void message(struct decoder *d, struct my_direction *s, struct view payload)
{
	if (my_is_server(d, s))
		my_server_message(d, s, payload);
	else
		my_client_message(d, s, payload);
	if (d->items.failed || d->scratch.failed || d->unit.shape.failed)
		d->err = err_nomem();
	if (d->arena.chunks)
		arena_finish(&d->arena);
	my_drop_payload(d, s);
	s->continued = false;
	s->size = 0;
	s->header_size = 0;
}

/* The first byte of a message of the server: it answers, or stands alone. */
static void begin_server(struct decoder *d, struct my_direction *s)
{
	const struct my_waited *first = my_first(d);
	s->alone = !first;
	s->exchange = MY_NO_EXCHANGE;
	if (d->phase == MY_GREETING || (s->alone && d->phase == MY_LOGGING_IN))
		return;
	if (first) {
		my_begin_answer(d, first->exchange, s->time);
		return;
	}
	s->exchange = d->next++;
	if (!d->err)
		d->err = d->sink->begun(d->sink, s->exchange, s->time);
}

static void end_packet(struct decoder *d, struct my_direction *s, struct view payload, bool goes_on)
{
	s->inside = false;
	s->header_size = 0;
	s->continued = goes_on;
	if (!goes_on)
		message(d, s, payload);
}

static size_t feed_header(struct decoder *d, struct my_direction *s, struct view bytes)
{
	struct view part = view_slice(bytes, 0, sizeof s->header - s->header_size);
	if (s->header_size == 0 && !s->continued && my_is_server(d, s))
		begin_server(d, s);
	if (part.size)
		memcpy(s->header + s->header_size, part.data, part.size);
	s->header_size += (uint32_t)part.size;
	if (s->header_size < sizeof s->header)
		return part.size;
	struct reader r = { view_of(s->header, sizeof s->header) };
	s->left = read_little(&r, 3);
	if (!s->continued) {
		s->sequence = (uint8_t)read_little(&r, 1);
		s->keep = kept_of(d, s);
	}
	s->size += s->left;
	s->inside = true;
	if (s->left == 0)
		end_packet(d, s, buf_view(&s->payload), false);
	return part.size;
}

/* A message that came whole is looked at where it is. */
static size_t feed_payload(struct decoder *d, struct my_direction *s, struct view bytes)
{
	struct view part = view_slice(bytes, 0, s->left < bytes.size ? (size_t)s->left : bytes.size);
	struct reader r = { view_of(s->header, sizeof s->header) };
	bool goes_on = read_little(&r, 3) == MY_PACKET_MAX;
	if (part.size == s->size && !goes_on) {
		end_packet(d, s, part, false);
		return part.size;
	}
	s->left -= part.size;
	struct view kept = view_slice(part, 0, s->keep > s->payload.size ? (size_t)(s->keep - s->payload.size) : 0);
	if (kept.size > d->options.memory->left)
		kept.size = (size_t)d->options.memory->left;
	if (kept.size < part.size)
		s->keep = 0; /* no gaps */
	buf_append(&s->payload, kept.data, kept.size);
	if (s->payload.failed) {
		d->err = err_nomem();
		return part.size;
	}
	d->options.memory->left -= kept.size;
	if (s->left == 0)
		end_packet(d, s, buf_view(&s->payload), goes_on);
	return part.size;
}

size_t my_feed_packet(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time)
{
	if (my_between(s)) {
		s->time = time;
		s->start = s->compressed ? s->start : s->offset;
	}
	s->end = time;
	return s->inside ? feed_payload(d, s, bytes) : feed_header(d, s, bytes);
}
