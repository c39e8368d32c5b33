/* What a restricted guest may use of the network. Datagram sockets are connected, which sends nothing to anybody. */
#include "guest_calls.h"

#include <arpa/inet.h>

enum { ADDRESS = IN, ADDRESS_BYTES = IN + 64, VECTOR = IN + 256, DGRAM = 1, STREAM = 2, LIST = 1 << 15 };

static void start(const char *const *net, size_t count)
{
	struct host_options options = { .stdio = { -1, -1, -1 }, .stop_fd = -1, .registry_fd = -1 };
	options.net_restricted = true;
	options.net = net;
	options.net_count = count;
	assert_int_equal(host_create(&options, &host), ERR_NONE);
}

static void end_host(void)
{
	host_destroy(host);
	host = NULL;
}

/* "10.0.0.1" or "::1"; returns the family. */
static uint32_t put_address(const char *text)
{
	if (inet_pton(AF_INET, text, bytes + ADDRESS_BYTES) == 1) {
		put_vector(ADDRESS, ADDRESS_BYTES, 4);
		return NET_INET4;
	}
	assert_int_equal(inet_pton(AF_INET6, text, bytes + ADDRESS_BYTES), 1);
	put_vector(ADDRESS, ADDRESS_BYTES, 16);
	return NET_INET6;
}

static uint32_t open_socket(uint32_t family, uint32_t type)
{
	assert_int_equal(CALL(sock_open, family, type, OUT), 0);
	return load_u32(bytes + OUT);
}

static bool may_dial(const char *address, uint32_t port)
{
	uint32_t fd = open_socket(put_address(address), DGRAM);
	uint32_t connected = CALL(sock_connect, fd, ADDRESS, port);
	put_vector(VECTOR, TEXT, 0);
	assert_int_equal(CALL(fd_close, fd), 0);
	return connected != WASI_EACCES;
}

static bool may_bind(const char *address, uint32_t port)
{
	uint32_t fd = open_socket(put_address(address), STREAM);
	uint32_t bound = CALL(sock_bind, fd, ADDRESS, port);
	assert_int_equal(CALL(fd_close, fd), 0);
	return bound != WASI_EACCES;
}

static void grants_are_what_they_say(void **state)
{
	(void)state;
	static const struct {
		const char *grant, *address;
		uint32_t port;
		bool granted;
	} cases[] = {
		{ "*", "192.0.2.1", 1, true },
		{ "*", "2001:db8::1", 1, true },
		{ "*:80", "192.0.2.1", 80, true },
		{ "*:80", "192.0.2.1", 81, false },
		{ "*:*", "192.0.2.1", 65535, true },
		{ "192.0.2.1", "192.0.2.1", 9, true },
		{ "192.0.2.1", "192.0.2.2", 9, false },
		{ "192.0.2.1:80-90", "192.0.2.1", 80, true },
		{ "192.0.2.1:80-90", "192.0.2.1", 90, true },
		{ "192.0.2.1:80-90", "192.0.2.1", 91, false },
		{ "192.0.2.1:80-90", "192.0.2.1", 79, false },
		{ "192.0.2.0/25", "192.0.2.127", 9, true },
		{ "192.0.2.0/25", "192.0.2.128", 9, false },
		{ "0.0.0.0/0", "192.0.2.1", 9, true },
		{ "0.0.0.0/0", "2001:db8::1", 9, false },
		{ "192.0.2.1", "::ffff:192.0.2.1", 9, true },
		{ "::/0", "::ffff:192.0.2.1", 9, false },
		{ "2001:db8::/33", "2001:db8:7fff::1", 9, true },
		{ "2001:db8::/33", "2001:db8:8000::1", 9, false },
		{ "[2001:db8::1]:443", "2001:db8::1", 443, true },
		{ "[2001:db8::1]:443", "2001:db8::1", 444, false },
		{ "[2001:db8::/32]", "2001:db8::7", 444, true },
		{ "127.0.0.1", "0.0.0.0", 9, true },    /* where the kernel goes from there */
		{ "127.0.0.1", "172.16.0.0", 9, true }, /* the guest's own */
		{ "0.0.0.0", "0.0.0.0", 9, false },
		{ "::1", "::", 9, true },
		{ "192.0.2.1", "127.0.0.1", 9, false },
		{ "localhost", "127.0.0.1", 9, true },
		{ "localhost:80", "127.0.0.1", 9, false },
		{ "localhost", "::1", 9, true },
		{ "localhost", "192.0.2.1", 9, false },
		{ "name.test", "127.0.0.1", 9, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		start(&cases[i].grant, 1);
		if (may_dial(cases[i].address, cases[i].port) != cases[i].granted)
			fail_msg("%s: %s port %u", cases[i].grant, cases[i].address, cases[i].port);
		end_host();
	}
}

static void test_without_grants(void **state)
{
	(void)state;
	start(NULL, 0);
	assert_false(may_dial("127.0.0.1", 9));
	assert_false(may_bind("127.0.0.1", 0));
	assert_false(may_bind("::1", 0));
	uint32_t fd = open_socket(NET_INET4, STREAM);
	assert_int_equal(CALL(sock_listen, fd, 1), WASI_EACCES);
	fd = open_socket(NET_INET4, DGRAM);
	put_address("127.0.0.1");
	put_vector(VECTOR, TEXT, put_text("x"));
	assert_int_equal(CALL(sock_send_to, fd, VECTOR, 1, ADDRESS, 9, 0, OUT), WASI_EACCES);
	end_host();
}

/* Who may bind to any port has all of them. */
static void test_binding(void **state)
{
	static const char *const net[] = { "127.0.0.1", "[::1]:1024-65535" };
	(void)state;
	start(net, 2);
	assert_true(may_bind("127.0.0.1", 0));
	assert_false(may_bind("0.0.0.0", 0));
	assert_false(may_bind("::1", 0));
	assert_false(may_bind("::1", 1023));
	uint32_t fd = open_socket(put_address("127.0.0.1"), STREAM);
	assert_int_equal(CALL(sock_bind, fd, ADDRESS, 0), 0);
	assert_int_equal(CALL(sock_listen, fd, 1), 0);
	fd = open_socket(NET_INET4, STREAM);
	assert_int_equal(CALL(sock_listen, fd, 1), WASI_EACCES);
	end_host();
}

static uint32_t look_up(const char *name)
{
	memset(bytes + LIST, 0, 256);
	put_u32(LIST, LIST + 8);
	put_u32(LIST + 8 + 12, LIST + 64);
	put_u32(LIST + 64 + 4, 26);
	put_u32(LIST + 64 + 8, LIST + 96);
	return CALL(sock_getaddrinfo, TEXT, put_text(name), 0, 0, 0, LIST, 1, OUT);
}

static void test_names(void **state)
{
	static const char *const none[] = { "127.0.0.1" }, *const local[] = { "LocalHost.:9", "*.test" };
	(void)state;
	start(none, 1);
	assert_int_equal(look_up("localhost"), WASI_EACCES);
	assert_int_equal(look_up("192.0.2.1"), 0); /* nobody is asked */
	end_host();
	start(local, 2);
	assert_int_equal(look_up("localhost"), 0);
	assert_true(may_dial("127.0.0.1", 9));
	assert_int_equal(look_up("localhost.localdomain"), WASI_EACCES);
	assert_int_equal(look_up("test"), WASI_EACCES);
	assert_int_equal(look_up("xtest"), WASI_EACCES);
	assert_int_not_equal(look_up("nowhere.test"), WASI_EACCES);
	end_host();
}

static void bad_grants_are_refused(void **state)
{
	static const char *const bad[] = { "", ":80", "a:", "a:b", "a:1-", "a:-1", "a:2-1", "a:65536", "a b", "*x", "x*", "1.2.3.4/33",
		"1.2.3.4/", "1.2.3.4/x", "name/8", "[::1", "[::1]x", "[::1]:", "[name]", "[]", "::1:x", "fe80::/129", "[*]", "." };
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct host_options options = { .stdio = { -1, -1, -1 }, .stop_fd = -1, .registry_fd = -1, .net = &bad[i], .net_count = 1 };
		if (host_create(&options, &host) != ERR_USAGE)
			fail_msg("%s", bad[i]);
	}
	assert_string_equal(err_text(),
		"--allow-net .: it must be HOST or HOST:PORT, HOST a name, an address, a range of addresses or *, "
		"PORT a number, a range or *");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants_are_what_they_say),
		cmocka_unit_test(test_without_grants),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_names),
		cmocka_unit_test(bad_grants_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
