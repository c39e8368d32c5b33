#include "proto/postgresql_parts.h"

#include <stdlib.h>

#include "proto/say.h"

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->sink = sink;
	d->unit.parts.max = d->answer.parts.max = d->alone.max = options->body_max;
	d->unit.parts.lines = d->answer.parts.lines = d->alone.lines = options->lines;
	*ret_decoder = d;
	return ERR_NONE;
}

static void drop_payload(struct decoder *d, struct pg_direction *s)
{
	enum { STORAGE_MAX = 64 << 10 }; /* that is worth keeping for the next one */
	d->options.memory->left += s->payload.size;
	if (s->payload.capacity > STORAGE_MAX)
		buf_finish(&s->payload);
	else
		buf_clear(&s->payload);
}

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	while (pg_waited_count(d))
		pg_forget_first(d);
	pg_object_drop(d, d->unit.object);
	pg_objects_finish(d);
	for (int i = 0; i < 2; i++) {
		drop_payload(d, &d->sides[i]);
		buf_finish(&d->sides[i].payload);
	}
	parts_finish(&d->unit.parts);
	parts_finish(&d->answer.parts);
	parts_finish(&d->alone);
	buf_finish(&d->unit.shape);
	buf_finish(&d->answer.tags);
	buf_finish(&d->answer.columns);
	buf_finish(&d->answer.formats);
	arena_finish(&d->answer.text);
	arena_finish(&d->arena);
	struct buf *bufs[] = { &d->waited, &d->database, &d->items, &d->scratch, &d->why, &d->gone };
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_finish(bufs[i]);
	free(d);
}

static bool is_server(const struct decoder *d, const struct pg_direction *s)
{
	return s == &d->sides[SIDE_SERVER];
}

/* Only the messages before the start have none. */
static bool is_typeless(const struct decoder *d, const struct pg_direction *s)
{
	return !is_server(d, s) && !d->started;
}

static void bad(struct decoder *d, struct pg_direction *s, const char *why)
{
	s->hidden = !is_server(d, s) && !(d->ready && d->started);
	s->bad = why;
	s->bad_from = s->start;
	s->shown_size = s->hidden ? 0 : s->header_size; /* what authenticates may be in it */
	if (s->shown_size)
		memcpy(s->shown, s->header, s->shown_size);
}

static bool is_type(bool server, uint8_t type)
{
	return type && strchr(server ? "RSKZENATDCI123nstGHWdcVv" : "QPBDECSHFXpdcf", type);
}

/* How much of a message is worth keeping. */
static uint64_t kept_of(const struct decoder *d, const struct pg_direction *s)
{
	uint64_t body = d->options.body_max, all = body > SQL_KEPT_MAX ? body : SQL_KEPT_MAX;
	const struct parts *parts = is_server(d, s) ? &d->answer.parts : &d->unit.parts;
	if (s->type == 'd' || (s->type == 'D' && is_server(d, s)))
		return parts->more ? 0 : parts->max - parts->kept;
	return all;
}

static void message(struct decoder *d, struct pg_direction *s, struct view payload)
{
	if (is_server(d, s))
		pg_server_message(d, s, payload);
	else
		pg_client_message(d, s, payload);
	if (d->items.failed || d->scratch.failed || d->unit.shape.failed)
		d->err = err_nomem();
	if (d->arena.chunks)
		arena_finish(&d->arena);
	drop_payload(d, s);
	s->inside = false;
	s->header_size = 0;
}

/* A message begins with its type, or with its header where it has none. */
static void begin(struct decoder *d, struct pg_direction *s)
{
	if (is_server(d, s))
		pg_server_begins(d, s);
	else
		pg_client_begins(d, s);
}

static void end_header(struct decoder *d, struct pg_direction *s, uint32_t need)
{
	struct reader r = { view_of(s->header, need) };
	s->type = need == 8 ? 0 : (uint8_t)read_big(&r, 1);
	uint64_t size = read_big(&r, 4), least = need == 8 ? 8 : 4;
	if (size < least || size > (need == 8 ? PG_STARTUP_MAX : PG_SIZE_MAX)) {
		bad(d, s, "a message has a size that none can have");
		return;
	}
	uint64_t code = need == 8 ? read_big(&r, 4) >> 16 : 3;
	if (code != 3 && code != 1234) {
		bad(d, s, "it begins with a protocol that is not 3.0");
		return;
	}
	if (need == 8)
		begin(d, s);
	s->inside = true;
	s->size = s->left = size - least;
	s->keep = kept_of(d, s);
	if (s->left == 0)
		message(d, s, (struct view){ 0 });
}

static size_t feed_header(struct decoder *d, struct pg_direction *s, struct view bytes)
{
	uint32_t need = is_typeless(d, s) ? 8 : 5;
	uint32_t size = bytes.size < need - s->header_size ? (uint32_t)bytes.size : need - s->header_size;
	bool first = s->header_size == 0;
	memcpy(s->header + s->header_size, bytes.data, size);
	s->header_size += size;
	if (first && need == 5) {
		s->type = s->header[0];
		if (!is_type(is_server(d, s), s->type)) {
			s->header_size = 0;
			bad(d, s, "there is no message of such a type");
			return 0;
		}
		begin(d, s);
	}
	if (s->header_size == need)
		end_header(d, s, need);
	return size;
}

/* A message that came whole is looked at where it is. */
static size_t feed_payload(struct decoder *d, struct pg_direction *s, struct view bytes)
{
	struct view part = view_slice(bytes, 0, s->left < bytes.size ? (size_t)s->left : bytes.size);
	bool whole = s->left == s->size && part.size == s->left;
	s->left -= part.size;
	if (whole) {
		message(d, s, part);
		return part.size;
	}
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
		message(d, s, buf_view(&s->payload));
	return part.size;
}

static size_t feed_bad(struct pg_direction *s, struct view bytes)
{
	struct view shown = view_slice(bytes, 0, s->hidden ? 0 : PG_SHOWN_MAX - s->shown_size);
	if (shown.size)
		memcpy(s->shown + s->shown_size, shown.data, shown.size);
	s->shown_size += (uint32_t)shown.size;
	return bytes.size;
}

static size_t feed_encrypted(struct decoder *d, struct pg_direction *s, struct view bytes, uint64_t time)
{
	if (s->encrypted == 0) {
		s->encrypted_time = time;
		if (is_server(d, s))
			d->err = d->sink->begun(d->sink, d->encrypted_exchange, time);
	}
	s->encrypted += bytes.size;
	s->encrypted_end = time;
	return bytes.size;
}

static bool between_messages(const struct pg_direction *s)
{
	return !s->inside && s->header_size == 0;
}

static size_t feed_part(struct decoder *d, struct pg_direction *s, struct view bytes, uint64_t time)
{
	const struct pg_waited *first = pg_first(d);
	if (s->bad)
		return feed_bad(s, bytes);
	if (d->encrypted)
		return feed_encrypted(d, s, bytes, time);
	if (between_messages(s)) {
		s->time = time;
		s->start = s->offset;
	}
	s->end = time;
	if (is_server(d, s) && between_messages(s) && first && first->command == PG_ENCRYPT) {
		if (bytes.data[0] != 'E') {
			pg_server_byte(d, s, bytes.data[0]);
			return 1;
		}
		pg_first(d)->command = PG_START; /* an error, as from one that knows nothing of it */
	}
	return s->inside ? feed_payload(d, s, bytes) : feed_header(d, s, bytes);
}

/* What a client says next depends on whether it may encrypt. */
static bool must_wait(const struct decoder *d, const struct pg_direction *s)
{
	const struct pg_waited *last = pg_last(d);
	if (is_server(d, s) || s->bad || d->encrypted || !between_messages(s))
		return false;
	return pg_waited_count(d) >= PG_WAITED_MAX || (last && last->command == PG_ENCRYPT);
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct pg_direction *s = &d->sides[side];
	size_t size = bytes.size;
	while (bytes.size && !d->err && !must_wait(d, s)) {
		size_t used = feed_part(d, s, bytes, time);
		bytes = view_slice(bytes, used, bytes.size);
		s->offset += used;
	}
	*ret_used = size - bytes.size;
	if (d->err)
		return FEED_FAILED;
	s->waits = bytes.size != 0;
	return s->waits ? FEED_WAIT : FEED_MORE;
}

/* What is under way is told of as far as it came, and why no more of it did. */
static void end_early(struct decoder *d, struct pg_direction *s, uint64_t time, struct view reason)
{
	buf_clear(&d->why);
	if (s->bad)
		say_foreign(&d->why, s->bad, "PostgreSQL", s->bad_from, s->offset, view_of(s->shown, s->shown_size));
	else
		say_end(&d->why, reason);
	if (!s->bad)
		buf_append_text(&d->why, " within a message");
	if (!is_server(d, s)) {
		if (d->unit.kind == PG_UNIT_NONE || d->unit.synced || (s->bad && d->unit.words)) {
			pg_end_unit(d, (struct view){ 0 });
			d->unit.kind = PG_UNIT_STRAY;
			d->unit.exchange = d->next++;
			d->unit.time = d->unit.end = time;
			d->unit.words = 1;
		}
		bool answered = d->answer.begun && d->answer.exchange == d->unit.exchange;
		d->unit.alone = !answered && (!pg_last(d) || pg_last(d)->exchange != d->unit.exchange);
		pg_end_unit(d, buf_view(&d->why));
	} else if (s->alone || (!d->answer.begun && pg_waited_count(d) == 0)) {
		struct message m = { .time = time, .end = time, .error = buf_view(&d->why), .alone = true };
		d->err = d->sink->message(d->sink, s->alone ? s->exchange : d->next++, SIDE_SERVER, &m);
	} else {
		pg_begin_answer(d, d->answer.begun ? d->answer.exchange : pg_first(d)->exchange, time);
		pg_end_unit(d, (struct view){ 0 });
		uint64_t told = d->answer.exchange;
		pg_end_answer(d, buf_view(&d->why));
		while (pg_waited_count(d) && pg_first(d)->exchange == told)
			pg_forget_first(d);
	}
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct pg_direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	if (s->bad || (!d->encrypted && !between_messages(s)))
		end_early(d, s, time, reason);
	if (side == SIDE_SERVER)
		say_no_response(&d->gone, reason);
	if (d->sides[SIDE_SERVER].closed)
		pg_tell_unanswered(d, time);
	if (d->encrypted && d->sides[SIDE_SERVER].closed && d->sides[SIDE_CLIENT].closed)
		pg_tell_encrypted(d);
	if (!d->err && (d->why.failed || d->gone.failed))
		d->err = err_nomem();
	return d->err;
}

/* A message of the start: its size, and a code that only PostgreSQL has. */
static enum probe_result probe_start(struct view bytes)
{
	static const uint8_t requests[] = { 0x04, 0xd2, 0x16, 0x2e }; /* 1234, 5678: cancel; the next two encrypt */
	struct reader r = { bytes };
	if ((bytes.size && bytes.data[0]) || (bytes.size > 1 && bytes.data[1]))
		return PROBE_NO;
	if (bytes.size < 8)
		return PROBE_MORE;
	uint64_t size = read_big(&r, 4), code = read_big(&r, 4);
	bool request = memcmp(bytes.data + 4, requests, 3) == 0 && (code & 255) >= 0x2e && (code & 255) <= 0x30;
	bool start = code >> 16 == 3 && (code & 0xffff) < 16 && size > 8;
	return size >= 8 && (request || start) ? PROBE_YES : PROBE_NO;
}

static enum probe_result probe(struct view client, struct view server)
{
	if (client.size)
		return probe_start(client);
	return server.size ? PROBE_NO : PROBE_MORE;
}

const struct protocol postgresql_protocol = {
	.name = "PostgreSQL",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
