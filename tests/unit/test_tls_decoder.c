/* TLS from network events to what is printed. */
#include "tls_wires.h"

static const struct wire_how line = { .port = 443 }, verbose = { .port = 443, .verbose = true };

static void test_whole_outputs(void **state)
{
	struct wire_how how = line;
	(void)state;
	wire_compare_each(tls_wires, TLS_WIRES, line, "tls.txt");
	wire_compare_each(tls_wires, TLS_WIRES, verbose, "tls-verbose.txt");
	how.format = EMIT_JSON;
	wire_compare_all(tls_wires, TLS_WIRES, how, "tls.json");
	how.format = EMIT_YAML;
	wire_compare_all(tls_wires, TLS_WIRES, how, "tls.yaml");
}

static void test_every_chunking(void **state)
{
	(void)state;
	wire_check_pieces(tls_wires, TLS_WIRES, verbose);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_every_chunking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
