#include "proto/resp_parts.h"

#include <stdlib.h>

enum {
	LINE_MAX = 64,          /* bytes of a line that has a number */
	WORDS_MAX = 64 << 10,   /* of a line of words, as Redis itself allows */
	SHOWN_MAX = 32,         /* of what is no value */
};

static enum resp_result bad(struct resp *r, const char *why, uint64_t at)
{
	r->why = why;
	r->bad_at = at;
	if (r->line.size > SHOWN_MAX)
		r->line.size = SHOWN_MAX;
	return RESP_BAD;
}

static enum resp_result bad_line(struct resp *r, const char *why)
{
	if (r->line.size == 0) /* it came at once, with its end */
		buf_append(&r->line, r->raw.data, r->raw.size);
	return bad(r, why, r->size - r->line_size);
}

static bool parse_number(struct view text, int64_t *ret_number)
{
	bool negative = text.size && text.data[0] == '-';
	size_t i = text.size && (text.data[0] == '-' || text.data[0] == '+');
	int64_t number = 0;
	if (i == text.size)
		return false;
	for (; i < text.size; i++) {
		uint8_t digit = (uint8_t)(text.data[i] - '0');
		if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, negative ? -digit : digit, &number))
			return false;
	}
	*ret_number = number;
	return true;
}

static bool parse_double(struct view text, double *ret_number)
{
	char copy[LINE_MAX + 1], *end;
	if (text.size == 0 || text.size > LINE_MAX || memchr(text.data, 'x', text.size) || memchr(text.data, 0, text.size))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	*ret_number = strtod(copy, &end);
	return *end == 0;
}

static void put_text(struct resp *r, uint8_t type, struct view bytes)
{
	size_t at = r->text.size;
	bool kept = resp_keeps(r);
	if (kept)
		resp_put_text(r, view_slice(bytes, 0, r->string_max));
	resp_put(r, resp_text(r, type, at, kept ? bytes.size + r->line_lost : 0), kept);
}

static void begin_string(struct resp *r, uint8_t type, uint64_t size, bool chunked)
{
	r->string.begun = true;
	r->string.chunked = chunked;
	r->string.ends = !chunked && size == 0;
	r->string.type = type;
	r->string.left = size;
	r->string.bytes = 0;
	r->string.at = r->text.size;
	r->string.kept = resp_keeps(r);
}

static void end_string(struct resp *r)
{
	size_t at = r->string.at;
	bool verbatim = r->string.type == '=' && r->text.size - at > RESP_FORMAT_SIZE && r->text.data[at + RESP_FORMAT_SIZE] == ':';
	struct datum text;
	r->string.begun = r->string.chunked = r->string.ends = false;
	if (verbatim) {
		memcpy(r->format, r->text.data + at, RESP_FORMAT_SIZE);
		at += RESP_FORMAT_SIZE + 1;
		r->string.bytes -= RESP_FORMAT_SIZE + 1;
	}
	text = resp_text(r, r->string.type == '!' ? DATUM_WORD : DATUM_STRING, at, r->string.kept ? r->string.bytes : 0);
	resp_put(r, text, r->string.kept);
}

static enum resp_result open_array(struct resp *r, uint8_t type, struct view rest)
{
	bool streamed = view_is(rest, "?") && !r->commands;
	int64_t count = 0;
	if (!streamed && !parse_number(rest, &count))
		return bad_line(r, "this is no length");
	if (count < 0 && (r->commands || type == '*')) { /* NULL in RESP2; of a command: none */
		resp_put(r, (struct datum){ 0 }, resp_keeps(r));
		return RESP_MORE;
	}
	if (count < 0 || count > INT64_MAX / 2)
		return bad_line(r, "this is no length");
	if (type == '%' || type == '|')
		count *= 2;
	return resp_open(r, type, (uint64_t)count, streamed) ? RESP_MORE : bad_line(r, "it lies too deep");
}

static enum resp_result open_string(struct resp *r, uint8_t type, struct view rest)
{
	int64_t size = 0;
	bool chunked = view_is(rest, "?") && !r->commands;
	if (!chunked && (!parse_number(rest, &size) || size > INT64_MAX / 2 || (size < 0 && (r->commands || size != -1))))
		return bad_line(r, "this is no length");
	if (size < 0)
		resp_put(r, (struct datum){ 0 }, resp_keeps(r));
	else
		begin_string(r, type, (uint64_t)size, chunked);
	return RESP_MORE;
}

static enum resp_result put_integer(struct resp *r, struct view rest)
{
	int64_t number;
	if (!parse_number(rest, &number))
		return bad_line(r, "this is no number");
	resp_put(r, datum_int(number), resp_keeps(r));
	return RESP_MORE;
}

static enum resp_result put_double(struct resp *r, struct view rest)
{
	struct datum number = { .type = DATUM_DOUBLE };
	if (!parse_double(rest, &number.number))
		return bad_line(r, "this is no number");
	resp_put(r, number, resp_keeps(r));
	return RESP_MORE;
}

static enum resp_result put_bool(struct resp *r, struct view rest)
{
	bool yes = view_is(rest, "t");
	if (!yes && !view_is(rest, "f"))
		return bad_line(r, "this is neither true nor false");
	resp_put(r, (struct datum){ .type = DATUM_BOOL, .boolean = yes }, resp_keeps(r));
	return RESP_MORE;
}

/* The next piece of a string that is sent in pieces; an empty one ends it. */
static enum resp_result open_chunk(struct resp *r, struct view line)
{
	int64_t size;
	if (line.size == 0 || line.data[0] != ';' || !parse_number(view_slice(line, 1, line.size), &size) || size < 0)
		return bad_line(r, "this is no part of a string");
	r->string.left = (uint64_t)size;
	if (size == 0)
		end_string(r);
	return RESP_MORE;
}

/* A line without its end. */
static enum resp_result take_reply_line(struct resp *r, struct view line)
{
	struct view rest = view_slice(line, 1, line.size);
	const struct resp_frame *frame = resp_frame_of(r);
	if (line.size == 0)
		return bad_line(r, "this is no value");
	if (r->frames.size == 0)
		r->type = line.data[0];
	switch (line.data[0]) {
	case '-':
		r->errors += r->frames.size == sizeof(struct resp_frame);
		put_text(r, DATUM_WORD, rest);
		return RESP_MORE;
	case '+': put_text(r, DATUM_STRING, rest); return RESP_MORE;
	case '(': put_text(r, DATUM_WORD, rest); return RESP_MORE;
	case '!': r->errors += r->frames.size == sizeof(struct resp_frame); return open_string(r, '!', rest);
	case '$':
	case '=': return open_string(r, line.data[0], rest);
	case '*':
	case '~':
	case '>':
	case '%':
	case '|': return open_array(r, line.data[0], rest);
	case ':': return put_integer(r, rest);
	case ',': return put_double(r, rest);
	case '#': return put_bool(r, rest);
	case '_': resp_put(r, (struct datum){ 0 }, resp_keeps(r)); return RESP_MORE;
	case '.':
		if (frame && frame->streamed && rest.size == 0) {
			resp_end_stream(r);
			return RESP_MORE;
		}
		[[fallthrough]];
	default: return bad_line(r, "this is no value");
	}
}

static enum resp_result take_command_line(struct resp *r, struct view line)
{
	struct view rest = view_slice(line, 1, line.size);
	bool inside = r->frames.size;
	r->type = inside || (line.size && line.data[0] == '*') ? '*' : 0;
	if (inside && (line.size == 0 || line.data[0] != '$'))
		return bad_line(r, "this is no argument");
	if (inside)
		return open_string(r, '$', rest);
	if (line.size && line.data[0] == '*')
		return open_array(r, '*', rest);
	if (resp_put_words(r, line))
		return RESP_MORE;
	return bad_line(r, "its quotes are not balanced");
}

static size_t line_max(const struct resp *r, uint8_t first)
{
	if (r->string.begun)
		return LINE_MAX;
	if (r->commands)
		return r->frames.size || first == '*' ? LINE_MAX : WORDS_MAX;
	return memchr("+-(", first, 3) ? SIZE_MAX : LINE_MAX;
}

/* Takes bytes up to the end of a line. Of one without a limit the first bytes are kept, so that it is as long as it may be. */
static enum resp_result feed_line(struct resp *r, struct view bytes, size_t *ret_used)
{
	const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
	struct view part = view_slice(bytes, 0, end ? (size_t)(end - bytes.data) + 1 : bytes.size), line = part;
	uint8_t first = r->line_size ? r->line.data[0] : bytes.data[0];
	size_t max = line_max(r, first);
	if (r->line_size + part.size > max)
		part = view_slice(part, 0, max + 1 - r->line_size); /* however it is cut, it is too long at the same byte */
	*ret_used = part.size;
	if (r->line_size || !end || part.size < line.size) {
		size_t room = r->max + LINE_MAX + WORDS_MAX;
		struct view kept = view_slice(part, 0, r->line.size < room ? room - r->line.size : 0);
		buf_append(&r->line, kept.data, kept.size);
		line = buf_view(&r->line);
	}
	size_t end_size = end && (part.size > 1 ? end[-1] == '\r' : r->line_size && r->line_last == '\r') ? 2 : 1;
	r->line_size += part.size;
	r->line_last = part.data[part.size - 1];
	r->size += part.size;
	r->raw = line;
	if (r->line.failed)
		return RESP_NO_MEMORY;
	if (r->line_size > max)
		return bad_line(r, "its line is too long");
	if (!end)
		return RESP_MORE;
	line.size = r->line_size - end_size < line.size ? r->line_size - end_size : line.size;
	r->line_lost = r->line_size - end_size - line.size;
	enum resp_result result = r->string.begun ? open_chunk(r, line)
		: r->commands                     ? take_command_line(r, line)
						  : take_reply_line(r, line);
	if (result == RESP_MORE) {
		r->line_size = 0;
		buf_clear(&r->line);
	}
	return result;
}

/* Bytes of a string. */
static size_t feed_string(struct resp *r, struct view bytes)
{
	struct view part = view_slice(bytes, 0, r->string.left < bytes.size ? r->string.left : bytes.size);
	uint64_t kept = r->text.size - r->string.at;
	if (r->string.kept && kept == r->string.bytes && kept < r->string_max)
		resp_put_text(r, view_slice(part, 0, r->string_max - kept));
	r->string.bytes += part.size;
	r->string.left -= part.size;
	r->string.ends = r->string.left == 0;
	r->size += part.size;
	return part.size;
}

/* The CRLF behind a string, or behind a part of one. */
static enum resp_result feed_end(struct resp *r, uint8_t byte)
{
	bool second = r->line_size == 1;
	if (byte != (second ? '\n' : '\r')) {
		uint64_t at = r->size - r->line_size;
		buf_append_byte(&r->line, byte);
		r->size++;
		return bad(r, "a string goes on behind its end", at);
	}
	r->size++;
	r->line_size = !second;
	buf_append_byte(&r->line, byte);
	if (!second)
		return RESP_MORE;
	buf_clear(&r->line);
	r->string.ends = false;
	if (!r->string.chunked)
		end_string(r);
	return RESP_MORE;
}

static enum resp_result feed_part(struct resp *r, struct view bytes, size_t *ret_used)
{
	*ret_used = 1;
	if (r->string.ends)
		return feed_end(r, bytes.data[0]);
	if (!r->string.left || !r->string.begun)
		return feed_line(r, bytes, ret_used);
	*ret_used = feed_string(r, bytes);
	return RESP_MORE;
}

static bool has_failed(const struct resp *r)
{
	return r->frames.failed || r->values.failed || r->items.failed || r->text.failed || r->attributes.failed || r->line.failed;
}

enum resp_result resp_feed(struct resp *r, struct view bytes, size_t *ret_used)
{
	size_t size = bytes.size;
	enum resp_result result = RESP_MORE;
	while (bytes.size && result == RESP_MORE && !r->whole && !has_failed(r)) {
		size_t used;
		result = feed_part(r, bytes, &used);
		bytes = view_slice(bytes, used, bytes.size);
	}
	*ret_used = size - bytes.size;
	if (has_failed(r))
		return RESP_NO_MEMORY;
	if (!r->whole || result != RESP_MORE)
		return result;
	resp_end(r);
	return RESP_VALUE;
}

bool resp_cut(struct resp *r, uint64_t *ret_left)
{
	*ret_left = r->string.begun && !r->string.chunked ? r->string.left : 0;
	bool any = r->frames.size || r->string.begun;
	if (r->string.begun)
		end_string(r);
	while (r->frames.size)
		resp_close(r);
	if (has_failed(r)) {
		r->value = (struct datum){ 0 };
		buf_clear(&r->attributes);
		return false;
	}
	resp_end(r); /* of what was said of a value that did not come, too */
	return any;
}
