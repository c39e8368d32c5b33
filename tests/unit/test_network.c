/*
 * Network events from records made by hand, printed: whole outputs are compared with golden/, among them those of the page that says what
 * they must look like, with the empty line after the last bytes. TIMECRAFT_GOLDEN=write writes the others.
 */
#include "network_records.h"

static const char request[] = "GET / HTTP/1.1\r\nHost: eo3qh2ncelpc9q0.m.pipedream.net\r\nUser-Agent: Go-http-client/1.1\r\n"
			      "Accept-Encoding: gzip\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nDate: Thu, 29 Jun 2023 22:13:24 GMT\r\nContent-Type: text/html; charset=utf-8\r\n"
			       "Content-Length: 14\r\nConnection: keep-alive\r\nX-Powered-By: Express\r\n"
			       "Access-Control-Allow-Origin: *\r\n\r\nHello, World!\n";

static void the_page(bool verbose, const char *name)
{
	struct printing p;
	struct net_address local = address(172, 16, 0, 0, 49152), peer = address(44, 194, 85, 187, 443);
	setenv("TZ", "AEST-10", 1);
	start(&p, EMIT_LINE, verbose);
	pass_others(&p, 22);
	make_socket(&p, 4, NET_STREAM);
	made.time = 1688076800463329ull * NS_PER_US;
	dial(&p, 4, local, peer, WASI_EINPROGRESS);
	pass_others(&p, 40);
	made.time = 1688076800947931ull * NS_PER_US;
	send_two(&p, 4, request, "", sizeof request - 1);
	pass_others(&p, 45);
	made.time = 1688076804326929ull * NS_PER_US;
	receive(&p, 4, response, 0);
	finish(&p, name);
}

static void test_the_page(void **state)
{
	(void)state;
	the_page(false, "network-page.txt");
	the_page(true, "network-page-verbose.txt");
}

/* Everything that can happen, once. */
static void tell_all(struct printing *p)
{
	struct net_address local = address(172, 16, 0, 0, 49152), peer = address(192, 0, 2, 1, 80);
	made.time = 1700000000ull * NS_PER_S;
	BEGIN(sock_getaddrinfo, 0, 0, 0, 0, 0, 0, 0, OUT_AT);
	input("example.test", 13);
	input("80", 2);
	note((struct note){ .kind = NOTE_RESOLVED, .peer = peer, .text = view_text("example.test") });
	note((struct note){ .kind = NOTE_RESOLVED, .peer = address(192, 0, 2, 2, 80), .text = view_text("example.test") });
	done(p);
	make_socket(p, 4, NET_STREAM);
	dial(p, 4, local, peer, 0);
	send_two(p, 4, "0123456789abcde", "fghij", 18); /* not all of it was taken */
	receive(p, 4, "peeked at", WASI_riflags_RECV_PEEK);
	receive(p, 4, "and received", 0);
	BEGIN(sock_recv, 4, 0, 1, 0, OUT_AT, OUT_AT + 4)->result = WASI_EAGAIN;
	done(p);
	receive(p, 4, "", 0);
	receive(p, 4, "", 0); /* the end is the end */
	BEGIN(sock_shutdown, 4, WASI_sdflags_WR);
	done(p);
	BEGIN(fd_close, 4);
	done(p);
	/* The number is used again, by a connection that fails later. */
	make_socket(p, 4, NET_STREAM);
	dial(p, 4, address(172, 16, 0, 0, 49153), peer, WASI_EINPROGRESS);
	BEGIN(poll_oneoff, 0, 0, 1, OUT_AT);
	note((struct note){ .kind = NOTE_FAILURE, .type = NET_STREAM, .fd = 4, .error = WASI_ECONNREFUSED });
	done(p);
	BEGIN(fd_close, 4);
	done(p);
	/* The guest's server: accepted, renumbered, reset. */
	BEGIN(sock_accept, 3, 0, OUT_AT);
	out(0, 5);
	note((struct note){ .kind = NOTE_SOCKET,
		.type = NET_STREAM,
		.state = SOCKET_ACCEPTED,
		.fd = 5,
		.local = address(127, 0, 0, 1, 8080),
		.peer = address(127, 0, 0, 1, 50000) });
	done(p);
	BEGIN(fd_renumber, 5, 9);
	done(p);
	receive(p, 9, "GET / HTTP/1.0\r\n\r\n", 0);
	BEGIN(sock_send, 9, 0, 1, 0, OUT_AT)->result = WASI_ECONNRESET;
	done(p);
	/* Datagrams. */
	make_socket(p, 6, NET_DGRAM);
	BEGIN(sock_send_to, 6, 0, 1, 0, 53, 0, OUT_AT);
	input("12345678", 8);
	input("query", 5);
	out(0, 5);
	note((struct note){ .kind = NOTE_DATAGRAM,
		.type = NET_DGRAM,
		.fd = 6,
		.local = address(172, 16, 0, 0, 49154),
		.peer = address(9, 9, 9, 9, 53) });
	done(p);
	/* TLS that does not come about, and a number beyond all. */
	make_socket(p, 7, NET_STREAM);
	dial(p, 7, address(172, 16, 0, 0, 49155), peer, 0);
	BEGIN(sock_send, 7, 0, 1, 0, OUT_AT)->result = WASI_EPROTO;
	note((struct note){
		.kind = NOTE_TLS, .state = TLS_FAILED, .fd = 7, .error = WASI_EPROTO, .text = view_text("certificate has expired") });
	done(p);
	receive(p, UINT32_MAX, "nobody's", 0);
	made.record = (struct record){ .number = made.number++, .kind = RECORD_EXIT, .finished = true, .start = made.time };
	done(p);
}

static void test_all_events(void **state)
{
	static const struct {
		enum emit_format format;
		bool verbose;
		const char *name;
	} ways[] = {
		{ EMIT_LINE, false, "network.txt" },
		{ EMIT_LINE, true, "network-verbose.txt" },
		{ EMIT_JSON, false, "network.json" },
		{ EMIT_YAML, false, "network.yaml" },
	};
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct printing p;
		start(&p, ways[i].format, ways[i].verbose);
		tell_all(&p);
		finish(&p, ways[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page),
		cmocka_unit_test(test_all_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
