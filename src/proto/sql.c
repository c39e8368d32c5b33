#include "proto/sql.h"

#include <strings.h>

enum token { TOKEN_END, TOKEN_BLANK, TOKEN_WORD, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_OTHER };

struct lexer {
	struct view text;
	size_t at, start; /* of the token that was taken last */
	enum sql_dialect dialect;
};

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
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
	while (is_letter(peek(l, size)) || (size > 1 && is_digit(peek(l, size))))
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
	while (is_digit(peek(l, 0)) || is_letter(peek(l, 0)) || peek(l, 0) == '.') {
		bool exponent = (peek(l, 0) | 0x20) == 'e' && (peek(l, 1) == '+' || peek(l, 1) == '-') && is_digit(peek(l, 2));
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
	while (is_letter(peek(l, 0)) || is_digit(peek(l, 0)) || peek(l, 0) == '$')
		l->at++;
	return TOKEN_WORD;
}

static enum token take(struct lexer *l)
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
	if (byte == '$' && !mysql && is_digit(peek(l, 1))) {
		l->at++;
		while (is_digit(peek(l, 0)))
			l->at++;
		return TOKEN_NAME;
	}
	if (byte == '$' && !mysql && skip_dollars(l))
		return TOKEN_STRING;
	if (is_digit(byte) || (byte == '.' && is_digit(peek(l, 1)))) {
		skip_number(l);
		return TOKEN_NUMBER;
	}
	if (is_letter(byte))
		return take_word(l);
	l->at++;
	return TOKEN_OTHER;
}

static struct view token_of(const struct lexer *l)
{
	return view_slice(l->text, l->start, l->at - l->start);
}

struct view sql_operation(struct view statement, enum sql_dialect dialect)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	for (;;) {
		enum token token = take(&l);
		if (token == TOKEN_WORD)
			return token_of(&l);
		if (token != TOKEN_BLANK && !view_is(token_of(&l), "("))
			return (struct view){ 0 };
	}
}

void sql_shape(struct view statement, enum sql_dialect dialect, struct buf *out)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	bool blank = false;
	size_t start = out->size;
	for (enum token token = take(&l); token != TOKEN_END && out->size - start < SQL_SHAPE_MAX; token = take(&l)) {
		struct view text = token_of(&l);
		if (token == TOKEN_BLANK) {
			blank = out->size != start;
			continue;
		}
		if (blank)
			buf_append_byte(out, ' ');
		blank = false;
		if (token == TOKEN_STRING || token == TOKEN_NUMBER)
			buf_append_byte(out, '?');
		else
			buf_append(out, text.data, text.size);
	}
	if (out->size - start > SQL_SHAPE_MAX)
		out->size = start + SQL_SHAPE_MAX;
}

static bool contains(struct view text, const char *word)
{
	size_t size = strlen(word);
	for (size_t i = 0; i + size <= text.size; i++) {
		if ((text.data[i] | 0x20) == word[0] && strncasecmp((const char *)text.data + i, word, size) == 0)
			return true;
	}
	return false;
}

/* What stands before a literal makes it a secret: so many tokens more. */
struct nearby {
	uint32_t left;
	bool named; /* IDENTIFIED WITH 'plugin' AS 'secret': more than the next one */
};

/* So many tokens behind the word that says so, it is about something else. */
enum { NEAR = 8, LISTED = 2 };

static void come_nearer(struct nearby *near, enum token token, struct view text)
{
	if (view_is(text, ";"))
		near->left = 0;
	else if ((token == TOKEN_WORD || token == TOKEN_NAME) && contains(text, "password"))
		*near = (struct nearby){ NEAR, false };
	else if (token == TOKEN_WORD && contains(text, "identified"))
		*near = (struct nearby){ NEAR, true };
	else if (near->left)
		near->left--;
}

/* The next literal that is a secret. */
static bool next_secret(struct lexer *l, struct nearby *near)
{
	for (enum token token = take(l); token != TOKEN_END; token = take(l)) {
		struct view text = token_of(l);
		if (token == TOKEN_BLANK)
			continue;
		if (token == TOKEN_STRING && (near->left || contains(text, "password=") || contains(text, "password ="))) {
			if (!near->named)
				near->left = LISTED; /* 'a', 'b' */
			return true;
		}
		come_nearer(near, token, text);
	}
	return false;
}

/* The number of $1 or of a ?, from 0 on. */
static bool is_parameter(struct view text, enum sql_dialect dialect, uint32_t *count, uint32_t *ret_number)
{
	*ret_number = 0;
	if (dialect == SQL_MYSQL) {
		*ret_number = *count;
		*count += view_is(text, "?");
		return *ret_number != *count;
	}
	for (size_t i = 1; i < text.size && i < 6; i++)
		*ret_number = *ret_number * 10 + (uint32_t)(text.data[i] - '0');
	--*ret_number;
	return text.size > 1 && text.data[0] == '$' && is_digit(text.data[1]);
}

uint64_t sql_secret_parameters(struct view statement, enum sql_dialect dialect)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	struct nearby near = { 0 };
	uint64_t secrets = 0;
	uint32_t count = 0, number;
	for (enum token token = take(&l); token != TOKEN_END; token = take(&l)) {
		struct view text = token_of(&l);
		if (token == TOKEN_BLANK)
			continue;
		bool parameter = token != TOKEN_STRING && is_parameter(text, dialect, &count, &number);
		if (parameter && near.left) {
			secrets |= number < 64 ? UINT64_C(1) << number : 0;
			near.left = LISTED;
		} else {
			come_nearer(&near, token, text);
		}
	}
	return secrets;
}

bool sql_has_secret(struct view statement, enum sql_dialect dialect)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	struct nearby near = { 0 };
	return next_secret(&l, &near);
}

struct datum sql_statement(struct view statement, uint64_t more, enum sql_dialect dialect)
{
	struct datum value = datum_word(statement);
	value.more = more;
	if (sql_has_secret(statement, dialect))
		value.flags |= DATUM_SECRET;
	return value;
}

static struct view without_blanks_behind(struct view text)
{
	while (text.size && text.data[text.size - 1] == ' ')
		text.size--;
	return text;
}

/* The text between secrets is told piece by piece. */
static bool tell_pieces(struct parts *parts, struct view statement, uint64_t more, enum sql_dialect dialect)
{
	enum { PIECES_MAX = 64 };
	struct lexer l = { .text = statement, .dialect = dialect };
	struct nearby near = { 0 };
	size_t told = 0;
	uint32_t count = 0;
	for (; count < PIECES_MAX && next_secret(&l, &near); count++) {
		struct view before = without_blanks_behind(view_slice(statement, told, l.start - told));
		struct datum secret = datum_word(token_of(&l));
		secret.flags = DATUM_SECRET;
		if (before.size)
			parts_word(parts, datum_word(before));
		parts_word(parts, secret);
		told = l.at;
		while (told < statement.size && statement.data[told] == ' ')
			told++;
	}
	struct datum rest = datum_word(view_slice(statement, told, statement.size));
	rest.more = more;
	rest.flags = count == PIECES_MAX ? DATUM_SECRET : 0;
	if (rest.text.size || more || count == 0)
		parts_word(parts, rest);
	return count != 0;
}

/* The text with ? for its secrets. */
static void tell_text(struct parts *parts, struct view statement, uint64_t more, enum sql_dialect dialect)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	struct nearby near = { 0 };
	BUF_CLEANUP struct buf text = { 0 };
	size_t told = 0;
	while (next_secret(&l, &near)) {
		buf_append(&text, statement.data + told, l.start - told);
		buf_append_byte(&text, '?');
		told = l.at;
	}
	if (told)
		buf_append(&text, statement.data + told, statement.size - told);
	struct datum value = datum_word(told ? buf_view(&text) : statement);
	value.more = more;
	parts->failed |= text.failed;
	parts_attribute(parts, "db.query.text", value);
}

bool sql_tell_statement(struct parts *parts, struct view statement, uint64_t more, enum sql_dialect dialect)
{
	bool secret = false;
	if (statement.size + more)
		secret = tell_pieces(parts, statement, more, dialect);
	else
		parts_word(parts, datum_string(statement));
	if (parts->lines)
		return secret;
	struct view operation = sql_operation(statement, dialect);
	tell_text(parts, statement, more, dialect);
	if (operation.size)
		parts_attribute(parts, "db.operation.name", datum_word(operation));
	return secret;
}

void sql_fit_row(const struct parts *parts, struct datum *values, uint32_t count)
{
	uint64_t left = parts->max - parts->kept, items = (count + 1) * (uint64_t)sizeof *values;
	if (left < items)
		return;
	left -= items;
	for (uint32_t i = 0; i < count; i++) {
		if (!datum_has_text(&values[i]))
			continue;
		if (values[i].text.size > left) {
			values[i].more += values[i].text.size - left;
			values[i].text.size = left;
		}
		left -= values[i].text.size;
	}
}
