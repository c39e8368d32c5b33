#include "proto/smtp_parts.h"

#include <stdlib.h>

#include "proto/say.h"

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->options.handover = NULL;
	d->sink = sink;
	d->sides[0].parts.max = d->sides[1].parts.max = options->body_max;
	d->sides[SIDE_SERVER].state = REPLY;
	*ret_decoder = d;
	return ERR_NONE;
}

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	smtp_drop_mail(d);
	for (int i = 0; i < 2; i++) {
		buf_finish(&d->sides[i].line);
		buf_finish(&d->sides[i].reply);
		parts_finish(&d->sides[i].parts);
	}
	buf_finish(&d->mail);
	buf_finish(&d->why);
	buf_finish(&d->gone);
	free(d);
}

/* Takes bytes up to the end of a line: true when it has come. */
static bool take_line(struct buf *line, struct view bytes, size_t *ret_used)
{
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	*ret_used = end ? (size_t)(end - bytes.data) + 1 : bytes.size;
	buf_append(line, bytes.data, *ret_used);
	return end;
}

static struct view without_end(const struct buf *line)
{
	struct view text = buf_view(line);
	text.size -= text.size && text.data[text.size - 1] == '\n';
	text.size -= text.size && text.data[text.size - 1] == '\r';
	return text;
}

static void bad(struct direction *s, const char *why, size_t used)
{
	s->state = BAD;
	s->why = why;
	s->bad_from = s->offset + used - s->line.size;
	s->line.size = s->line.size < SHOWN_MAX ? s->line.size : SHOWN_MAX;
}

/* What a client says may be a password. */
static bool is_shown(const struct decoder *d, const struct direction *s)
{
	return s == &d->sides[SIDE_SERVER];
}

static uint64_t add_pending(struct decoder *d, enum kind kind)
{
	uint64_t exchange = d->exchanges++;
	d->pending[d->last++ % PENDING_MAX] = (struct pending){ exchange, kind };
	return exchange;
}

static void tell_client(struct decoder *d, struct direction *s)
{
	struct message message = { .time = s->time, .end = s->end };
	message.body_bytes = d->size;
	smtp_tell(d, SIDE_CLIENT, &message);
}

static void end_command(struct decoder *d, struct direction *s)
{
	struct view line = without_end(&s->line);
	if (s->state == ANSWER) {
		smtp_answer_parts(d, line);
		s->exchange = add_pending(d, AUTH);
		s->state = WAIT;
	} else {
		d->size = d->left = 0;
		s->state = COMMAND;
		enum kind kind = smtp_command_parts(d, line); /* of a chunk: how long it is */
		s->exchange = add_pending(d, kind);
		s->state = kind == PLAIN ? COMMAND : WAIT;
	}
	if (d->left) {
		s->state = CHUNK;
		smtp_begin_mail(d);
	} else {
		tell_client(d, s);
	}
	buf_clear(&s->line);
}

static size_t feed_command(struct decoder *d, struct direction *s, struct view bytes, uint64_t time)
{
	size_t used;
	if (s->line.size == 0)
		s->time = time;
	s->end = time;
	bool whole = take_line(&s->line, bytes, &used);
	if (s->line.failed)
		d->err = err_nomem();
	else if (s->line.size > d->options.head_max)
		bad(s, "a line is too long", used);
	else if (whole)
		end_command(d, s);
	return used;
}

static size_t feed_mail(struct decoder *d, struct direction *s, struct view bytes, uint64_t time)
{
	bool end = false;
	if (s->state == CONTENT && d->size == 0 && d->matched == 2)
		s->time = time;
	s->end = time;
	size_t used = s->state == CHUNK ? smtp_feed_chunk(d, bytes, &end) : smtp_feed_content(d, bytes, &end);
	if (!end)
		return used;
	smtp_mail_parts(d);
	tell_client(d, s);
	smtp_drop_mail(d);
	s->state = COMMAND;
	return used;
}

/* What the client may send from here on. */
static void go_on(struct decoder *d, enum kind kind, uint32_t code)
{
	struct direction *client = &d->sides[SIDE_CLIENT];
	if (client->state != WAIT || d->first != d->last)
		return;
	client->state = COMMAND;
	if (kind == AUTH && code == 334)
		client->state = ANSWER;
	if (kind != DATA || code != 354)
		return;
	client->state = CONTENT;
	client->time = client->end = d->sides[SIDE_SERVER].end;
	client->exchange = add_pending(d, PLAIN);
	smtp_begin_mail(d);
}

/* True: what follows is TLS. */
static bool end_reply(struct decoder *d, struct direction *s)
{
	bool alone = s->alone;
	enum kind kind = alone ? PLAIN : d->pending[d->first % PENDING_MAX].kind;
	uint32_t code = smtp_tell_reply(d, s, kind, alone);
	s->begun = false;
	buf_clear(&s->line);
	buf_clear(&s->reply);
	if (alone)
		return false;
	d->first++;
	go_on(d, kind, code);
	return kind == STARTTLS && code == 220;
}

static bool is_reply(struct view line)
{
	bool digits = line.size >= 3;
	for (size_t i = 0; i < 3 && digits; i++)
		digits = line.data[i] >= '0' && line.data[i] <= '9';
	return digits && (line.size == 3 || line.data[3] == ' ' || line.data[3] == '-');
}

static void begin_reply(struct decoder *d, struct direction *s, uint64_t time)
{
	s->begun = true;
	s->alone = d->first == d->last || s->offset == 0; /* the first is the greeting, whoever spoke before it */
	s->time = time;
	s->exchange = s->alone ? d->exchanges++ : d->pending[d->first % PENDING_MAX].exchange;
	if (!d->err)
		d->err = d->sink->begun(d->sink, s->exchange, time);
}

static size_t feed_reply(struct decoder *d, struct direction *s, struct view bytes, uint64_t time, bool *ret_handed)
{
	size_t used;
	if (!s->begun)
		begin_reply(d, s, time);
	s->end = time;
	bool whole = take_line(&s->line, bytes, &used);
	struct view line = without_end(&s->line);
	if (s->line.failed || s->reply.failed)
		d->err = err_nomem();
	else if (s->line.size + s->reply.size > d->options.head_max)
		bad(s, "a reply is too long", used);
	else if (whole && !is_reply(line))
		bad(s, "this is no reply", used);
	else if (whole && line.size > 3 && line.data[3] == '-') {
		buf_append(&s->reply, s->line.data, s->line.size);
		buf_clear(&s->line);
	} else if (whole) {
		*ret_handed = end_reply(d, s);
	}
	return used;
}

static size_t feed_bad(struct direction *s, struct view bytes)
{
	struct view first = view_slice(bytes, 0, SHOWN_MAX - s->line.size);
	buf_append(&s->line, first.data, first.size);
	return bytes.size;
}

/* A client waits behind what must be answered first. A server that has answered all waits while the client does: what it says next may be
 * the answer to what waits. */
static bool must_wait(const struct decoder *d, const struct direction *s)
{
	const struct direction *client = &d->sides[SIDE_CLIENT];
	if (s != client)
		return s->state == REPLY && !s->begun && d->first == d->last && client->waits;
	return s->state == WAIT || (s->state == COMMAND && d->last - d->first >= PENDING_MAX - 1);
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct direction *s = &d->sides[side];
	size_t size = bytes.size;
	bool handed = false;
	while (bytes.size && !d->err && !handed && !must_wait(d, s)) {
		size_t used;
		switch (s->state) {
		case REPLY: used = feed_reply(d, s, bytes, time, &handed); break;
		case CONTENT:
		case CHUNK: used = feed_mail(d, s, bytes, time); break;
		case BAD: used = feed_bad(s, bytes); break;
		default: used = feed_command(d, s, bytes, time); break;
		}
		s->offset += used;
		bytes = view_slice(bytes, used, bytes.size);
	}
	*ret_used = size - bytes.size;
	if (d->err)
		return FEED_FAILED;
	if (handed)
		return FEED_HANDED;
	s->waits = bytes.size != 0;
	return s->waits ? FEED_WAIT : FEED_MORE;
}

static bool handed(const struct decoder *d, struct handover *ret_handover)
{
	(void)d;
	ret_handover->protocol = view_text("tls");
	return true;
}

static void say_why(struct decoder *d, const struct direction *s, struct view reason)
{
	buf_clear(&d->why);
	if (s->state == BAD) {
		struct view first = is_shown(d, s) ? buf_view(&s->line) : (struct view){ 0 };
		say_foreign(&d->why, s->why, "SMTP", s->bad_from, s->offset, first);
		return;
	}
	say_end(&d->why, reason);
	if (s->state == CONTENT || s->state == CHUNK)
		buf_append_text(&d->why, " before the end of the mail");
	else
		buf_append_text(&d->why, s->state == REPLY ? " within a reply" : " within a command");
}

/* A client's mail is told of as far as it came; its pending reply is the server's to tell of. */
static void close_client(struct decoder *d, struct direction *s, uint64_t time, struct view reason)
{
	if (s->state == CONTENT || s->state == CHUNK) {
		struct message message = { .time = s->time, .end = s->end, .body_bytes = d->size };
		say_why(d, s, reason);
		smtp_mail_parts(d);
		message.error = buf_view(&d->why);
		smtp_tell(d, SIDE_CLIENT, &message);
		smtp_drop_mail(d);
	} else if (s->line.size) {
		say_why(d, s, reason);
		smtp_tell_error(d, SIDE_CLIENT, d->exchanges++, time, buf_view(&d->why), true);
	}
}

static void tell_unanswered(struct decoder *d, uint64_t time)
{
	for (; d->first != d->last && !d->err; d->first++)
		smtp_tell_error(d, SIDE_SERVER, d->pending[d->first % PENDING_MAX].exchange, time, buf_view(&d->gone), false);
}

static void close_server(struct decoder *d, struct direction *s, uint64_t time, struct view reason)
{
	struct direction *client = &d->sides[SIDE_CLIENT];
	if (s->begun) {
		say_why(d, s, reason);
		smtp_tell_error(d, SIDE_SERVER, s->exchange, time, buf_view(&d->why), s->alone);
		d->first += !s->alone;
	}
	say_no_response(&d->gone, reason);
	tell_unanswered(d, time);
	if (client->state == WAIT)
		client->state = COMMAND;
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	if (side == SIDE_CLIENT)
		close_client(d, s, time, reason);
	else
		close_server(d, s, time, reason);
	if (d->sides[SIDE_SERVER].closed)
		tell_unanswered(d, time);
	if (!d->err && (d->why.failed || d->gone.failed))
		d->err = err_nomem();
	return d->err;
}

/* 220, and as a rule the name of the protocol behind it. */
static enum probe_result probe_server(struct view bytes, bool *ret_other)
{
	static const uint8_t code[] = { '2', '2', '0' };
	const uint8_t *end = bytes.size ? memchr(bytes.data, '\n', bytes.size) : NULL;
	for (size_t i = 0; i < bytes.size && i < 4; i++) {
		if (i < 3 ? bytes.data[i] != code[i] : bytes.data[i] != ' ' && bytes.data[i] != '-')
			*ret_other = true;
	}
	for (const uint8_t *at = bytes.data; end && at + 4 <= end; at++) {
		if (memcmp(at, "SMTP", 4) == 0 || memcmp(at, "LMTP", 4) == 0)
			return PROBE_YES;
	}
	return end ? PROBE_NO : PROBE_MORE;
}

static enum probe_result probe_client(struct view bytes)
{
	static const char *const hellos[] = { "EHLO ", "HELO ", "LHLO " };
	enum { SIZE = 5 };
	bool may = bytes.size == 0;
	for (size_t i = 0; i < sizeof hellos / sizeof *hellos && bytes.size; i++) {
		bool same = view_same_word(view_slice(bytes, 0, SIZE), view_slice(view_text(hellos[i]), 0, bytes.size));
		if (same && bytes.size >= SIZE)
			return PROBE_YES;
		may |= same;
	}
	return may ? PROBE_MORE : PROBE_NO;
}

/* A server speaks first; what a client says first tells, too. */
static enum probe_result probe(struct view client, struct view server)
{
	bool other = false;
	enum probe_result answers = probe_server(server, &other), asks = probe_client(client);
	if (client.size == 0 || server.size == 0)
		return other ? PROBE_NO : client.size ? asks : answers;
	if (other)
		return PROBE_NO;
	if (server.size < 4)
		return PROBE_MORE;
	if (answers == PROBE_YES || asks == PROBE_YES)
		return PROBE_YES;
	return answers == PROBE_NO && asks == PROBE_NO ? PROBE_NO : PROBE_MORE;
}

const struct protocol smtp_protocol = {
	.name = "SMTP",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.handed = handed,
	.close = close_side,
};
