/* PostgreSQL from network events to what is printed. */
#include "postgresql_wires.h"

static const struct wire_how line = { .port = 5432 }, verbose = { .port = 5432, .verbose = true };

static void test_whole_outputs(void **state)
{
	struct wire_how how = line;
	(void)state;
	wire_compare_each(postgresql_wires, POSTGRESQL_WIRES, line, "postgresql.txt");
	wire_compare_each(postgresql_wires, POSTGRESQL_WIRES, verbose, "postgresql-verbose.txt");
	how.format = EMIT_JSON;
	wire_compare_all(postgresql_wires, POSTGRESQL_WIRES, how, "postgresql.json");
	how.format = EMIT_YAML;
	wire_compare_all(postgresql_wires, POSTGRESQL_WIRES, how, "postgresql.yaml");
	how.format = EMIT_LINE;
	how.summary = true;
	wire_compare_all(postgresql_wires, POSTGRESQL_WIRES, how, "postgresql-summary.txt");
}

static void test_every_chunking(void **state)
{
	(void)state;
	wire_check_pieces(postgresql_wires, POSTGRESQL_WIRES, verbose);
	wire_check_pieces(postgresql_wires, POSTGRESQL_WIRES, line);
}

/* Nothing of a secret is in any output that did not ask for it. */
static void test_secrets(void **state)
{
	static const enum emit_format formats[] = { EMIT_LINE, EMIT_JSON, EMIT_YAML };
	struct wire_how how = verbose;
	uint32_t shown = 0;
	(void)state;
	for (uint32_t i = 0; i < POSTGRESQL_WIRES; i++) {
		for (size_t k = 0; k < 3; k++) {
			how.format = formats[k];
			how.secrets = false;
			char *text = wire_text(&postgresql_wires[i], how);
			assert_null(strstr(text, "secret"));
			assert_null(strstr(text, "c2VjcmV0"));
			assert_null(strstr(text, ",r=")); /* of SCRAM */
			assert_null(strstr(text, "p="));
			assert_null(strstr(text, "md5"));
			free(text);
			how.secrets = true;
			text = wire_text(&postgresql_wires[i], how);
			shown += strstr(text, "secret") != NULL;
			free(text);
		}
	}
	assert_int_equal(shown, 9); /* three connections in three formats */
}

/* A line keeps no more than it shows, and shows the same as if all were kept. */
static void test_lines_without_bodies(void **state)
{
	struct wire_how how = line;
	(void)state;
	how.body_max = 1;
	for (uint32_t i = 0; i < POSTGRESQL_WIRES; i++) {
		char *expected = wire_text(&postgresql_wires[i], line), *text = wire_text(&postgresql_wires[i], how);
		assert_string_equal(text, expected);
		free(text);
		free(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_every_chunking),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_lines_without_bodies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
