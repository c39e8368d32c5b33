/* HTTP/2 from network events to what is printed. */
#include "http2_wires.h"

static const struct wire_how line = { .port = 80 }, verbose = { .port = 80, .verbose = true };

static void test_whole_outputs(void **state)
{
	struct wire_how how = line;
	(void)state;
	wire_compare_each(http2_wires, HTTP2_WIRES, line, "http2.txt");
	wire_compare_each(http2_wires, HTTP2_WIRES, verbose, "http2-verbose.txt");
	how.format = EMIT_JSON;
	wire_compare_all(http2_wires, HTTP2_WIRES, how, "http2.json");
	how.format = EMIT_YAML;
	wire_compare_all(http2_wires, HTTP2_WIRES, how, "http2.yaml");
}

static void test_every_chunking(void **state)
{
	(void)state;
	wire_check_pieces(http2_wires, HTTP2_WIRES, verbose);
	wire_check_pieces(http2_wires, HTTP2_WIRES, line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_every_chunking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
