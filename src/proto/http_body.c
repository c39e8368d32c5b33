/* Bodies of HTTP/1 messages (RFC 9112, sections 6 and 7). */
#include "proto/http_parts.h"

bool http_take_line(struct buf *line, struct view bytes, size_t *ret_used)
{
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	size_t size = end ? (size_t)(end - bytes.data) + 1 : bytes.size;
	buf_append(line, bytes.data, size);
	*ret_used = size;
	return end;
}

bool http_is_empty_line(const struct buf *lines)
{
	size_t size = lines->size - 1; /* without its LF */
	size -= size && lines->data[size - 1] == '\r';
	return size == 0 || lines->data[size - 1] == '\n';
}

/* As far as the limits allow, and without a gap. */
void http_keep_body(struct decoder *d, struct direction *s, struct view bytes)
{
	bool whole = s->body.size == s->body_bytes;
	s->body_bytes += bytes.size;
	if (!whole)
		return;
	struct view kept = view_slice(bytes, 0, d->options.body_max - s->body.size);
	if (kept.size > d->options.memory->left)
		kept.size = d->options.memory->left;
	buf_append(&s->body, kept.data, kept.size);
	if (!s->body.failed)
		d->options.memory->left -= kept.size;
}

void http_drop_body(struct decoder *d, struct direction *s)
{
	enum { STORAGE_MAX = 64 << 10 }; /* that is worth keeping for the next one */
	d->options.memory->left += s->body.size;
	if (s->body.capacity > STORAGE_MAX)
		buf_finish(&s->body);
	else
		buf_clear(&s->body);
}

size_t http_feed_counted(struct decoder *d, struct direction *s, struct view bytes)
{
	struct view part = view_slice(bytes, 0, s->left < bytes.size ? s->left : bytes.size);
	http_keep_body(d, s, part);
	s->left -= part.size;
	if (s->left)
		return part.size;
	if (s->state == CHUNK_DATA)
		s->state = CHUNK_END;
	else
		http_end_message(d, s);
	return part.size;
}

static bool parse_chunk_size(struct view line, uint64_t *ret_size)
{
	uint64_t size = 0;
	size_t i = 0;
	for (; i < line.size; i++) {
		uint8_t byte = line.data[i], digit = byte | 0x20;
		int value = byte >= '0' && byte <= '9' ? byte - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : 16;
		if (value == 16)
			break;
		if (size >> 59) /* what is so large that its sum with others could overflow is no size */
			return false;
		size = size << 4 | (uint64_t)value;
	}
	*ret_size = size;
	return i && i < line.size && line.data[i] && strchr("; \t\r\n", line.data[i]);
}

size_t http_feed_chunk_size(struct direction *s, struct view bytes)
{
	size_t used;
	bool line = http_take_line(&s->head, bytes, &used);
	if (!line && s->head.size <= LINE_MAX)
		return used;
	uint64_t from = s->offset + used - s->head.size;
	if (s->head.size > LINE_MAX) {
		http_bad(s, "the line of a chunk's size is too long", from, buf_view(&s->head));
	} else if (!parse_chunk_size(buf_view(&s->head), &s->left)) {
		http_bad(s, "the size of a chunk is no number", from, buf_view(&s->head));
	} else {
		s->state = s->left ? CHUNK_DATA : TRAILER;
		buf_clear(&s->head);
	}
	return used;
}

size_t http_feed_chunk_end(struct direction *s, struct view bytes)
{
	static const char end[] = "\r\n";
	buf_append_byte(&s->head, bytes.data[0]);
	bool good = bytes.data[0] == '\n' || (s->head.size == 1 && bytes.data[0] == end[0]);
	if (!good) {
		http_bad(s, "a chunk is longer than it says", s->offset + 1 - s->head.size, buf_view(&s->head));
	} else if (bytes.data[0] == '\n') {
		s->state = CHUNK_SIZE;
		buf_clear(&s->head);
	}
	return 1;
}

size_t http_feed_trailer(struct decoder *d, struct direction *s, struct view bytes)
{
	size_t used, bad;
	bool line = http_take_line(&s->trailer, bytes, &used);
	uint64_t from = s->offset + used - s->trailer.size;
	if (s->trailer.failed)
		return used;
	if (s->trailer.size > d->options.head_max) {
		http_bad(s, "its trailer is too long", from, buf_view(&s->trailer));
	} else if (line && http_is_empty_line(&s->trailer)) {
		if (http_fields_parse(&s->parsed, &s->trailer, &bad))
			http_end_message(d, s);
		else
			http_bad(s, "a line of its trailer is no field", from + bad,
				view_slice(buf_view(&s->trailer), bad, s->trailer.size));
	}
	return used;
}
