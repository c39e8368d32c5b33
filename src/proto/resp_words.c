/* Commands that are lines of words, as people type them: "..." with the escapes of C, '...' with none but \'. */
#include "proto/resp_parts.h"

static bool is_blank(uint8_t byte)
{
	return byte == 0 || byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int digit_of(uint8_t byte)
{
	uint8_t letter = byte | 0x20;
	return byte >= '0' && byte <= '9' ? byte - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* What follows a backslash. */
static size_t take_escape(struct view line, size_t at, uint8_t *ret_byte)
{
	static const char names[] = "nrtba", bytes[] = "\n\r\t\b\a";
	const char *known = memchr(names, line.data[at], sizeof names - 1);
	*ret_byte = known ? (uint8_t)bytes[known - names] : line.data[at];
	if (line.data[at] != 'x' || at + 2 >= line.size || digit_of(line.data[at + 1]) < 0 || digit_of(line.data[at + 2]) < 0)
		return at + 1;
	*ret_byte = (uint8_t)(digit_of(line.data[at + 1]) << 4 | digit_of(line.data[at + 2]));
	return at + 3;
}

/* From behind the quote on; false: there is no other, or something behind it. */
static bool take_quoted(struct view line, size_t *at, uint8_t quote, struct buf *word)
{
	size_t i = *at;
	while (i < line.size && line.data[i] != quote) {
		uint8_t byte = line.data[i++];
		if (byte == '\\' && i < line.size && (quote == '"' || line.data[i] == '\'')) {
			if (quote == '"')
				i = take_escape(line, i, &byte);
			else
				byte = line.data[i++];
		}
		buf_append_byte(word, byte);
	}
	*at = i + 1;
	return i < line.size && (i + 1 == line.size || is_blank(line.data[i + 1]));
}

static bool take_word(struct view line, size_t *at, struct buf *word)
{
	buf_clear(word);
	while (*at < line.size && !is_blank(line.data[*at])) {
		uint8_t byte = line.data[(*at)++];
		if (byte == '"' || byte == '\'')
			return take_quoted(line, at, byte, word);
		buf_append_byte(word, byte);
	}
	return true;
}

static void put_word(struct resp *r, struct view word)
{
	size_t at = r->text.size;
	bool kept = resp_keeps(r);
	if (kept)
		resp_put_text(r, view_slice(word, 0, r->string_max));
	resp_put(r, resp_text(r, DATUM_STRING, at, kept ? word.size : 0), kept);
}

bool resp_put_words(struct resp *r, struct view line)
{
	BUF_CLEANUP struct buf word = { 0 };
	bool good = true;
	resp_open(r, '*', 0, true);
	for (size_t at = 0; good;) {
		while (at < line.size && is_blank(line.data[at]))
			at++;
		if (at >= line.size)
			break;
		good = take_word(line, &at, &word);
		r->text.failed |= word.failed;
		if (good)
			put_word(r, buf_view(&word));
	}
	if (good)
		resp_end_stream(r);
	return good;
}
