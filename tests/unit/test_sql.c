/*
 * What databases share: what a statement is without its literals, and what of it is secret. And what peers can do to who watches them: rows
 * that do not end, statements without number, commands without answers. Memory stays what it is.
 */
#include "watching.h"

#include "proto/sql.h"

static void check_shape(enum sql_dialect dialect, const char *statement, const char *expected)
{
	BUF_CLEANUP struct buf shape = { 0 };
	sql_shape(view_text(statement), dialect, &shape);
	assert_string_equal(buf_text(&shape), expected);
}

static void test_shapes(void **state)
{
	(void)state;
	check_shape(SQL_POSTGRESQL, "", "");
	check_shape(SQL_POSTGRESQL, "  SELECT\n\t* FROM t -- all\n WHERE a='it''s' AND b = 1.5e-3 /* /* so */ */;  ",
		"SELECT * FROM t WHERE a=? AND b = ? ;");
	check_shape(SQL_POSTGRESQL, "SELECT $1, $tag$ a 'b' $x$ $tag$, E'\\'', \"q?\"\"1\", a1, U&'x', x'00', $$",
		"SELECT $1, ?, ?, \"q?\"\"1\", a1, ?, ?, ?");
	check_shape(SQL_POSTGRESQL, "SELECT 'no end", "SELECT ?");
	check_shape(SQL_POSTGRESQL, "a /* no end", "a");
	check_shape(SQL_MYSQL, "SELECT \"a\\\"b\", `1`, '\\'', .5, 0x1F # all\n+ 1 --1", "SELECT ?, `1`, ?, ?, ? + ? --?");
	check_shape(SQL_MYSQL, "/*!40101 SET NAMES utf8 */", "/*!? SET NAMES utf8 */");
}

/* As a line shows it, with what is hidden between brackets, and as a program gets it. */
static void check_secrets(enum sql_dialect dialect, const char *statement, const char *words, const char *text)
{
	struct parts parts = { 0 };
	struct message message = { 0 };
	BUF_CLEANUP struct buf line = { 0 };
	bool secret = sql_tell_statement(&parts, view_text(statement), 0, dialect);
	assert_true(parts_tell(&parts, &message));
	for (uint32_t i = 0; i < message.line_count; i++)
		buf_printf(&line, message.line[i].flags & DATUM_SECRET ? "[%.*s]" : "(%.*s)", VIEW_ARG(message.line[i].text));
	assert_string_equal(buf_text(&line), words);
	assert_string_equal(message.attributes[0].name, "db.query.text");
	assert_true(view_is(message.attributes[0].value.text, text));
	assert_int_equal(secret, strchr(words, '[') != NULL);
	assert_int_equal(sql_has_secret(view_text(statement), dialect), secret);
	parts_finish(&parts);
}

static void test_secrets_in_statements(void **state)
{
	(void)state;
	check_secrets(SQL_POSTGRESQL, "ALTER USER a PASSWORD 'x' VALID UNTIL 'y'", "(ALTER USER a PASSWORD)['x'](VALID UNTIL 'y')",
		"ALTER USER a PASSWORD ? VALID UNTIL 'y'");
	check_secrets(SQL_POSTGRESQL, "SELECT 1 WHERE password IN ('a', 'b') AND c = 'd'",
		"(SELECT 1 WHERE password IN ()['a'](,)['b']() AND c = 'd')", "SELECT 1 WHERE password IN (?, ?) AND c = 'd'");
	check_secrets(SQL_POSTGRESQL, "SELECT dblink('host=h password=x')", "(SELECT dblink()['host=h password=x']())", "SELECT dblink(?)");
	check_secrets(SQL_POSTGRESQL, "SELECT 'word' AS password; SELECT 'x'", "(SELECT 'word' AS password; SELECT 'x')",
		"SELECT 'word' AS password; SELECT 'x'");
	check_secrets(SQL_MYSQL, "CREATE USER a IDENTIFIED WITH 'p' AS 'x' REPLACE \"y\"",
		"(CREATE USER a IDENTIFIED WITH)['p'](AS)['x'](REPLACE)[\"y\"]", "CREATE USER a IDENTIFIED WITH ? AS ? REPLACE ?");
	check_secrets(SQL_MYSQL, "SET PASSWORD FOR a = PASSWORD('x", "(SET PASSWORD FOR a = PASSWORD()['x]",
		"SET PASSWORD FOR a = PASSWORD(?");
	check_secrets(SQL_MYSQL, "CHANGE MASTER TO MASTER_PASSWORD='x'", "(CHANGE MASTER TO MASTER_PASSWORD=)['x']",
		"CHANGE MASTER TO MASTER_PASSWORD=?");
}

enum { HUGE_ROW = 512 * MIB };

static void test_secret_parameters(void **state)
{
	(void)state;
	assert_int_equal(sql_secret_parameters(view_text("UPDATE u SET password = $2, name = $1 WHERE id = $3"), SQL_POSTGRESQL), 1 << 1);
	assert_int_equal(sql_secret_parameters(view_text("SELECT 1 WHERE pass = $1"), SQL_POSTGRESQL), 0);
	assert_int_equal(sql_secret_parameters(view_text("SELECT ? WHERE '?' = ? AND password IN (?, ?) AND x = ?"), SQL_MYSQL),
		1 << 2 | 1 << 3);
	assert_int_equal(sql_secret_parameters(view_text("SET PASSWORD = PASSWORD(?)"), SQL_MYSQL), 1);
	assert_int_equal(sql_secret_parameters(view_text("SELECT password = $99, $0"), SQL_POSTGRESQL), 0);
}

static void start_postgresql(struct watching *w)
{
	start(w, PROTO_TCP);
	SENT(w, "\0\0\0\20\0\3\0\0user\0a\0\0");
	CAME(w, "R\0\0\0\10\0\0\0\0Z\0\0\0\5I");
}

/* A value of half a gigabyte, of which as much is kept as was asked for; then rows that are counted. */
static void test_a_huge_row_of_postgresql(void **state)
{
	static uint8_t bytes[MIB];
	struct watching w;
	(void)state;
	start_postgresql(&w);
	SENT(&w, "Q\0\0\0\15SELECT 1\0");
	CAME(&w, "D\40\0\0\12\0\1\40\0\0\0");
	for (uint32_t i = 0; i < HUGE_ROW / MIB; i++)
		came(&w, view_of(bytes, sizeof bytes));
	for (uint32_t i = 0; i < 100000; i++)
		CAME(&w, "D\0\0\0\13\0\1\0\0\0\1x");
	CAME(&w, "C\0\0\0\15SELECT 1\0Z\0\0\0\5I");
	assert_int_equal(w.exchanges, 2);
	assert_true(w.more > HUGE_ROW - 2 * MIB && w.more < HUGE_ROW);
	assert_true(w.most < 8 * MIB);
	finish(&w);
}

static void test_statements_without_number(void **state)
{
	struct watching w;
	(void)state;
	start_postgresql(&w);
	for (uint32_t i = 0; i < 200000; i++) {
		char parse[] = "P\0\0\0\26s12345\0SELECT 1\0\0\0S\0\0\0\4";
		snprintf(parse + 6, 6, "%05u", i % 100000);
		parse[11] = 0;
		parse[5] = (char)('a' + i / 100000);
		sent(&w, view_of(parse, sizeof parse - 1));
		CAME(&w, "1\0\0\0\4Z\0\0\0\5I");
	}
	assert_int_equal(w.exchanges, 200001);
	assert_true(w.most < 8 * MIB);
	finish(&w);
}

/* A pipeline without answers: too many commands wait, and then the connection cannot be followed any more. */
static void test_commands_without_answers(void **state)
{
	struct watching w;
	(void)state;
	start_postgresql(&w);
	for (uint32_t i = 0; i < 500000; i++)
		SENT(&w, "B\0\0\0\14\0\0\0\0\0\0\0\0E\0\0\0\11\0\0\0\0\0");
	assert_true(w.most < 128 * MIB);
	finish(&w);
	assert_true(w.exchanges > 30000);
}

static void test_a_huge_row_of_mysql(void **state)
{
	static uint8_t bytes[MIB];
	struct watching w;
	(void)state;
	start(&w, PROTO_TCP);
	CAME(&w, ";\0\0\0\n8.0.36\0\7\0\0\0saltsalt\0\1\202\55\2\0\10\0\25\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0plugin\0");
	SENT(&w, "\54\0\0\1\1\202\10\0\0\0\0\1\55\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ada\0\0plugin\0");
	CAME(&w, "\7\0\0\2\0\0\0\2\0\0\0");
	SENT(&w, "\11\0\0\0\3SELECT 1");
	CAME(&w, "\1\0\0\1\1\27\0\0\2\3def\0\0\0\1a\0\14\55\0\120\0\0\0\375\0\0\0\0\0\5\0\0\3\376\0\0\2\0");
	for (uint32_t i = 0; i < 16; i++) { /* packets of the largest size are one row */
		if (i == 0)
			CAME(&w, "\377\377\377\4\376\347\377\377\17\0\0\0\0");
		else
			CAME(&w, "\377\377\377\4");
		uint32_t left = 0xffffff - (i ? 0 : 9);
		for (uint32_t at = 0; at < left; at += MIB)
			came(&w, view_of(bytes, left - at < MIB ? left - at : MIB));
	}
	CAME(&w, "\0\0\0\5\5\0\0\6\376\0\0\2\0");
	assert_int_equal(w.exchanges, 2);
	assert_true(w.more > 250 * MIB);
	assert_true(w.most < 8 * MIB);
	finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_secrets_in_statements),
		cmocka_unit_test(test_secret_parameters),
		cmocka_unit_test(test_a_huge_row_of_postgresql),
		cmocka_unit_test(test_statements_without_number),
		cmocka_unit_test(test_commands_without_answers),
		cmocka_unit_test(test_a_huge_row_of_mysql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
