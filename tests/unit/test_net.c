/* Addresses as text, and notes as bytes. */
#include "unit.h"
#include "wasi/net.h"

static void addresses_come_back(void **state)
{
	(void)state;
	static const char *const texts[] = { "10.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:443", "[2001:db8::7]:1",
		"[::ffff:192.0.2.128]:8080", "unix:/run/socket", "unix:@abstract", "unix:a\\012b\\134" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct net_address address;
		BUF_CLEANUP struct buf text = { 0 };
		const char *expected = texts[i];
		assert_true(net_address_parse(view_text(expected), &address));
		net_address_print(&text, &address);
		assert_string_equal(buf_text(&text), expected);
	}
}

static void a_path_of_every_byte_comes_back(void **state)
{
	(void)state;
	for (int first = 0; first < 256; first++) {
		struct net_address address = { .family = NET_UNIX, .size = 2, .bytes = { (uint8_t)first, (uint8_t)(255 - first) } }, again;
		BUF_CLEANUP struct buf text = { 0 };
		if (first == '@') /* is an abstract name's first */
			continue;
		net_address_print(&text, &address);
		assert_true(net_address_parse(buf_view(&text), &again));
		assert_true(net_address_equal(&address, &again));
	}
}

static void nothing_is_known_of_nothing(void **state)
{
	(void)state;
	struct net_address address;
	assert_true(net_address_parse(view_text(""), &address));
	assert_int_equal(address.family, NET_UNSPEC);
	assert_true(net_address_parse(view_text("?"), &address));
	assert_int_equal(address.family, NET_UNSPEC);
}

static void what_is_no_address_is_none(void **state)
{
	(void)state;
	static const char *const texts[] = { "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:+1", "10.0.0.1:1x", "10.0.0:1", "::1:80",
		"[::1]", "[::1:80", "::1]:80", "[10.0.0.1]:80", "[]:80", ":80", "name:80", "unix:\\", "unix:\\09", "unix:\\400",
		"unix:\\08a", "10.0.0.1:000000000000000000000000000000000000000000000000000000080" };
	struct net_address address;
	char path[160] = "unix:";
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_false(net_address_parse(view_text(texts[i]), &address));
	memset(path + 5, 'x', NET_ADDRESS_MAX);
	assert_true(net_address_parse(view_of(path, 5 + NET_ADDRESS_MAX), &address));
	path[5 + NET_ADDRESS_MAX] = 'x';
	assert_false(net_address_parse(view_of(path, 6 + NET_ADDRESS_MAX), &address));
}

static void paths_are_not_cut(void **state)
{
	(void)state;
	uint8_t bytes[128] = { NET_UNIX };
	struct net_address address;
	memset(bytes + 2, 'x', NET_ADDRESS_MAX);
	assert_true(net_address_of(view_of(bytes, sizeof bytes), &address));
	assert_int_equal(address.size, NET_ADDRESS_MAX);
	bytes[2 + NET_ADDRESS_MAX] = 'x';
	assert_false(net_address_of(view_of(bytes, sizeof bytes), &address));
	memset(bytes + 2, 'x', sizeof bytes - 2);
	assert_false(net_address_of(view_of(bytes, sizeof bytes), &address));
	bytes[2] = bytes[4] = 0;
	assert_true(net_address_of(view_of(bytes, sizeof bytes), &address));
	assert_int_equal(address.size, 2);
	memset(bytes + 2, 0, sizeof bytes - 2);
	assert_true(net_address_of(view_of(bytes, sizeof bytes), &address));
	assert_int_equal(address.size, 1);
	for (size_t size = 0; size < 6; size++)
		assert_true(!net_address_of(view_of((const uint8_t[]){ NET_INET4, 0, 1, 2, 3, 4 }, size), &address) || size == 4);
}

/* Cut anywhere, a note is none or another; nothing is read beyond it. */
static void notes_come_back(void **state)
{
	(void)state;
	uint8_t bytes[NOTE_SIZE_MAX];
	struct note note = { .kind = NOTE_SOCKET, .type = NET_STREAM, .state = SOCKET_CONNECTS, .fd = 70000, .error = 26 }, again;
	assert_true(net_address_parse(view_text("172.16.0.0:49152"), &note.local));
	assert_true(net_address_parse(view_text("[::1]:443"), &note.peer));
	note.text = view_text("why");
	size_t size = note_encode(&note, bytes);
	assert_true(note_decode(view_of(bytes, size), &again));
	assert_int_equal(again.fd, 70000);
	assert_int_equal(again.error, 26);
	assert_true(net_address_equal(&again.local, &note.local) && net_address_equal(&again.peer, &note.peer));
	assert_true(view_is(again.text, "why"));
	for (size_t i = 0; i < size - 3; i++)
		assert_false(note_decode(view_of(bytes, i), &again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_back),
		cmocka_unit_test(a_path_of_every_byte_comes_back),
		cmocka_unit_test(nothing_is_known_of_nothing),
		cmocka_unit_test(what_is_no_address_is_none),
		cmocka_unit_test(paths_are_not_cut),
		cmocka_unit_test(notes_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
