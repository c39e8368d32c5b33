/*
 * A protocol that nobody speaks, for what decoders may tell: lines of text. `ask NAME SECRET` is a request, which `ok ...` or `no ...`
 * answers; a line that begins with ! is told alone; `go NAME` hands the connection over, with NAME for a name, or without one if it is -.
 */
#pragma once

#include <stdlib.h>

#include "proto/parts.h"

struct talk_side {
	struct buf line;
	uint64_t time, exchange;
};

struct decoder {
	struct message_sink *sink;
	struct talk_side sides[2];
	struct parts parts;
	struct buf next;
	uint64_t made, asked[64], first, last; /* exchanges; those that are not answered */
	bool upgraded;
};

static enum probe_result talk_probe(struct view client, struct view server)
{
	if (client.size < 4 && server.size == 0)
		return memcmp(client.data, "ask ", client.size) == 0 ? PROBE_MORE : PROBE_NO;
	return client.size >= 4 && memcmp(client.data, "ask ", 4) == 0 ? PROBE_YES : PROBE_NO;
}

static enum err talk_create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->sink = sink;
	d->parts.max = options->body_max;
	d->upgraded = options->handover;
	if (options->handover) { /* what it was told comes back as its first message */
		parts_word(&d->parts, datum_word(options->handover->protocol));
		parts_word(&d->parts, datum_string(options->handover->method));
		parts_word(&d->parts, datum_string(options->handover->path));
		parts_word(&d->parts, datum_string(options->handover->settings));
	}
	*ret_decoder = d;
	return ERR_NONE;
}

static void talk_destroy(struct decoder *d)
{
	parts_finish(&d->parts);
	buf_finish(&d->sides[0].line);
	buf_finish(&d->sides[1].line);
	buf_finish(&d->next);
	free(d);
}

/* Words as words, as parts, and as a map among the attributes. */
static bool talk_fill(struct decoder *d, struct view line, struct message *message)
{
	struct datum pair[2] = { datum_keyword("secret"), datum_string((struct view){ 0 }) };
	for (int i = 0; line.size; i++) {
		const uint8_t *blank = memchr(line.data, ' ', line.size);
		struct view word = view_slice(line, 0, blank ? (size_t)(blank - line.data) : line.size);
		struct datum datum = i ? datum_string(word) : datum_word(word);
		static const char *const names[] = { "verb", "name", "secret" };
		datum.flags = i == 2 ? DATUM_SECRET : 0;
		parts_word(&d->parts, datum);
		parts_add(&d->parts, i < 3 ? names[i] : NULL, datum);
		pair[1] = datum;
		line = view_slice(line, word.size + 1, line.size);
	}
	struct datum map = { .type = DATUM_MAP, .count = 2, .items = pair };
	parts_attribute(&d->parts, "talk.last", map);
	return parts_tell(&d->parts, message);
}

static enum err talk_line(struct decoder *d, enum message_side side, bool *ret_handed)
{
	struct talk_side *s = &d->sides[side];
	struct view line = view_of(s->line.data, s->line.size - 1);
	struct message message = { .time = s->time, .end = s->time, .protocol = view_text("TALK/1") };
	bool go = line.size > 3 && memcmp(line.data, "go ", 3) == 0;
	message.alone = (line.size && line.data[0] == '!') || (side == SIDE_SERVER && d->first == d->last);
	message.failed = line.size > 1 && memcmp(line.data, "no", 2) == 0;
	message.name = line.size > 4 && memcmp(line.data, "ask9", 4) == 0 ? "TALK9" : NULL;
	if (!talk_fill(d, line, &message))
		return err_nomem();
	uint64_t number = side == SIDE_CLIENT || message.alone ? d->made++ : d->asked[d->first++ % 64];
	if (side == SIDE_CLIENT && !message.alone)
		d->asked[d->last++ % 64] = number;
	enum err err = d->sink->message(d->sink, number, side, &message);
	parts_clear(&d->parts);
	if (go && line.data[3] != '-')
		buf_append(&d->next, line.data + 3, line.size - 3);
	*ret_handed = go && side == SIDE_SERVER;
	buf_clear(&s->line);
	return err;
}

static enum err talk_begin(struct decoder *d, uint64_t time)
{
	struct message message = { .time = time, .end = time, .protocol = view_text("TALK/2"), .alone = true };
	d->upgraded = false;
	if (!parts_tell(&d->parts, &message))
		return err_nomem();
	enum err err = d->sink->message(d->sink, d->made++, SIDE_CLIENT, &message);
	parts_clear(&d->parts);
	return err;
}

static enum feed_result talk_feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct talk_side *s = &d->sides[side];
	if (d->upgraded && talk_begin(d, time))
		return FEED_FAILED;
	for (*ret_used = 0; *ret_used < bytes.size;) {
		bool handed = false;
		if (s->line.size == 0)
			s->time = time;
		buf_append_byte(&s->line, bytes.data[(*ret_used)++]);
		if (s->line.data[s->line.size - 1] != '\n')
			continue;
		if (talk_line(d, side, &handed))
			return FEED_FAILED;
		if (handed)
			return FEED_HANDED;
	}
	return FEED_MORE;
}

static bool talk_handed(const struct decoder *d, struct handover *ret_handover)
{
	ret_handover->protocol = buf_view(&d->next);
	ret_handover->method = view_text("go");
	ret_handover->path = view_text("/a b");
	ret_handover->settings = view_text("none");
	return d->next.size != 0;
}

/* What was not answered, and half a line. */
static enum err talk_close(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct message message = { .time = time, .end = time, .error = reason.size ? reason : view_text("closed") };
	struct talk_side *s = &d->sides[side];
	if (s->line.size) {
		message.alone = true;
		TRY(d->sink->message(d->sink, d->made++, side, &message));
		message.alone = false;
		buf_clear(&s->line);
	}
	while (side == SIDE_SERVER && d->first != d->last)
		TRY(d->sink->message(d->sink, d->asked[d->first++ % 64], side, &message));
	return ERR_NONE;
}

static const struct protocol talk_protocol = {
	.name = "TALK",
	.upgrade = "talk",
	.probe = talk_probe,
	.create = talk_create,
	.destroy = talk_destroy,
	.feed = talk_feed,
	.handed = talk_handed,
	.close = talk_close,
};
