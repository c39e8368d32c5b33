/* DNS from network events to what is printed. */
#include "dns_wires.h"

enum {
	DATAGRAMS = sizeof dns_datagrams / sizeof *dns_datagrams,
	STREAMS = sizeof dns_streams / sizeof *dns_streams,
	CUTS = sizeof dns_cuts / sizeof *dns_cuts,
};

static const struct wire_how datagrams = { .port = 53, .proto = PROTO_UDP }, streams = { .port = 53 },
			     group = { .port = 5353, .proto = PROTO_UDP };

static void test_whole_outputs(void **state)
{
	struct wire_how how = datagrams;
	(void)state;
	wire_compare_each(dns_datagrams, DATAGRAMS, how, "dns.txt");
	how.verbose = true;
	wire_compare_each(dns_datagrams, DATAGRAMS, how, "dns-verbose.txt");
	how.format = EMIT_JSON;
	wire_compare_all(dns_datagrams, DATAGRAMS, how, "dns.json");
	how.format = EMIT_YAML;
	wire_compare_all(dns_datagrams, DATAGRAMS, how, "dns.yaml");
	wire_compare_each(dns_groups, sizeof dns_groups / sizeof *dns_groups, group, "dns-groups.txt");
	wire_compare_each(dns_streams, STREAMS, streams, "dns-streams.txt");
	wire_compare_each(dns_cuts, CUTS, streams, "dns-cuts.txt");
}

static void test_every_chunking(void **state)
{
	struct wire_how how = streams;
	(void)state;
	wire_check_pieces(dns_streams, STREAMS, how);
	wire_check_pieces(dns_cuts, CUTS, how);
	how.verbose = true;
	wire_check_pieces(dns_streams, STREAMS, how);
	wire_check_pieces(dns_cuts, CUTS, how);
}

/* A datagram is one however many buffers it was in, and whoever received it. */
static void test_who_the_process_is(void **state)
{
	struct wire_how how = datagrams, other = datagrams;
	(void)state;
	other.accepted = true;
	for (uint32_t i = 0; i < DATAGRAMS; i++) {
		char *text = wire_text(&dns_datagrams[i], how), *same = wire_text(&dns_datagrams[i], other);
		assert_string_equal(text, same);
		free(text);
		free(same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_every_chunking),
		cmocka_unit_test(test_who_the_process_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
