#include "proto/http2_frames.h"

#include "proto/reader.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_SIZE = sizeof preface - 1 };

void http2_bad(struct direction *s, const char *why)
{
	s->state = BROKEN;
	s->why = why;
}

static size_t feed_preface(struct direction *s, struct view bytes)
{
	if (bytes.data[0] != (uint8_t)preface[s->matched]) {
		http2_bad(s, "it does not begin with the preface of HTTP/2");
		return 0;
	}
	if (++s->matched == PREFACE_SIZE)
		s->state = HEADER;
	return 1;
}

/* The stream that a frame is for; a side that speaks of one that is over, or was never opened, gets none. */
static struct stream *stream_of(struct decoder *d, const struct direction *s)
{
	return http2_find(d, s->type == CONTINUATION || s->type == PUSH_PROMISE ? s->block_id : s->id);
}

/* Whose fields an open block has: a promise is a request that the server makes. */
static enum message_side block_side(const struct decoder *d, const struct direction *s)
{
	enum message_side side = s == &d->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT;
	return s->block_id % 2 == 0 && s->block_id != s->id ? SIDE_CLIENT : side;
}

static void inflate_block(struct decoder *d, struct direction *s, struct view bytes, bool last)
{
	struct stream *stream = http2_find(d, s->block_id);
	struct half *half = stream ? &stream->halves[block_side(d, s)] : NULL;
	for (;;) {
		nghttp2_nv field;
		int flags = 0;
		ssize_t used = nghttp2_hd_inflate_hd2(s->inflater, &field, &flags, bytes.data, bytes.size, last);
		if (used < 0) {
			if (used == NGHTTP2_ERR_NOMEM)
				d->err = err_nomem();
			else
				http2_bad(s, "its fields cannot be undone");
			return;
		}
		bytes = view_slice(bytes, (size_t)used, bytes.size);
		if (flags & NGHTTP2_HD_INFLATE_EMIT && half && !half->told)
			http2_keep_field(d, half, view_of(field.name, field.namelen), view_of(field.value, field.valuelen));
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			nghttp2_hd_inflate_end_headers(s->inflater);
		if (d->err || flags & NGHTTP2_HD_INFLATE_FINAL || !(flags & NGHTTP2_HD_INFLATE_EMIT || bytes.size))
			return;
	}
}

static void end_stream(struct decoder *d, struct stream *stream, enum message_side side)
{
	if (!stream->halves[side].told)
		http2_tell(d, stream, side, (struct view){ 0 });
}

static void end_block(struct decoder *d, struct direction *s)
{
	enum message_side side = block_side(d, s);
	inflate_block(d, s, (struct view){ 0 }, true);
	s->block_open = false;
	struct stream *stream = http2_find(d, s->block_id);
	if (!stream || s->state == BROKEN || d->err || stream->halves[side].told)
		return;
	http2_end_block(d, stream, side);
	if (s->block_ends_stream)
		end_stream(d, stream, side);
}

static void end_goaway(struct decoder *d, enum message_side side, struct view bytes)
{
	struct reader r = { .rest = bytes };
	uint32_t last = (uint32_t)read_big(&r, 4) & INT32_MAX, code = (uint32_t)read_big(&r, 4);
	if (r.failed || code == 0)
		return;
	buf_clear(&d->why);
	buf_printf(&d->why, "the %s goes away after stream %u: %s", side == SIDE_CLIENT ? "client" : "server", last,
		http2_error_name(code));
	http2_tell_alone(d, side, d->sides[side].time, buf_view(&d->why));
}

/* Who says that it takes longer frames is not held to less later: what is under way may have been sent before. */
static void end_settings(struct decoder *d, struct direction *s, struct view bytes)
{
	enum { MAX_FRAME_SIZE = 5 };
	struct direction *other = &d->sides[s == &d->sides[SIDE_CLIENT] ? SIDE_SERVER : SIDE_CLIENT];
	struct reader r = { .rest = bytes };
	while (r.rest.size >= 6) {
		uint32_t setting = (uint32_t)read_big(&r, 2), value = (uint32_t)read_big(&r, 4);
		if (setting == MAX_FRAME_SIZE && value > other->frame_max)
			other->frame_max = value;
	}
}

static void end_frame(struct decoder *d, struct direction *s, enum message_side side)
{
	struct view control = view_of(s->control, s->control_size);
	struct stream *stream = stream_of(d, s);
	struct reader r = { .rest = control };
	s->state = HEADER;
	s->header_size = 0;
	if (s->type == DATA && s->flags & END_STREAM && stream)
		end_stream(d, stream, side);
	else if ((s->type == HEADERS || s->type == PUSH_PROMISE || s->type == CONTINUATION) && s->flags & END_HEADERS)
		end_block(d, s);
	else if (s->type == RST_STREAM && stream)
		http2_reset(d, stream, side, (uint32_t)read_big(&r, 4), s->time);
	else if (s->type == GOAWAY)
		end_goaway(d, side, control);
	else if (s->type == SETTINGS)
		end_settings(d, s, control);
}

/* Opens the block of a stream; one that is over already, or too many, still changes the table. */
static void open_block(struct decoder *d, struct direction *s, enum message_side side, uint32_t id)
{
	uint32_t *last = &d->last_id[id % 2 == 0];
	struct stream *stream = id > *last ? http2_open(d, id) : http2_find(d, id);
	if (id > *last)
		*last = id;
	s->block_open = true;
	s->block_id = id;
	s->block_ends_stream = s->type == HEADERS && s->flags & END_STREAM;
	if (stream)
		http2_begin(d, stream, s->type == PUSH_PROMISE ? SIDE_CLIENT : side, s->time);
	if (stream && s->type == PUSH_PROMISE)
		s->block_ends_stream = true;
}

static const char *wrong_with(const struct direction *s)
{
	if (!s->settled && s->type != SETTINGS)
		return "its first frame is not its settings";
	if (s->left > s->frame_max)
		return "a frame is longer than the other side takes";
	bool of_stream = s->type <= RST_STREAM || s->type == PUSH_PROMISE || s->type == CONTINUATION;
	if (s->block_open != (s->type == CONTINUATION) || (s->block_open && s->id == 0))
		return "a block of fields is not continued, or none is open";
	if (of_stream && s->id == 0)
		return "a frame for a stream names none";
	if ((s->type == RST_STREAM || s->type == WINDOW_UPDATE) && s->left != 4)
		return "a frame has another size than its kind";
	if (s->type == SETTINGS && (s->id || s->left % 6))
		return "a frame has another size than its kind";
	return NULL;
}

static void end_header(struct decoder *d, struct direction *s, enum message_side side)
{
	struct reader r = { .rest = view_of(s->header, FRAME_HEADER) };
	s->left = (uint32_t)read_big(&r, 3);
	s->type = (enum frame_type)read_big(&r, 1);
	s->flags = (uint8_t)read_big(&r, 1);
	s->id = (uint32_t)read_big(&r, 4) & INT32_MAX;
	s->control_size = s->padding = s->first = 0;
	const char *why = wrong_with(s);
	if (why) {
		http2_bad(s, why);
		return;
	}
	s->settled = true;
	bool padded = s->flags & PADDED && (s->type == DATA || s->type == HEADERS || s->type == PUSH_PROMISE);
	s->first = s->type == HEADERS && s->flags & HAS_PRIORITY ? 5 : s->type == PUSH_PROMISE ? 4 : 0;
	if (s->left < s->first + padded) {
		http2_bad(s, "a frame is shorter than what it begins with");
		return;
	}
	if (s->type == HEADERS)
		open_block(d, s, side, s->id);
	s->state = padded ? PAD : s->first ? SKIP_FIRST : PAYLOAD;
}

static size_t feed_header(struct decoder *d, struct direction *s, enum message_side side, struct view bytes, uint64_t time)
{
	struct view part = view_slice(bytes, 0, FRAME_HEADER - s->header_size);
	if (s->header_size == 0)
		s->time = time;
	if (part.size)
		memcpy(s->header + s->header_size, part.data, part.size);
	s->header_size += (uint32_t)part.size;
	if (s->header_size == FRAME_HEADER)
		end_header(d, s, side);
	return part.size;
}

static size_t feed_pad(struct direction *s, struct view bytes)
{
	s->padding = bytes.data[0];
	s->left--;
	if (s->padding + s->first > s->left)
		http2_bad(s, "a frame has more padding than bytes");
	else
		s->state = s->first ? SKIP_FIRST : PAYLOAD;
	return 1;
}

/* A priority is skipped; a promise names its stream. */
static size_t feed_first(struct decoder *d, struct direction *s, enum message_side side, struct view bytes)
{
	s->control[s->control_size++] = bytes.data[0];
	s->left--;
	if (--s->first)
		return 1;
	s->state = PAYLOAD;
	struct reader r = { .rest = view_of(s->control, s->control_size) };
	if (s->type != PUSH_PROMISE)
		return 1;
	uint32_t id = (uint32_t)read_big(&r, 4) & INT32_MAX;
	if (id == 0 || id % 2 || side != SIDE_SERVER)
		http2_bad(s, "a promise names no stream of the server's");
	else
		open_block(d, s, side, id);
	return 1;
}

static size_t feed_payload(struct decoder *d, struct direction *s, enum message_side side, struct view bytes, uint64_t time)
{
	struct view part = view_slice(bytes, 0, s->left - s->padding);
	struct stream *stream = stream_of(d, s);
	s->left -= (uint32_t)part.size;
	if (s->type == HEADERS || s->type == PUSH_PROMISE || s->type == CONTINUATION) {
		inflate_block(d, s, part, false);
	} else if (s->type == DATA) {
		struct half *half = stream ? &stream->halves[side] : NULL;
		if (half && !half->told) {
			http2_begin(d, stream, side, time);
			http2_keep_body(d, half, part);
		}
	} else {
		struct view kept = view_slice(part, 0, CONTROL_KEPT - s->control_size);
		if (kept.size)
			memcpy(s->control + s->control_size, kept.data, kept.size);
		s->control_size += (uint32_t)kept.size;
	}
	return part.size;
}

static size_t feed_padding(struct direction *s, struct view bytes)
{
	struct view part = view_slice(bytes, 0, s->left);
	s->left -= (uint32_t)part.size;
	s->padding = s->left;
	return part.size;
}

size_t http2_feed_part(struct decoder *d, enum message_side side, struct view bytes, uint64_t time)
{
	struct direction *s = &d->sides[side];
	size_t used;
	switch (s->state) {
	case PREFACE: return feed_preface(s, bytes);
	case HEADER: used = feed_header(d, s, side, bytes, time); break;
	case PAD: used = feed_pad(s, bytes); break;
	case SKIP_FIRST: used = feed_first(d, s, side, bytes); break;
	case PAYLOAD: used = feed_payload(d, s, side, bytes, time); break;
	case PADDING: used = feed_padding(s, bytes); break;
	default: return bytes.size;
	}
	struct stream *stream = s->state == PAYLOAD || s->state == PADDING ? stream_of(d, s) : NULL;
	if (stream && !stream->halves[side].told)
		stream->halves[side].end = time;
	if (s->state == PAYLOAD && s->left == s->padding)
		s->state = PADDING;
	if (s->state == PADDING && s->left == 0)
		end_frame(d, s, side);
	return used;
}
