#include "proto/sql_lexer.h"

#include <strings.h>

struct view sql_operation(struct view statement, enum sql_dialect dialect)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	for (;;) {
		enum token token = sql_take(&l);
		if (token == TOKEN_WORD)
			return sql_token(&l);
		if (token != TOKEN_BLANK && !view_is(sql_token(&l), "("))
			return (struct view){ 0 };
	}
}

void sql_shape(struct view statement, enum sql_dialect dialect, struct buf *out)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	bool blank = false;
	size_t start = out->size;
	for (enum token token = sql_take(&l); token != TOKEN_END && out->size - start < SQL_SHAPE_MAX; token = sql_take(&l)) {
		struct view text = sql_token(&l);
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
	for (enum token token = sql_take(l); token != TOKEN_END; token = sql_take(l)) {
		struct view text = sql_token(l);
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
	return text.size > 1 && text.data[0] == '$' && sql_is_digit(text.data[1]);
}

uint64_t sql_secret_parameters(struct view statement, enum sql_dialect dialect)
{
	struct lexer l = { .text = statement, .dialect = dialect };
	struct nearby near = { 0 };
	uint64_t secrets = 0;
	uint32_t count = 0, number;
	for (enum token token = sql_take(&l); token != TOKEN_END; token = sql_take(&l)) {
		struct view text = sql_token(&l);
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
		struct datum secret = datum_word(sql_token(&l));
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
