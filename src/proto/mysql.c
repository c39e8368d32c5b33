#include "proto/mysql_parts.h"

#include <stdlib.h>

#include "proto/say.h"

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->sink = sink;
	d->sides[SIDE_SERVER].exchange = MY_NO_EXCHANGE;
	d->unit.parts.max = d->answer.parts.max = d->alone.max = options->body_max;
	d->unit.parts.lines = d->answer.parts.lines = d->alone.lines = options->lines;
	*ret_decoder = d;
	return ERR_NONE;
}

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	while (my_waited_count(d))
		my_forget_first(d);
	my_statements_finish(d);
	for (int i = 0; i < 2; i++) {
		my_drop_payload(d, &d->sides[i]);
		buf_finish(&d->sides[i].payload);
		my_unpacker_destroy(d->sides[i].unpacker);
	}
	parts_finish(&d->unit.parts);
	parts_finish(&d->answer.parts);
	parts_finish(&d->alone);
	arena_finish(&d->answer.text);
	arena_finish(&d->arena);
	struct buf *bufs[] = { &d->unit.shape, &d->answer.tags, &d->answer.columns, &d->waited, &d->database, &d->items, &d->scratch,
		&d->why, &d->gone };
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_finish(bufs[i]);
	free(d);
}

static size_t feed_bad(struct my_direction *s, struct view bytes)
{
	struct view shown = view_slice(bytes, 0, s->hidden ? 0 : MY_SHOWN_MAX - s->shown_size);
	if (shown.size)
		memcpy(s->shown + s->shown_size, shown.data, shown.size);
	s->shown_size += (uint32_t)shown.size;
	return bytes.size;
}

static size_t feed_encrypted(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time)
{
	if (s->encrypted == 0) {
		s->encrypted_time = time;
		if (my_is_server(d, s))
			d->err = d->sink->begun(d->sink, d->encrypted_exchange, time);
	}
	s->encrypted += bytes.size;
	s->encrypted_end = time;
	return bytes.size;
}

static size_t feed_part(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time)
{
	if (s->bad)
		return feed_bad(s, bytes);
	if (d->encrypted)
		return feed_encrypted(d, s, bytes, time);
	return s->compressed ? my_feed_compressed(d, s, bytes, time) : my_feed_packet(d, s, bytes, time);
}

/* Too many commands are unanswered. */
static bool must_wait(const struct decoder *d, const struct my_direction *s)
{
	return !my_is_server(d, s) && !s->bad && !d->encrypted && my_between(s) && my_waited_count(d) >= MY_WAITED_MAX;
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct my_direction *s = &d->sides[side];
	size_t size = bytes.size;
	while (bytes.size && !d->err && !must_wait(d, s)) {
		size_t used = feed_part(d, s, bytes, time);
		bytes = view_slice(bytes, used, bytes.size);
		s->offset += used;
	}
	*ret_used = size - bytes.size;
	if (d->err)
		return FEED_FAILED;
	return bytes.size ? FEED_WAIT : FEED_MORE;
}

static void say_why(struct decoder *d, const struct my_direction *s, struct view reason)
{
	buf_clear(&d->why);
	if (s->bad) {
		say_foreign(&d->why, s->bad, "MySQL", s->bad_from, s->offset, view_of(s->shown, s->shown_size));
		return;
	}
	say_end(&d->why, reason);
	buf_append_text(&d->why, " within a message");
}

static void tell_error_alone(struct decoder *d, enum message_side side, uint64_t time)
{
	struct message m = { .time = time, .end = time, .error = buf_view(&d->why), .alone = true };
	const struct my_direction *s = &d->sides[side];
	uint64_t exchange = side == SIDE_SERVER && s->exchange != MY_NO_EXCHANGE ? s->exchange : d->next++;
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, &m);
}

/* What is under way is told of as far as it came, and why no more of it did. */
static void end_early(struct decoder *d, struct my_direction *s, uint64_t time, struct view reason)
{
	say_why(d, s, reason);
	if (!my_is_server(d, s)) {
		bool data = d->infile && d->unit.open && !s->bad;
		my_end_unit(d, data ? buf_view(&d->why) : (struct view){ 0 });
		if (!data)
			tell_error_alone(d, SIDE_CLIENT, time);
		return;
	}
	struct my_waited *first = my_first(d);
	if (!first) {
		tell_error_alone(d, SIDE_SERVER, time);
		return;
	}
	my_begin_answer(d, first->exchange, time);
	my_end_unit(d, (struct view){ 0 });
	my_forget_first(d);
	my_end_answer(d, buf_view(&d->why));
}

/* A server has greeted, and nobody logged in. */
static void tell_greeting(struct decoder *d, uint64_t time)
{
	struct parts parts = d->alone;
	if (d->phase != MY_LOGGING_IN || d->unit.open || my_first(d) || d->encrypted || d->answer.begun || d->next)
		return;
	d->alone = d->answer.parts;
	d->answer.parts = parts;
	parts_word(&d->alone, datum_keyword("Handshake"));
	my_tell_alone(d, SIDE_SERVER, d->next++, time, time);
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct my_direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	if (s->bad || (!d->encrypted && (!my_between(s) || my_within_compressed(s))))
		end_early(d, s, time, reason);
	if (side == SIDE_SERVER)
		say_no_response(&d->gone, reason);
	if (d->sides[SIDE_SERVER].closed)
		my_tell_unanswered(d, time);
	if (d->sides[SIDE_SERVER].closed && d->sides[SIDE_CLIENT].closed) {
		tell_greeting(d, time);
		if (d->encrypted)
			my_tell_encrypted(d);
	}
	if (!d->err && (d->why.failed || d->gone.failed))
		d->err = err_nomem();
	return d->err;
}

static bool is_readable(struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < ' ' || text.data[i] > '~')
			return false;
	}
	return text.size != 0;
}

static enum probe_result probe_error(struct reader *r, uint64_t size)
{
	enum { FIRST = 1000, LAST = 5000, TEXT_MIN = 8 };
	uint64_t code = read_little(r, 2);
	if (size < TEXT_MIN + 3 || (!r->failed && (code < FIRST || code >= LAST)))
		return PROBE_NO;
	struct view text = read_bytes(r, size - 3);
	if (text.size && !is_readable(text))
		return PROBE_NO;
	return r->failed ? PROBE_MORE : PROBE_YES;
}

/* The server speaks first: version 10, the name of its version, eight bytes and a NUL; or an error. */
static enum probe_result probe_server(struct view bytes)
{
	enum { NAME_MAX = 128, GREETING_MIN = 32, GREETING_MAX = 1024 };
	struct reader r = { bytes };
	if (bytes.size < 5)
		return bytes.size > 3 && bytes.data[3] ? PROBE_NO : PROBE_MORE;
	uint64_t size = read_little(&r, 3), sequence = read_little(&r, 1), version = read_little(&r, 1);
	if (sequence || size > GREETING_MAX || (version != 10 && version != 0xff) || (version == 10 && size < GREETING_MIN))
		return PROBE_NO;
	if (version == 0xff)
		return probe_error(&r, size);
	struct view name = read_text(&r);
	if (name.size > NAME_MAX || (name.size ? !is_readable(name) : !r.failed))
		return PROBE_NO;
	read_bytes(&r, 12);
	bool filler = read_little(&r, 1) == 0;
	if (r.failed)
		return PROBE_MORE;
	return filler ? PROBE_YES : PROBE_NO;
}

static enum probe_result probe(struct view client, struct view server)
{
	if (server.size)
		return probe_server(server);
	return client.size ? PROBE_NO : PROBE_MORE;
}

const struct protocol mysql_protocol = {
	.name = "MySQL",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
