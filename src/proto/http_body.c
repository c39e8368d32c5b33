/* Bodies of HTTP/1 messages (RFC 9112, sections 6 and 7). */
#include "proto/http_parts.h"

/* Takes bytes up to the end of a line, which is true when it has come. */
bool http_take_line(struct buf *line, struct view bytes, size_t *ret_used)
{
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	size_t size = end ? (size_t)(end - bytes.data) + 1 : bytes.size;
	buf_append(line, bytes.data, size);
	*ret_used = size;
	return end;
}

/* Whether the last line that was gathered is empty; `from` is where it began. */
bool http_is_empty_line(const struct buf *lines)
{
	size_t size = lines->size - 1; /* without its LF */
	size -= size && lines->data[size - 1] == '\r';
	return size == 0 || lines->data[size - 1] == '\n';
}

void http_keep_body(struct decoder *d, struct direction *s, struct view bytes)
{
	s->body_bytes += bytes.size;
	if (s->body.size < d->options.body_max)
		buf_append(&s->body, bytes.data,
			bytes.size < d->options.body_max - s->body.size ? bytes.size : d->options.body_max - s->body.size);
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
		uint32_t value = byte >= '0' && byte <= '9' ? byte - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10u : 16;
		if (value == 16)
			break;
		if (size >> 60)
			return false;
		size = size << 4 | value;
	}
	*ret_size = size;
	return i && (i == line.size || strchr("; \t\r\n", line.data[i]));
}

size_t http_feed_chunk_size(struct decoder *d, struct direction *s, struct view bytes)
{
	size_t used;
	bool line = http_take_line(&s->head, bytes, &used);
	if (!line && s->head.size <= LINE_MAX)
		return used;
	if (s->head.size > LINE_MAX || !parse_chunk_size(buf_view(&s->head), &s->left))
		http_bad(d, s, "the size of a chunk is no number", s->offset + used - s->head.size);
	else
		s->state = s->left ? CHUNK_DATA : TRAILER;
	buf_clear(&s->head);
	return used;
}

size_t http_feed_chunk_end(struct decoder *d, struct direction *s, struct view bytes)
{
	size_t used;
	bool line = http_take_line(&s->head, bytes, &used);
	if (!line && s->head.size < 2)
		return used;
	if (line && http_is_empty_line(&s->head))
		s->state = CHUNK_SIZE;
	else
		http_bad(d, s, "a chunk is longer than it says", s->offset + used - s->head.size);
	buf_clear(&s->head);
	return used;
}

size_t http_feed_trailer(struct decoder *d, struct direction *s, struct view bytes)
{
	const char *why;
	size_t used;
	bool line = http_take_line(&s->trailer, bytes, &used);
	if (s->trailer.size > d->options.head_max)
		http_bad(d, s, "its trailer is too long", s->offset + used - s->trailer.size);
	else if (line && http_is_empty_line(&s->trailer)) {
		if (!http_fields_parse(&s->parsed, buf_view(&s->trailer), &why))
			http_bad(d, s, why, s->offset + used - s->trailer.size);
		else
			http_end_message(d, s);
	}
	return used;
}
