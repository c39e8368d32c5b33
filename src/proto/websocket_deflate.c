/* What comes in frames: masks, and the compression of messages (RFC 7692), are undone. */
#include "proto/websocket_parts.h"

enum { PIECE = 16 << 10 };

/* The next part of a list, which is taken off it. */
static struct view next_part(struct view *list, char separator)
{
	const uint8_t *end = list->size ? memchr(list->data, separator, list->size) : NULL;
	struct view part = view_slice(*list, 0, end ? (size_t)(end - list->data) : list->size);
	*list = view_slice(*list, part.size + 1, list->size);
	while (part.size && (part.data[0] == ' ' || part.data[0] == '\t'))
		part = view_slice(part, 1, part.size);
	while (part.size && (part.data[part.size - 1] == ' ' || part.data[part.size - 1] == '\t'))
		part.size--;
	return part;
}

/* Windows smaller than the largest need nothing: that reads them too. */
void websocket_agree(struct decoder *d, struct view extensions)
{
	d->sides[SIDE_CLIENT].takeover = d->sides[SIDE_SERVER].takeover = true;
	while (extensions.size) {
		struct view extension = next_part(&extensions, ',');
		struct view name = next_part(&extension, ';');
		if (!view_is_word(name, "permessage-deflate")) {
			d->others |= name.size != 0;
			continue;
		}
		d->deflate = true;
		while (extension.size) {
			struct view parameter = next_part(&extension, ';');
			if (view_is_word(parameter, "client_no_context_takeover"))
				d->sides[SIDE_CLIENT].takeover = false;
			else if (view_is_word(parameter, "server_no_context_takeover"))
				d->sides[SIDE_SERVER].takeover = false;
		}
	}
}

static void unmask(uint8_t *bytes, size_t size, const uint8_t mask[4], uint32_t at)
{
	uint8_t turned[8];
	uint64_t word, wide;
	for (uint32_t i = 0; i < 8; i++)
		turned[i] = mask[(at + i) & 3];
	memcpy(&wide, turned, sizeof wide);
	size_t i = 0;
	for (; i + sizeof word <= size; i += sizeof word) {
		memcpy(&word, bytes + i, sizeof word);
		word ^= wide;
		memcpy(bytes + i, &word, sizeof word);
	}
	for (; i < size; i++)
		bytes[i] ^= turned[i & 7];
}

static void broken(struct direction *s, const char *why)
{
	s->at->why = why;
	s->lost = s->takeover; /* what later messages refer to is not known */
}

/* A last block within a message: the next one goes on with the same window. */
static bool go_on(struct direction *s)
{
	Bytef window[1 << 15];
	uInt size = 0;
	return inflateGetDictionary(&s->stream, window, &size) == Z_OK && inflateReset(&s->stream) == Z_OK &&
		(size == 0 || inflateSetDictionary(&s->stream, window, size) == Z_OK);
}

static void inflate_some(struct decoder *d, struct direction *s, struct view bytes)
{
	uint8_t out[PIECE];
	struct incoming *m = s->at;
	int result = Z_OK;
	if (!s->inflates && inflateInit2(&s->stream, -15) != Z_OK) {
		d->err = err_nomem();
		return;
	}
	s->inflates = true;
	s->stream.next_in = (Bytef *)(uintptr_t)bytes.data;
	s->stream.avail_in = (uInt)bytes.size;
	while (result == Z_OK && !m->why && !d->err) {
		s->stream.next_out = out;
		s->stream.avail_out = sizeof out;
		result = inflate(&s->stream, Z_SYNC_FLUSH);
		websocket_keep(d, m, view_of(out, sizeof out - s->stream.avail_out));
		if (m->size > INFLATED_MAX)
			broken(s, "it swells to more than 1 GiB");
		else if (result == Z_STREAM_END && s->stream.avail_in)
			result = go_on(s) ? Z_OK : Z_DATA_ERROR;
	}
	if (result == Z_MEM_ERROR && !d->err)
		d->err = err_nomem();
	else if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END && !m->why)
		broken(s, "its compression is broken");
	if (result == Z_STREAM_END && !go_on(s))
		broken(s, "its compression is broken");
}

void websocket_end_deflate(struct decoder *d, struct direction *s)
{
	static const uint8_t tail[] = { 0, 0, 0xff, 0xff }; /* which the sender leaves out */
	if (!s->at->why)
		inflate_some(d, s, view_of(tail, sizeof tail));
	if (s->inflates && (!s->takeover || s->lost))
		inflateReset(&s->stream);
}

/* Not compressed, or not to be undone: only what is kept is unmasked. */
static void keep_plain(struct decoder *d, struct direction *s, struct view bytes)
{
	struct buf *kept = &s->at->kept;
	size_t before = kept->size;
	websocket_keep(d, s->at, bytes);
	if (s->masked && kept->size > before)
		unmask(kept->data + before, kept->size - before, s->mask, s->mask_at);
}

void websocket_payload(struct decoder *d, struct direction *s, struct view bytes)
{
	struct incoming *m = s->at;
	m->sent += bytes.size;
	if (!m->compressed || m->raw) {
		keep_plain(d, s, bytes);
		s->mask_at += (uint32_t)bytes.size;
		return;
	}
	while (bytes.size && !m->why && !d->err) {
		uint8_t plain[PIECE];
		struct view piece = view_slice(bytes, 0, sizeof plain);
		if (s->masked) {
			memcpy(plain, piece.data, piece.size);
			unmask(plain, piece.size, s->mask, s->mask_at);
			s->mask_at += (uint32_t)piece.size;
		}
		inflate_some(d, s, view_of(s->masked ? plain : piece.data, piece.size));
		bytes = view_slice(bytes, piece.size, bytes.size);
	}
}
