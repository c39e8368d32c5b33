#include "proto/websocket_parts.h"

#include <stdlib.h>

#include "proto/say.h"

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < 2; i++) {
		struct direction *s = &d->sides[i];
		websocket_drop(d, &s->data);
		websocket_drop(d, &s->control);
		buf_finish(&s->data.kept);
		buf_finish(&s->control.kept);
		buf_finish(&s->bad);
		if (s->inflates)
			inflateEnd(&s->stream);
	}
	buf_finish(&d->path);
	buf_finish(&d->why);
	free(d);
}

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	const struct handover *handover = options->handover;
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->options.handover = NULL;
	d->sink = sink;
	if (handover)
		buf_append(&d->path, handover->path.data, handover->path.size);
	websocket_agree(d, handover ? handover->settings : view_text("permessage-deflate"));
	if (d->path.failed) {
		destroy(d);
		return err_nomem();
	}
	*ret_decoder = d;
	return ERR_NONE;
}

static void bad(struct decoder *d, struct direction *s, const char *why)
{
	static const char cut[] = "what came behind is no frame";
	bool begun = s->header_size && (s->at != &s->data || s->data.frames == 0);
	if (s->data.open && s->data.frames)
		websocket_tell(d, s, &s->data, view_of(cut, sizeof cut - 1));
	s->state = BAD;
	s->why = why;
	s->bad_from = s->offset - s->header_size;
	if (begun && s->at) {
		s->bad_exchange = s->at->exchange;
		s->at->open = false;
	} else {
		s->bad_exchange = d->exchanges++;
		if (!d->err)
			d->err = d->sink->begun(d->sink, s->bad_exchange, s->time);
	}
	buf_append(&s->bad, s->header, s->header_size);
	if (s->bad.failed && !d->err)
		d->err = err_nomem();
}

/* By its first byte a frame belongs to a message that is under way, or to one that begins. */
static void begin_frame(struct decoder *d, struct direction *s, uint8_t first, uint64_t time)
{
	uint8_t opcode = first & 15;
	s->time = time;
	if (opcode == CONTINUATION && s->data.open) {
		s->at = &s->data;
		return;
	}
	bool free = !(s->data.open && opcode < CLOSE);
	s->at = !free ? NULL : opcode < CLOSE ? &s->data : &s->control;
	if (s->at)
		websocket_begin(d, s, s->at, opcode);
}

/* What is wrong with the first two bytes of a header; NULL: nothing. */
static const char *wrong_with(const struct decoder *d, const struct direction *s)
{
	uint8_t opcode = s->header[0] & 15, reserved = s->header[0] >> 4 & 7, size = s->header[1] & 127;
	bool control = opcode >= CLOSE, last = s->header[0] & 0x80, first = opcode == TEXT || opcode == BINARY;
	if (!first && opcode != CONTINUATION && opcode != CLOSE && opcode != PING && opcode != PONG)
		return "there are no such frames";
	if (!s->at)
		return "a message begins within another";
	if (opcode == CONTINUATION && s->data.frames == 0)
		return "nothing is to be continued";
	if (!d->others && (reserved & 3 || (reserved && !(d->deflate && first))))
		return "a bit is set that means nothing";
	if (control && (!last || size > CONTROL_MAX))
		return "a frame of control is too long";
	return NULL;
}

/* Bytes of a header, as far as it is known. */
static uint32_t header_needs(const struct direction *s)
{
	if (s->header_size < 2)
		return 2;
	uint8_t size = s->header[1] & 127;
	return 2u + (size == 126 ? 2 : size == 127 ? 8 : 0) + (s->header[1] & 0x80 ? 4 : 0);
}

static uint64_t parse_length(const struct direction *s)
{
	uint8_t size = s->header[1] & 127;
	uint32_t bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
	uint64_t length = bytes ? 0 : size;
	for (uint32_t i = 0; i < bytes; i++)
		length = length << 8 | s->header[2 + i];
	return length;
}

static void end_frame(struct decoder *d, struct direction *s)
{
	struct incoming *m = s->at;
	bool last = s->header[0] & 0x80;
	s->state = HEADER;
	s->header_size = 0;
	if (!last)
		return;
	if (m->compressed && !m->raw)
		websocket_end_deflate(d, s);
	websocket_tell(d, s, m, m->why ? view_text(m->why) : (struct view){ 0 });
}

static void end_header(struct decoder *d, struct direction *s)
{
	s->left = parse_length(s);
	if (s->left > INT64_MAX) {
		bad(d, s, "its length is none");
		return;
	}
	s->masked = s->header[1] & 0x80;
	if (s->masked)
		memcpy(s->mask, s->header + s->header_size - 4, 4);
	s->mask_at = 0;
	s->state = PAYLOAD;
	if (s->at->frames++ == 0) {
		s->at->compressed = s->header[0] & 0x40 && d->deflate;
		s->at->raw = s->lost && s->at->compressed;
	}
	if (s->left == 0)
		end_frame(d, s);
}

static size_t feed_header(struct decoder *d, struct direction *s, struct view bytes, uint64_t time)
{
	struct view part = view_slice(bytes, 0, header_needs(s) - s->header_size);
	if (s->header_size == 0)
		begin_frame(d, s, part.data[0], time);
	memcpy(s->header + s->header_size, part.data, part.size);
	s->header_size += (uint32_t)part.size;
	s->offset += part.size;
	if (s->at)
		s->at->end = time;
	const char *wrong = s->header_size == 2 ? wrong_with(d, s) : NULL;
	if (wrong)
		bad(d, s, wrong);
	else if (s->header_size >= 2 && s->header_size == header_needs(s))
		end_header(d, s);
	return part.size;
}

static size_t feed_payload(struct decoder *d, struct direction *s, struct view bytes, uint64_t time)
{
	struct view part = view_slice(bytes, 0, s->left < bytes.size ? s->left : bytes.size);
	s->offset += part.size;
	s->left -= part.size;
	s->at->end = time;
	websocket_payload(d, s, part);
	if (s->left == 0)
		end_frame(d, s);
	return part.size;
}

static size_t feed_bad(struct decoder *d, struct direction *s, struct view bytes)
{
	struct view first = view_slice(bytes, 0, SHOWN_MAX - s->bad.size);
	buf_append(&s->bad, first.data, first.size);
	if (s->bad.failed)
		d->err = err_nomem();
	s->offset += bytes.size;
	return bytes.size;
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct direction *s = &d->sides[side];
	*ret_used = bytes.size;
	while (bytes.size && !d->err) {
		size_t used;
		switch (s->state) {
		case HEADER: used = feed_header(d, s, bytes, time); break;
		case PAYLOAD: used = feed_payload(d, s, bytes, time); break;
		default: used = feed_bad(d, s, bytes); break;
		}
		bytes = view_slice(bytes, used, bytes.size);
	}
	return d->err ? FEED_FAILED : FEED_MORE;
}

/* Tells of an error in the place of a message. */
static void tell_error(struct decoder *d, const struct direction *s, uint64_t exchange, uint64_t time)
{
	struct message message = { .time = s->time, .end = time, .name = "WebSocket", .alone = true, .error = buf_view(&d->why) };
	if (!d->err)
		d->err = d->why.failed ? err_nomem() : d->sink->message(d->sink, exchange, side_of(d, s), &message);
}

static void tell_bad(struct decoder *d, const struct direction *s, uint64_t time)
{
	buf_clear(&d->why);
	say_foreign(&d->why, s->why, "WebSocket", s->bad_from, s->offset, buf_view(&s->bad));
	tell_error(d, s, s->bad_exchange, time);
}

/* What is under way is told of as far as it came. */
static void end_early(struct decoder *d, struct direction *s, uint64_t time, struct view reason)
{
	bool begins = s->state == HEADER && s->header_size && (!s->at || s->at->frames == 0);
	buf_clear(&d->why);
	say_end(&d->why, reason);
	if (s->state == PAYLOAD)
		buf_printf(&d->why, ", %llu bytes before the end of a frame", (unsigned long long)s->left);
	else
		buf_append_text(&d->why, s->header_size ? " within the header of a frame" : " before the last frame of the message");
	if (s->data.open && s->data.frames)
		websocket_tell(d, s, &s->data, buf_view(&d->why));
	if (s->control.open && s->control.frames)
		websocket_tell(d, s, &s->control, buf_view(&d->why));
	if (begins && s->at)
		tell_error(d, s, s->at->exchange, time);
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	if (s->state == BAD)
		tell_bad(d, s, time);
	else if (s->data.open || s->header_size)
		end_early(d, s, time, reason);
	return d->err;
}

/* Frames look like anything: only an upgrade tells. */
static enum probe_result probe(struct view client, struct view server)
{
	(void)client;
	(void)server;
	return PROBE_NO;
}

const struct protocol websocket_protocol = {
	.name = "WebSocket",
	.upgrade = "websocket",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
