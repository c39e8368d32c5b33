/* SMTP from network events to what is printed. */
#include "smtp_wires.h"

static const struct wire_how line = { .port = 25 }, verbose = { .port = 25, .verbose = true };

static void test_whole_outputs(void **state)
{
	struct wire_how how = line;
	(void)state;
	wire_compare_each(smtp_wires, SMTP_WIRES, line, "smtp.txt");
	wire_compare_each(smtp_wires, SMTP_WIRES, verbose, "smtp-verbose.txt");
	how.format = EMIT_JSON;
	wire_compare_all(smtp_wires, SMTP_WIRES, how, "smtp.json");
	how.format = EMIT_YAML;
	wire_compare_all(smtp_wires, SMTP_WIRES, how, "smtp.yaml");
}

static void test_every_chunking(void **state)
{
	(void)state;
	wire_check_pieces(smtp_wires, SMTP_WIRES, verbose);
	wire_check_pieces(smtp_wires, SMTP_WIRES, line);
}

/* Nothing of a secret is in any output that did not ask for it. */
static void test_secrets(void **state)
{
	static const enum emit_format formats[] = { EMIT_LINE, EMIT_JSON, EMIT_YAML };
	struct wire_how how = verbose;
	uint32_t shown = 0;
	(void)state;
	for (uint32_t i = 0; i < SMTP_WIRES; i++) {
		for (size_t k = 0; k < 3; k++) {
			how.format = formats[k];
			how.secrets = false;
			char *text = wire_text(&smtp_wires[i], how);
			assert_null(strstr(text, "c2VjcmV0"));
			free(text);
			how.secrets = true;
			text = wire_text(&smtp_wires[i], how);
			shown += strstr(text, "c2VjcmV0") != NULL;
			free(text);
		}
	}
	assert_int_equal(shown, 3); /* a connection in three formats */
}

/* A password that never ends is not shown in the error either. */
static void test_a_long_secret(void **state)
{
	static char secret[100000] = "AUTH PLAIN ";
	struct wire wire = { "long", { GREETING, HELLO, { WIRE_ASK, secret, sizeof secret - 1 }, { WIRE_ASK, secret + 99000, 1000 } } };
	(void)state;
	memset(secret + 11, 's', sizeof secret - 12);
	char *text = wire_text(&wire, line);
	assert_non_null(strstr(text, ": Request error: a line is too long: bytes 18..101016 are not SMTP\n"));
	assert_null(strstr(text, "ss"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_every_chunking),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_a_long_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
