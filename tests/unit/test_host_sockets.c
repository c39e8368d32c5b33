/* Sockets of both versions of the extension, over loopback. Both ends are the guest's. */
#include "guest_calls.h"

#include <arpa/inet.h>
#include <sys/socket.h>

enum { ADDRESS = IN, ADDRESS_BYTES = IN + 64, VECTOR = IN + 256, ANY_PORT = 0, INET4 = 1, DGRAM = 1, STREAM = 2 };

static int set_up(void **state)
{
	struct host_options options = { .stdio = { -1, -1, -1 }, .stop_fd = -1, .registry_fd = -1 };
	(void)state;
	memset(bytes, 0, MEMORY);
	return host_create(&options, &host) != ERR_NONE;
}

static int tear_down(void **state)
{
	(void)state;
	host_destroy(host);
	return 0;
}

static uint32_t word(uint32_t at)
{
	return load_u32(bytes + at);
}

static void put_address(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	put_vector(ADDRESS, ADDRESS_BYTES, 4);
	put_u32(ADDRESS_BYTES, a | b << 8 | c << 16 | d << 24);
}

static uint32_t open_socket(uint32_t type)
{
	assert_int_equal(CALL(sock_open, INET4, type, OUT), 0);
	return word(OUT);
}

static void set_nonblocking(uint32_t fd)
{
	assert_int_equal(CALL(fd_fdstat_set_flags, fd, WASI_fdflags_NONBLOCK), 0);
}

/* The port of a socket; its address is left at ADDRESS_BYTES as 128 bytes have it. */
static uint32_t local_port(uint32_t fd)
{
	put_vector(ADDRESS, ADDRESS_BYTES, 128);
	assert_int_equal(CALL(sock_getlocaladdr, fd, ADDRESS, OUT), 0);
	return word(OUT);
}

/* A listening socket on loopback; returns its port. */
static uint32_t listen_on_loopback(uint32_t fd)
{
	put_address(127, 0, 0, 1);
	assert_int_equal(CALL(sock_bind, fd, ADDRESS, ANY_PORT), 0);
	assert_int_equal(note_count, 1);
	assert_int_equal(CALL(sock_listen, fd, 16), 0);
	assert_int_equal(notes[0].state, SOCKET_LISTENS);
	return local_port(fd);
}

static uint32_t dial(uint32_t fd, uint32_t port)
{
	put_address(127, 0, 0, 1);
	return CALL(sock_connect, fd, ADDRESS, port);
}

static uint32_t send_text(uint32_t fd, const char *text)
{
	put_vector(VECTOR, TEXT, put_text(text));
	return CALL(sock_send, fd, VECTOR, 1, 0, OUT);
}

static void expect_text(uint32_t fd, const char *text)
{
	put_vector(VECTOR, TEXT + 8192, 4096);
	put_u32(OUT + 4, 0xffffffff);
	assert_int_equal(CALL(sock_recv, fd, VECTOR, 1, 0, OUT, OUT + 4), 0);
	assert_int_equal(word(OUT), strlen(text));
	assert_int_equal(word(OUT + 4), 0xffff0000); /* flags are two bytes */
	assert_memory_equal(bytes + TEXT + 8192, text, strlen(text));
}

static void test_a_connection(void **state)
{
	(void)state;
	uint32_t listener = open_socket(STREAM), client = open_socket(STREAM);
	uint32_t port = listen_on_loopback(listener);
	assert_int_equal(dial(client, port), 0);
	assert_int_equal(note_count, 1);
	assert_int_equal(notes[0].kind, NOTE_SOCKET);
	assert_int_equal(notes[0].state, SOCKET_CONNECTS);
	BUF_CLEANUP struct buf text = { 0 };
	net_address_print(&text, &notes[0].local);
	assert_string_equal(buf_text(&text), "172.16.0.0:49152");
	assert_int_equal(notes[0].peer.port, port);
	assert_int_equal(local_port(client), 49152);
	assert_memory_equal(bytes + ADDRESS_BYTES, "\1\0\254\20\0\0", 6);

	assert_int_equal(CALL(sock_accept, listener, 0, OUT), 0);
	uint32_t server = word(OUT);
	assert_int_equal(notes[0].fd, server);
	assert_int_equal(notes[0].state, SOCKET_ACCEPTED);
	assert_int_equal(notes[0].local.port, port);
	assert_int_not_equal(notes[0].peer.port, 49152);

	assert_int_equal(send_text(client, "hello"), 0);
	assert_int_equal(word(OUT), 5);
	expect_text(server, "hello");
	put_vector(VECTOR, TEXT, put_text("by fd_write"));
	assert_int_equal(CALL(fd_write, server, VECTOR, 1, OUT), 0);
	expect_text(client, "by fd_write");
	assert_int_equal(CALL(sock_shutdown, client, 2), 0);
	expect_text(server, "");
	assert_int_equal(CALL(fd_close, server), 0);
	expect_text(client, "");

	uint32_t again = open_socket(STREAM);
	assert_int_equal(dial(again, port), 0);
	assert_int_equal(local_port(again), 49153);
}

static void test_version_1(void **state)
{
	(void)state;
	uint32_t listener = open_socket(STREAM), client = open_socket(STREAM);
	uint32_t port = listen_on_loopback(listener);
	assert_int_equal(dial(client, port), 0);
	assert_int_equal(CALL(v1_sock_accept, listener, OUT), 0);
	uint32_t server = word(OUT);
	put_vector(ADDRESS, ADDRESS_BYTES, 16);
	memset(bytes + ADDRESS_BYTES, 0xee, 16);
	assert_int_equal(CALL(v1_sock_getpeeraddr, client, ADDRESS, OUT, OUT + 4), 0);
	assert_int_equal(word(OUT), 4);
	assert_int_equal(word(OUT + 4), port);
	assert_memory_equal(bytes + ADDRESS_BYTES, "\177\0\0\1\356\356\356\356", 8);
	assert_int_equal(CALL(v1_sock_getlocaladdr, server, ADDRESS, OUT, OUT + 4), 0);
	assert_int_equal(word(OUT + 4), port);
	assert_int_equal(send_text(client, "one"), 0);
	put_vector(VECTOR, TEXT + 8192, 64);
	assert_int_equal(CALL(v1_sock_recv_from, server, VECTOR, 1, ADDRESS, 0, OUT, OUT + 4), 0);
	assert_int_equal(word(OUT), 3);
}

static void test_datagrams(void **state)
{
	(void)state;
	uint32_t a = open_socket(DGRAM), b = open_socket(DGRAM);
	put_address(127, 0, 0, 1);
	assert_int_equal(CALL(sock_bind, a, ADDRESS, ANY_PORT), 0);
	uint32_t port = local_port(a);
	put_address(127, 0, 0, 1);
	put_vector(VECTOR, TEXT, put_text("ping"));
	assert_int_equal(CALL(sock_send_to, b, VECTOR, 1, ADDRESS, port, 0, OUT), 0);
	assert_int_equal(word(OUT), 4);
	assert_int_equal(notes[0].kind, NOTE_DATAGRAM);
	assert_int_equal(notes[0].local.port, 49152);
	assert_int_equal(notes[0].peer.port, port);
	put_vector(ADDRESS, ADDRESS_BYTES, 128);
	put_vector(VECTOR, TEXT + 8192, 2);
	assert_int_equal(CALL(sock_recv_from, a, VECTOR, 1, ADDRESS, 0, OUT, OUT + 4, OUT + 8), 0);
	assert_int_not_equal(word(OUT), 0);
	assert_int_equal(notes[0].peer.port, word(OUT));
	assert_int_equal(word(OUT + 4), 2);
	assert_int_equal(word(OUT + 8) & 0xffff, WASI_roflags_RECV_DATA_TRUNCATED);
	assert_memory_equal(bytes + ADDRESS_BYTES, "\1\0\177\0\0\1", 6);
	/* And back to the one who wrote. */
	uint32_t from = word(OUT);
	put_address(127, 0, 0, 1);
	put_vector(VECTOR, TEXT, put_text("pong"));
	assert_int_equal(CALL(sock_send_to, a, VECTOR, 1, ADDRESS, from, 0, OUT), 0);
	expect_text(b, "pong");
}

static uint32_t poll_for(uint32_t fd, uint8_t type)
{
	memset(bytes + IN, 0, 64);
	bytes[IN + 8] = type;
	put_u32(IN + 16, fd);
	return CALL(poll_oneoff, IN, OUT, 1, OUT + 64);
}

static void test_refused_at_once(void **state)
{
	(void)state;
	uint32_t listener = open_socket(STREAM), client = open_socket(STREAM);
	uint32_t port = listen_on_loopback(listener);
	assert_int_equal(CALL(fd_close, listener), 0);
	assert_int_equal(dial(client, port), WASI_ECONNREFUSED);
	assert_int_equal(notes[0].kind, NOTE_SOCKET);
}

/* The failure is told once by a note, where it is found, and once to the guest, where it asks. */
static void test_refused_later(void **state)
{
	(void)state;
	uint32_t listener = open_socket(STREAM), client = open_socket(STREAM);
	uint32_t port = listen_on_loopback(listener);
	assert_int_equal(CALL(fd_close, listener), 0);
	set_nonblocking(client);
	assert_int_equal(dial(client, port), WASI_EINPROGRESS);
	assert_int_equal(note_count, 1);
	assert_int_equal(poll_for(client, WASI_eventtype_FD_WRITE), 0);
	assert_int_equal(note_count, 1);
	assert_int_equal(notes[0].kind, NOTE_FAILURE);
	assert_int_equal(notes[0].error, WASI_ECONNREFUSED);
	assert_int_equal(CALL(sock_getsockopt, client, 0, WASI_sockopt_name_ERROR, OUT, 4), 0);
	assert_int_equal(note_count, 0);
	assert_int_equal(word(OUT), WASI_ECONNREFUSED);
	assert_int_equal(CALL(sock_getsockopt, client, 0, WASI_sockopt_name_ERROR, OUT, 4), 0);
	assert_int_equal(word(OUT), 0);
}

static void test_connected_later(void **state)
{
	(void)state;
	uint32_t listener = open_socket(STREAM), client = open_socket(STREAM);
	uint32_t port = listen_on_loopback(listener);
	set_nonblocking(client);
	assert_int_equal(dial(client, port), WASI_EINPROGRESS);
	assert_int_equal(poll_for(client, WASI_eventtype_FD_WRITE), 0);
	assert_int_equal(word(OUT + 64), 1);
	assert_int_equal(note_count, 0);
	assert_int_equal(CALL(sock_getsockopt, client, 0, WASI_sockopt_name_ERROR, OUT, 4), 0);
	assert_int_equal(word(OUT), 0);
	assert_int_equal(dial(client, port), WASI_EISCONN);
	put_vector(VECTOR, TEXT, 64);
	assert_int_equal(CALL(sock_recv, client, VECTOR, 1, 0, OUT, OUT + 4), WASI_EAGAIN);
	put_vector(ADDRESS, ADDRESS_BYTES, 16);
	assert_int_equal(CALL(sock_getpeeraddr, client, ADDRESS, OUT), 0);
	assert_int_equal(word(OUT), port);
}

static void test_all_that_was_asked_for(void **state)
{
	(void)state;
	uint32_t listener = open_socket(STREAM), client = open_socket(STREAM);
	assert_int_equal(dial(client, listen_on_loopback(listener)), 0);
	assert_int_equal(CALL(sock_accept, listener, 0, OUT), 0);
	uint32_t server = word(OUT);
	assert_int_equal(send_text(client, "first "), 0);
	assert_int_equal(send_text(client, "second"), 0);
	put_vector(VECTOR, TEXT + 8192, 4);
	put_vector(VECTOR + 8, TEXT + 8200, 8);
	assert_int_equal(CALL(sock_recv, server, VECTOR, 2, WASI_riflags_RECV_WAITALL, OUT, OUT + 4), 0);
	assert_int_equal(word(OUT), 12);
	assert_memory_equal(bytes + TEXT + 8192, "firs\0\0\0\0t second", 16);
}

static void test_options(void **state)
{
	(void)state;
	uint32_t fd = open_socket(STREAM);
	put_u32(TEXT, 1);
	assert_int_equal(CALL(sock_setsockopt, fd, 0, WASI_sockopt_name_REUSEADDR, TEXT, 4), 0);
	assert_int_equal(CALL(sock_getsockopt, fd, 0, WASI_sockopt_name_REUSEADDR, OUT, 4), 0);
	assert_int_equal(word(OUT), 1);
	put_u32(TEXT + 8, 4); /* the length by address, as guests made for WasmEdge pass it */
	assert_int_equal(CALL(sock_getsockopt, fd, 0, WASI_sockopt_name_TYPE, OUT, TEXT + 8), 0);
	assert_int_equal(word(OUT), STREAM);
	assert_int_equal(word(TEXT + 8), 4);
	assert_int_equal(CALL(sock_setsockopt, fd, 6, 15, TEXT, 4), 0);
	assert_int_equal(CALL(sock_setsockopt, fd, 0, WASI_sockopt_name_TYPE, TEXT, 4), WASI_ENOTSUP);
	assert_int_equal(CALL(sock_setsockopt, fd, 0, WASI_sockopt_name_SNDBUF, TEXT, 3), WASI_EINVAL);
	assert_int_equal(CALL(sock_setsockopt, fd, 7, 7, TEXT, 4), WASI_EINVAL);
	put_u32(TEXT, 65536);
	assert_int_equal(CALL(sock_setsockopt, fd, 0, WASI_sockopt_name_RCVBUF, TEXT, 4), 0);
	assert_int_equal(CALL(sock_getsockopt, fd, 0, WASI_sockopt_name_RCVBUF, OUT, 4), 0);
	assert_int_equal(word(OUT), 65536);
	put_u64(TEXT, 0);
	put_u64(TEXT + 8, 1000);
	assert_int_equal(CALL(sock_setsockopt, fd, 0, WASI_sockopt_name_RCVTIMEO, TEXT, 16), 0);
	assert_int_equal(CALL(sock_getsockopt, fd, 0, WASI_sockopt_name_RCVTIMEO, OUT, 16), 0);
	assert_int_equal(word(OUT + 8), 1000);
	uint32_t datagrams = open_socket(DGRAM);
	assert_int_equal(CALL(sock_setsockopt, datagrams, 0, WASI_sockopt_name_RCVTIMEO, TEXT, 16), 0);
	put_vector(VECTOR, TEXT, 64);
	assert_int_equal(CALL(sock_recv, datagrams, VECTOR, 1, 0, OUT, OUT + 4), WASI_EAGAIN);
}

static void put_abstract(const char *name)
{
	put_vector(ADDRESS, ADDRESS_BYTES, 128);
	memset(bytes + ADDRESS_BYTES, 0, 128);
	bytes[ADDRESS_BYTES] = NET_UNIX;
	snprintf((char *)bytes + ADDRESS_BYTES + 3, 100, "timecraft-%d-%s", getpid(), name);
}

/* Who sends without blocking to a socket that takes no more is told so, although the kernel says that it may write. */
static void test_unix_datagrams(void **state)
{
	(void)state;
	assert_int_equal(CALL(sock_open, NET_UNIX, DGRAM, OUT), 0);
	uint32_t to = word(OUT);
	assert_int_equal(CALL(sock_open, NET_UNIX, DGRAM, OUT), 0);
	uint32_t from = word(OUT);
	put_abstract("from");
	assert_int_equal(CALL(sock_bind, from, ADDRESS, 0), 0);
	put_abstract("to");
	assert_int_equal(CALL(sock_bind, to, ADDRESS, 0), 0);
	put_vector(VECTOR, TEXT, put_text("ping"));
	set_nonblocking(from);
	uint32_t sent = 0, error;
	while ((error = CALL(sock_send_to, from, VECTOR, 1, ADDRESS, 0, 0, OUT)) == 0)
		sent++;
	assert_int_equal(error, WASI_EAGAIN);
	assert_int_not_equal(sent, 0);
	put_vector(VECTOR, TEXT + 8192, 64);
	memset(bytes + ADDRESS_BYTES, 0, 128);
	assert_int_equal(CALL(sock_recv_from, to, VECTOR, 1, ADDRESS, 0, OUT, OUT + 4, OUT + 8), 0);
	assert_int_equal(word(OUT + 4), 4);
	char expected[64];
	snprintf(expected, sizeof expected, "timecraft-%d-from", getpid());
	assert_int_equal(bytes[ADDRESS_BYTES], NET_UNIX);
	assert_string_equal((char *)bytes + ADDRESS_BYTES + 3, expected);
	put_vector(ADDRESS, ADDRESS_BYTES, 16); /* no room for a path: the datagram is there all the same */
	assert_int_equal(CALL(sock_recv_from, to, VECTOR, 1, ADDRESS, 0, OUT, OUT + 4, OUT + 8), 0);
	assert_int_equal(word(OUT + 4), 4);
}

static void test_what_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(CALL(sock_open, INET4, 0, OUT), WASI_EINVAL);
	assert_int_equal(CALL(sock_open, 9, STREAM, OUT), WASI_EAFNOSUPPORT);
	uint32_t fd = open_socket(STREAM);
	put_address(127, 0, 0, 1);
	put_vector(ADDRESS, ADDRESS_BYTES, 5);
	assert_int_equal(CALL(sock_connect, fd, ADDRESS, 80), WASI_EINVAL);
	put_vector(ADDRESS, ADDRESS_BYTES, 16);
	assert_int_equal(CALL(sock_connect, fd, ADDRESS, 80), WASI_EAFNOSUPPORT);
	assert_int_equal(CALL(sock_connect, 99, ADDRESS, 80), WASI_EBADF);
	assert_int_equal(CALL(sock_getpeeraddr, fd, ADDRESS, OUT), WASI_ENOTCONN);
	put_vector(ADDRESS, ADDRESS_BYTES, 17);
	assert_int_equal(CALL(sock_getlocaladdr, fd, ADDRESS, OUT), WASI_EINVAL);
	put_vector(ADDRESS, MEMORY - 2, 4);
	assert_int_equal(CALL(sock_bind, fd, ADDRESS, 0), WASI_EFAULT);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_connection),
		TEST(test_version_1),
		TEST(test_datagrams),
		TEST(test_refused_at_once),
		TEST(test_refused_later),
		TEST(test_connected_later),
		TEST(test_all_that_was_asked_for),
		TEST(test_options),
		TEST(test_unix_datagrams),
		TEST(test_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
