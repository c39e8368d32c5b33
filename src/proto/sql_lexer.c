#include "proto/sql_lexer.h"

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_letter(uint8_t byte)
{
	return ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '_' || byte >= 0x80;
}

static uint8_t peek(const struct lexer *l, size_t ahead)
{
	return l->at + ahead < l->text.size ? l->text.data[l->at + ahead] : 0;
}

static bool is_comment(const struct lexer *l)
{
	uint8_t byte = peek(l, 0);
	bool mysql = l->dialect == SQL_MYSQL;
	if (byte == '#')
		return mysql;
	if (byte == '-' && peek(l, 1) == '-')
		return !mysql || l->at + 2 >= l->text.size || is_blank(peek(l, 2));
	return byte == '/' && peek(l, 1) == '*' && !(mysql && (peek(l, 2) == '!' || (peek(l, 2) == 'M' && peek(l, 3) == '!')));
}

static void skip_block(struct lexer *l)
{
	uint32_t depth = 0;
	do {
		if (peek(l, 0) == '/' && peek(l, 1) == '*' && (depth == 0 || l->dialect == SQL_POSTGRESQL)) {
			depth++;
			l->at++;
		} else if (peek(l, 0) == '*' && peek(l, 1) == '/') {
			depth--;
			l->at++;
		}
		l->at++;
	} while (depth && l->at < l->text.size);
	if (l->at > l->text.size)
		l->at = l->text.size;
}

/* Blanks and comments together are one. */
static bool skip_blanks(struct lexer *l)
{
	size_t start = l->at;
	while (l->at < l->text.size) {
		if (is_blank(peek(l, 0))) {
			l->at++;
		} else if (!is_comment(l)) {
			break;
		} else if (peek(l, 0) == '/') {
			skip_block(l);
		} else {
			const uint8_t *end = memchr(l->text.data + l->at, '\n', l->text.size - l->at);
			l->at = end ? (size_t)(end - l->text.data) : l->text.size;
		}
	}
	return l->at != start;
}

/* What stands between two of these; a double one is part of it. */
static void skip_quoted(struct lexer *l, uint8_t quote, bool escapes)
{
	l->at++;
	while (l->at < l->text.size) {
		uint8_t byte = peek(l, 0);
		if (byte == '\\' && escapes) {
			l->at += l->at + 1 < l->text.size ? 2 : 1;
		} else if (byte != quote) {
			l->at++;
		} else if (peek(l, 1) == quote) {
			l->at += 2;
		} else {
			l->at++;
			return;
		}
	}
}

/* $tag$ ... $tag$. False: it is none. */
static bool skip_dollars(struct lexer *l)
{
	size_t size = 1;
	while (is_letter(peek(l, size)) || (size > 1 && sql_is_digit(peek(l, size))))
		size++;
	if (peek(l, size) != '$')
		return false;
	struct view tag = view_slice(l->text, l->at, size + 1), rest = view_slice(l->text, l->at + size + 1, l->text.size);
	const uint8_t *end = rest.size ? memmem(rest.data, rest.size, tag.data, tag.size) : NULL;
	l->at = end ? (size_t)(end - l->text.data) + tag.size : l->text.size;
	return true;
}

static void skip_number(struct lexer *l)
{
	while (sql_is_digit(peek(l, 0)) || is_letter(peek(l, 0)) || peek(l, 0) == '.') {
		bool exponent = (peek(l, 0) | 0x20) == 'e' && (peek(l, 1) == '+' || peek(l, 1) == '-') && sql_is_digit(peek(l, 2));
		l->at += exponent ? 2 : 1;
	}
}

/* E'', B'', X'', N'', U&'', _utf8'': how many letters stand before the quote; 0: it is a word. */
static size_t prefix_of(const struct lexer *l)
{
	uint8_t first = peek(l, 0) | 0x20;
	if (first == 'u' && peek(l, 1) == '&' && peek(l, 2) == '\'')
		return 2;
	return first && strchr("ebxn", first) && peek(l, 1) == '\'' ? 1 : 0;
}

static enum token take_word(struct lexer *l)
{
	size_t prefix = prefix_of(l);
	if (prefix) {
		bool escapes = l->dialect == SQL_MYSQL || (peek(l, 0) | 0x20) == 'e';
		l->at += prefix;
		skip_quoted(l, '\'', escapes);
		return TOKEN_STRING;
	}
	while (is_letter(peek(l, 0)) || sql_is_digit(peek(l, 0)) || peek(l, 0) == '$')
		l->at++;
	return TOKEN_WORD;
}

enum token sql_take(struct lexer *l)
{
	bool mysql = l->dialect == SQL_MYSQL;
	l->start = l->at;
	if (l->at >= l->text.size)
		return TOKEN_END;
	if (skip_blanks(l))
		return TOKEN_BLANK;
	uint8_t byte = peek(l, 0);
	if (byte == '\'' || (byte == '"' && mysql)) {
		skip_quoted(l, byte, mysql);
		return TOKEN_STRING;
	}
	if (byte == '"' || (byte == '`' && mysql)) {
		skip_quoted(l, byte, false);
		return TOKEN_NAME;
	}
	if (byte == '$' && !mysql && sql_is_digit(peek(l, 1))) {
		l->at++;
		while (sql_is_digit(peek(l, 0)))
			l->at++;
		return TOKEN_NAME;
	}
	if (byte == '$' && !mysql && skip_dollars(l))
		return TOKEN_STRING;
	if (sql_is_digit(byte) || (byte == '.' && sql_is_digit(peek(l, 1)))) {
		skip_number(l);
		return TOKEN_NUMBER;
	}
	if (is_letter(byte))
		return take_word(l);
	l->at++;
	return TOKEN_OTHER;
}
