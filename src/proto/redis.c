#include "proto/redis_parts.h"

#include <stdlib.h>

#include "proto/say.h"

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	enum { VALUE_MAX = 64 << 10 }; /* bytes of a value that are kept for a line */
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->sink = sink;
	d->version = 2;
	for (int i = 0; i < 2; i++) {
		struct resp *resp = &d->sides[i].resp;
		resp->commands = i == SIDE_CLIENT;
		resp->memory = options->memory;
		resp->max = options->body_max > VALUE_MAX ? options->body_max : VALUE_MAX;
		resp->string_max = options->lines ? LINE_STRING : resp->max;
		resp->items_max = options->lines ? LINE_ITEMS + 2 : UINT32_MAX;
		d->sides[i].parts.max = options->body_max;
	}
	*ret_decoder = d;
	return ERR_NONE;
}

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < 2; i++) {
		resp_finish(&d->sides[i].resp);
		parts_finish(&d->sides[i].parts);
	}
	free(d->pending);
	buf_finish(&d->shape);
	buf_finish(&d->text);
	buf_finish(&d->why);
	buf_finish(&d->gone);
	free(d);
}

static void end_value(struct decoder *d, enum message_side side, struct view error)
{
	struct direction *s = &d->sides[side];
	if (side == SIDE_CLIENT)
		redis_command(d, error);
	else
		redis_reply(d, error);
	resp_clear(&s->resp);
	s->begun = s->numbered = s->asked = false;
}

static void begin_value(struct decoder *d, enum message_side side, uint8_t first, uint64_t time)
{
	struct direction *s = &d->sides[side];
	s->begun = true;
	s->time = time;
	s->start = s->offset;
	if (side == SIDE_SERVER)
		redis_begin_reply(d, first, time);
}

/* Words that are broken may be those that come with a password. */
static bool may_be_secret(const struct direction *s, struct view first)
{
	const struct datum *value = &s->resp.value;
	const uint8_t *end = first.size ? memchr(first.data, ' ', first.size) : NULL;
	struct view name = view_slice(first, 0, end ? (size_t)(end - first.data) : first.size);
	if (datum_has_items(value) && value->count && datum_has_text(&value->items[0]))
		name = value->items[0].text;
	return redis_may_hide(redis_kind_of(name));
}

/* What follows is nothing that can be read. What there is of the value is told of when the side closes, with how much followed. */
static void become_bad(struct decoder *d, enum message_side side)
{
	struct direction *s = &d->sides[side];
	uint64_t left;
	resp_cut(&s->resp, &left);
	s->bad = true;
	s->secret = side == SIDE_CLIENT && may_be_secret(s, buf_view(&s->resp.line));
	if (side == SIDE_SERVER || s->numbered)
		return;
	s->numbered = true;
	s->exchange = d->next++;
	if (!d->err)
		d->err = redis_add_pending(d, (struct pending){ .exchange = s->exchange, .replies = 1 });
}

static size_t feed_part(struct decoder *d, enum message_side side, struct view bytes, uint64_t time)
{
	struct direction *s = &d->sides[side];
	size_t used = bytes.size;
	if (s->bad) {
		struct view first = view_slice(bytes, 0, SHOWN_MAX - s->resp.line.size);
		buf_append(&s->resp.line, first.data, first.size);
		s->end = time;
		s->offset += used;
		return used;
	}
	size_t replicated = side == SIDE_SERVER ? redis_feed_replication(d, bytes, time) : 0;
	if (replicated) {
		s->offset += replicated;
		return replicated;
	}
	if (!s->begun)
		begin_value(d, side, bytes.data[0], time);
	s->end = time;
	enum resp_result result = resp_feed(&s->resp, bytes, &used);
	s->offset += used;
	if (result == RESP_NO_MEMORY)
		d->err = err_nomem();
	else if (result == RESP_BAD)
		become_bad(d, side);
	else if (result == RESP_VALUE)
		end_value(d, side, (struct view){ 0 });
	return used;
}

/* A client waits when too many commands are unanswered. A server that has answered all waits while it does. */
static bool must_wait(const struct decoder *d, enum message_side side)
{
	const struct direction *s = &d->sides[side];
	if (s->begun)
		return false;
	return side == SIDE_CLIENT ? d->count >= PENDING_MAX : d->count == 0 && d->sides[SIDE_CLIENT].waits;
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct direction *s = &d->sides[side];
	size_t size = bytes.size;
	while (bytes.size && !d->err && !must_wait(d, side))
		bytes = view_slice(bytes, feed_part(d, side, bytes, time), bytes.size);
	*ret_used = size - bytes.size;
	s->waits = bytes.size != 0;
	if (d->err)
		return FEED_FAILED;
	return s->waits ? FEED_WAIT : FEED_MORE;
}

static void say_cut(struct decoder *d, enum message_side side, struct view reason, uint64_t left)
{
	say_end(&d->why, reason);
	if (left)
		buf_printf(&d->why, ", %llu bytes before the end of a string", (unsigned long long)left);
	else
		buf_append_text(&d->why, side == SIDE_CLIENT ? " within a command" : " within a reply");
}

static void say_bad(struct decoder *d, const struct direction *s)
{
	struct view first = s->secret ? (struct view){ 0 } : buf_view(&s->resp.line);
	say_foreign(&d->why, s->resp.why, "RESP", s->start + s->resp.bad_at, s->offset, first);
}

/* Tells of what is under way as far as it came, and why no more of it did. */
static void end_early(struct decoder *d, enum message_side side, struct view reason)
{
	struct direction *s = &d->sides[side];
	uint64_t left = 0;
	buf_clear(&d->why);
	if (s->bad) {
		say_bad(d, s);
	} else {
		resp_cut(&s->resp, &left);
		say_cut(d, side, reason, left);
	}
	end_value(d, side, buf_view(&d->why));
	s->bad = false;
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	if (s->begun)
		end_early(d, side, reason);
	if (side == SIDE_SERVER)
		say_no_response(&d->gone, reason);
	if (side == SIDE_SERVER)
		redis_tell_replication(d);
	if (d->sides[SIDE_SERVER].closed)
		redis_tell_unanswered(d, time);
	if (!d->err && (d->why.failed || d->gone.failed))
		d->err = err_nomem();
	return d->err;
}

/* '*' and a number, a line end, '$' and a number. */
static enum probe_result probe_array(struct view bytes, const char *kinds)
{
	static const char form[] = "*0\r\n$0";
	size_t at = 0;
	for (size_t i = 0; i < sizeof form - 1; i++) {
		size_t digits = 0;
		if (form[i] == '0') {
			for (; at < bytes.size && bytes.data[at] >= '0' && bytes.data[at] <= '9' && digits < 10; digits++)
				at++;
			if (digits == 0 && at < bytes.size)
				return PROBE_NO;
			continue;
		}
		if (at == bytes.size)
			return PROBE_MORE;
		bool fits = i == 0 ? strchr(kinds, bytes.data[at]) != NULL
			: i == 4   ? strchr("$*:+", bytes.data[at]) != NULL
				   : bytes.data[at] == (uint8_t)form[i];
		if (!fits || bytes.data[at] == 0)
			return PROBE_NO;
		at++;
	}
	return at < bytes.size ? PROBE_YES : PROBE_MORE;
}

/* Whether a server could answer a line of words so, and nobody else would. */
static enum probe_result probe_answer(struct view bytes)
{
	enum { LINE_MAX = 512 };
	if (bytes.size == 0)
		return PROBE_MORE;
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	if (!end || end - bytes.data >= LINE_MAX)
		return bytes.size < LINE_MAX && strchr("+-:$*%_", bytes.data[0]) && bytes.data[0] ? PROBE_MORE : PROBE_NO;
	struct view line = view_slice(bytes, 1, (size_t)(end - bytes.data) - 1);
	if (line.size == 0 || line.data[line.size - 1] != '\r')
		return PROBE_NO;
	line.size--;
	size_t digits = 0;
	while (digits < line.size && line.data[digits] >= '0' && line.data[digits] <= '9')
		digits++;
	switch (bytes.data[0]) {
	case '+': return view_is(line, "OK") || view_is(line, "PONG") || view_is(line, "QUEUED") ? PROBE_YES : PROBE_NO;
	case '-':
		return view_begins_word(line, "ERR ") || view_begins_word(line, "NOAUTH ") || view_begins_word(line, "WRONG") ? PROBE_YES
															      : PROBE_NO;
	case '$': return digits == line.size || view_is(line, "-1") ? PROBE_YES : PROBE_NO;
	case ':':
	case '*':
	case '%': return digits && digits == line.size ? PROBE_YES : PROBE_NO;
	case '_': return line.size == 0 ? PROBE_YES : PROBE_NO;
	default: return PROBE_NO;
	}
}

/* A line of words whose first is a command that people type. */
static enum probe_result probe_words(struct view client, struct view server)
{
	static const char *const known[] = { "PING", "ECHO", "AUTH", "HELLO", "SELECT", "GET", "SET", "DEL", "INCR", "DECR", "EXISTS",
		"EXPIRE", "TTL", "KEYS", "SCAN", "TYPE", "HGET", "HSET", "HGETALL", "LPUSH", "RPUSH", "LPOP", "RPOP", "LRANGE", "SADD",
		"SMEMBERS", "ZADD", "ZRANGE", "MGET", "MSET", "INFO", "DBSIZE", "FLUSHALL", "FLUSHDB", "CONFIG", "CLIENT", "COMMAND",
		"MULTI", "MONITOR", "SUBSCRIBE", "PSUBSCRIBE", "PUBLISH", "TIME", "ROLE", "QUIT" };
	enum { WORD_MAX = 16 };
	size_t size = 0;
	while (size < client.size && size < WORD_MAX && (client.data[size] | 0x20) >= 'a' && (client.data[size] | 0x20) <= 'z')
		size++;
	struct view word = view_slice(client, 0, size);
	bool ends = size < client.size, is = !ends && size < WORD_MAX;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		is |= ends && view_is_word(word, known[i]);
	if (!is || (ends && !strchr(" \r\n", client.data[size])))
		return PROBE_NO;
	return ends && memchr(client.data, '\n', client.size) ? probe_answer(server) : PROBE_MORE;
}

static enum probe_result probe(struct view client, struct view server)
{
	while (client.size && (client.data[0] == '\r' || client.data[0] == '\n'))
		client = view_slice(client, 1, client.size);
	if (client.size == 0) {
		enum probe_result array = server.size ? probe_array(server, "*>%") : PROBE_MORE;
		bool refused = view_begins_word(server, "-DENIED REDIS") || view_begins_word(server, "-ERR MAX NUMBER OF CLIENTS");
		return refused ? PROBE_YES : array == PROBE_NO && server.data[0] == '-' && server.size < SHOWN_MAX ? PROBE_MORE : array;
	}
	return client.data[0] == '*' ? probe_array(client, "*") : probe_words(client, server);
}

const struct protocol redis_protocol = {
	.name = "Redis",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
