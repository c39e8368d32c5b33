/*
 * What is easily told twice, of the wrong connection, or not at all: network events from records made by hand, compared as a whole with
 * golden/network-traps*, which TIMECRAFT_GOLDEN=write writes.
 */
#include "network_records.h"

static void note_failure(uint32_t fd, uint32_t error, const char *text)
{
	note((struct note){ .kind = NOTE_FAILURE,
		.type = NET_STREAM,
		.fd = fd,
		.error = (uint16_t)error,
		.local = HERE(49999),
		.peer = THERE(9999),
		.text = view_text(text) });
}

static void shut(struct printing *p, uint32_t fd, uint32_t sides)
{
	BEGIN(sock_shutdown, fd, sides);
	done(p);
}

/* sock_connect to 192.0.2.1 that the host has no note of. */
static void try_dial(struct printing *p, uint32_t fd, uint32_t result)
{
	static const uint32_t words[2] = { 16, 4 };
	BEGIN(sock_connect, fd, 0, 81)->result = result;
	input(words, sizeof words);
	input(THERE(0).bytes, 4);
	done(p);
}

/* A connection that fails is told of once, and every connection that fails is told of. */
static void failures(struct printing *p)
{
	make_socket(p, 4, NET_STREAM);
	dial(p, 4, HERE(49152), THERE(80), WASI_EINPROGRESS);
	try_dial(p, 4, WASI_EALREADY);
	BEGIN(poll_oneoff, 0, 0, 1, OUT_AT);
	note_failure(4, WASI_EHOSTUNREACH, "");
	done(p);
	try_dial(p, 4, WASI_EHOSTUNREACH); /* the same one, asked for again */
	fail_with(p, CALL_sock_send, 4, WASI_EHOSTUNREACH);
	fail_with(p, CALL_sock_send, 4, WASI_EPIPE);
	dial(p, 4, HERE(49153), THERE(80), WASI_ECONNREFUSED); /* at once, and another connection */
	try_dial(p, 4, WASI_EAFNOSUPPORT);
	BEGIN(sock_connect, 4, 0, 80)->result = WASI_ETIMEDOUT; /* the guest waited for it */
	note_socket(4, NET_STREAM, SOCKET_CONNECTS, HERE(49154), THERE(80));
	note_failure(4, WASI_ETIMEDOUT, "nobody answers");
	done(p);
	dial(p, 4, HERE(49155), THERE(80), 0);
	try_dial(p, 4, WASI_EISCONN);
	try_dial(p, 4, WASI_EACCES); /* refused: the connection that there is goes on */
	send_two(p, 4, "a", "", 1);
	close_fd(p, 4);
	try_dial(p, 4, WASI_EBADF);
	try_dial(p, 77, WASI_EACCES);
	BEGIN(sock_connect, 5, 0, 80)->result = WASI_EACCES; /* nowhere */
	done(p);
	BEGIN(poll_oneoff, 0, 0, 1, OUT_AT);
	note_failure(78, WASI_ECONNREFUSED, "");
	done(p);
	make_socket(p, 4, NET_STREAM);
	BEGIN(sock_connect, 4, 0, 80)->end = CALL_STOPS;
	note_socket(4, NET_STREAM, SOCKET_CONNECTS, HERE(49156), THERE(80));
	done(p);
	close_fd(p, 4);
}

static void open_path(struct printing *p, uint32_t fd, uint32_t result, bool noted, uint32_t failure)
{
	BEGIN(path_open, 3, 0, 0, 0, 0, 0, 0, 0, OUT_AT)->result = result;
	if (result == 0 || result == WASI_EINPROGRESS)
		out(0, fd);
	if (noted)
		note_socket(fd, NET_STREAM, SOCKET_CONNECTS, HERE(50000), THERE(443));
	if (failure)
		note_failure(fd, failure, "");
	done(p);
}

static void paths(struct printing *p)
{
	open_path(p, 4, 0, true, 0);
	send_two(p, 4, "dialled", "", 7);
	close_fd(p, 4);
	open_path(p, 4, WASI_EINPROGRESS, true, 0);
	close_fd(p, 4);
	open_path(p, 4, WASI_ECONNREFUSED, true, 0);
	open_path(p, 4, WASI_ECONNREFUSED, true, WASI_ECONNREFUSED);
	open_path(p, 4, WASI_ECONNREFUSED, false, WASI_ECONNREFUSED);
	receive(p, 4, "another's", 0); /* nothing is known of it */
	open_path(p, 4, 0, false, 0);  /* a file: that the socket was closed was not recorded */
	BEGIN(fd_read, 4, 0, 1, OUT_AT);
	received("of a file", 9);
	done(p);
	open_path(p, 5, WASI_ENOENT, false, 0);
}

static void closing(struct printing *p)
{
	connected(p, 4, 50200);
	shut(p, 4, WASI_sdflags_RD);
	shut(p, 4, WASI_sdflags_WR);
	close_fd(p, 4);
	connected(p, 4, 50201);
	shut(p, 4, WASI_sdflags_RD | WASI_sdflags_WR);
	fail_with(p, CALL_sock_shutdown, 4, WASI_ENOTCONN);
	close_fd(p, 4);
	connected(p, 4, 50202);
	connected(p, 5, 50203);
	BEGIN(fd_renumber, 4, 5);
	done(p);
	write_one(p, 4, "to nobody", 9);
	write_one(p, 5, "the first", 9);
	BEGIN(fd_renumber, 5, 5);
	done(p);
	BEGIN(fd_renumber, 1, 5); /* standard output */
	done(p);
	write_one(p, 5, "to no socket", 12);
	connected(p, 4, 50204);
	BEGIN(fd_renumber, 4, UINT32_MAX);
	done(p);
	write_one(p, 4, "to nobody", 9);
	connected(p, 4, 50205);
	make_socket(p, 4, NET_STREAM); /* that the last one was closed was not recorded */
	close_fd(p, 4);
}

static void servers(struct printing *p)
{
	const struct note given = { .kind = NOTE_SOCKET, .type = NET_STREAM, .state = SOCKET_LISTENS, .fd = 3, .local = THERE(8080) };
	assert_int_equal(network_add(p->network, &given), ERR_NONE);
	assert_int_equal(network_add(p->network, &given), ERR_NONE);
	BEGIN(v1_sock_accept, 3, OUT_AT);
	out(0, 4);
	note_socket(4, NET_STREAM, SOCKET_ACCEPTED, THERE(8080), HERE(1));
	made.record.duration = NS_PER_US;
	done(p);
	fail_with(p, CALL_sock_accept, 3, WASI_EAGAIN);
	fail_with(p, CALL_sock_accept, 3, WASI_EMFILE);
	fail_with(p, CALL_sock_accept, 88, WASI_EMFILE);
	BEGIN(sock_accept, 3, 0, OUT_AT); /* without a note */
	out(0, 5);
	done(p);
	write_one(p, 5, "hello", 5);
	BEGIN(sock_accept, 3, 0, OUT_AT); /* 4 was closed, but not so recorded; it lies about the number */
	out(0, 4);
	note_socket(6, NET_STREAM, SOCKET_ACCEPTED, THERE(8080), HERE(2));
	done(p);
	BEGIN(sock_accept, 3, 0, OUT_AT);
	out(0, NETWORK_SOCKETS_MAX);
	done(p);
	close_fd(p, 3);
	close_fd(p, 4);
	close_fd(p, 5);
	close_fd(p, 6);
}

static void look_up(struct printing *p, const char *name, size_t size, uint32_t error, uint32_t count)
{
	BEGIN(sock_getaddrinfo, 0, 0, 0, 0, 0, 0, 0, OUT_AT)->result = error;
	input(name, size);
	input("", 0);
	for (uint32_t i = 0; i < count; i++)
		note((struct note){ .kind = NOTE_RESOLVED, .peer = address(10, 0, 0, (uint8_t)(i + 1), 7), .text = view_of(name, size) });
	made.record.duration = NS_PER_US;
	done(p);
}

static void names(struct printing *p)
{
	look_up(p, "one.test\0", 9, 0, 2);
	look_up(p, "none.test", 9, WASI_ENOENT, 0);
	look_up(p, "nothing.test", 12, 0, 0);
	look_up(p, "", 0, 0, 1);
	look_up(p, "\033[2J\xff", 5, 0, 1);
	BEGIN(sock_getaddrinfo, 0, 0, 0, 0, 0, 0, 0, OUT_AT)->result = WASI_EFAULT;
	made.record.faulted = true;
	done(p);
	make_socket(p, 4, NET_STREAM);
	dial(p, 4, HERE(50400), address(10, 0, 0, 2, 80), 0);
	close_fd(p, 4);
	make_socket(p, 4, NET_STREAM);
	dial(p, 4, HERE(50401), address(10, 0, 0, 1, 80), 0); /* the last one that was looked up */
	close_fd(p, 4);
	BEGIN(sock_getaddrinfo, 0, 0, 0, 0, 0, 0, 0, OUT_AT)->finished = false;
	input("slow.test", 9);
	input("", 0);
	done(p);
}

static void note_tls(uint32_t fd, enum tls_state state, uint32_t error, const char *text)
{
	note((struct note){ .kind = NOTE_TLS, .state = (uint8_t)state, .fd = fd, .error = (uint16_t)error, .text = view_text(text) });
}

static void tls(struct printing *p)
{
	connected(p, 4, 50500);
	BEGIN(sock_setsockopt, 4, 0x74696d65, 1);
	note_tls(4, TLS_STARTED, 0, "tls.test");
	done(p);
	BEGIN(sock_send, 4, 0, 1, 0, OUT_AT);
	input("12345678", 8);
	input("plain", 5);
	out(0, 5);
	note_tls(4, TLS_CONNECTED, 0, "TLSv1.3");
	done(p);
	BEGIN(sock_recv, 4, 0, 1, 0, OUT_AT, OUT_AT + 4);
	input("\0\0\0\0\1\0\0\0", 8);
	note_tls(4, TLS_TRUNCATED, 0, "");
	done(p);
	close_fd(p, 4);
	connected(p, 4, 50501);
	BEGIN(poll_oneoff, 0, 0, 1, OUT_AT);
	note_tls(4, TLS_FAILED, WASI_EPROTO, "the \"name\"\n is another's");
	done(p);
	fail_with(p, CALL_sock_send, 4, WASI_EPROTO);
	close_fd(p, 4);
	BEGIN(poll_oneoff, 0, 0, 1, OUT_AT);
	note_tls(50, TLS_FAILED, 999, "\xff");
	done(p);
}

/* What a descriptor is after records that are missing is not known, but that a server listens. */
static void damage(struct printing *p)
{
	const struct note given = { .kind = NOTE_SOCKET, .type = NET_STREAM, .state = SOCKET_LISTENS, .fd = 3, .local = THERE(8080) };
	assert_int_equal(network_add(p->network, &given), ERR_NONE);
	connected(p, 4, 50700);
	connected(p, 5, 50701);
	shut(p, 5, WASI_sdflags_RD | WASI_sdflags_WR);
	BEGIN(sock_accept, 3, 0, OUT_AT);
	out(0, 6);
	note_socket(6, NET_STREAM, SOCKET_ACCEPTED, THERE(8080), HERE(3));
	done(p);
	made.number += 10;
	write_one(p, 4, "whose?", 6);
	write_one(p, 6, "whose?", 6);
	made.number += 1;
	fail_with(p, CALL_sock_accept, 3, WASI_EMFILE);
	for (uint32_t fd = 3; fd < 7; fd++)
		close_fd(p, fd);
}

static void tell_traps(struct printing *p)
{
	failures(p);
	paths(p);
	closing(p);
	servers(p);
	names(p);
	tls(p);
	damage(p);
	/* Killed: no record says so. */
	assert_int_equal(network_end(p->network), ERR_NONE);
	assert_int_equal(network_end(p->network), ERR_NONE);
}

static void test_as_text(void **state)
{
	(void)state;
	print_scenario(tell_traps, EMIT_LINE, true, "network-traps.txt");
}

static void test_as_json(void **state)
{
	(void)state;
	print_scenario(tell_traps, EMIT_JSON, false, "network-traps.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_text),
		cmocka_unit_test(test_as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
