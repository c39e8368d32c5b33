/*
 * What peers can do to who watches them: pipelines without answers, tunnels in tunnels, endless heads and bodies, bytes without sense.
 * Everything is told of, memory stays what it is, and each of these is so large that it would not end if its time grew faster than it.
 */
#include "watching.h"

/* All of a pipeline is paired, though only so many requests are remembered at a time: the rest waits, and is not moved again and again. */
static void test_a_long_pipeline(void **state)
{
	enum { REQUESTS = 20000 };
	BUF_CLEANUP struct buf requests = { 0 }, responses = { 0 };
	struct watching w;
	(void)state;
	repeat(&requests, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", REQUESTS);
	repeat(&responses, "HTTP/1.1 204 No Content\r\n\r\n", REQUESTS);
	start(&w, PROTO_TCP);
	sent(&w, buf_view(&requests));
	came(&w, buf_view(&responses));
	finish(&w);
	assert_int_equal(w.exchanges, REQUESTS);
	assert_int_equal(w.responses, REQUESTS);
	assert_int_equal(w.errors, 0);
}

static void test_a_pipeline_that_nobody_answers(void **state)
{
	BUF_CLEANUP struct buf requests = { 0 };
	struct watching w;
	(void)state;
	repeat(&requests, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 10000);
	start(&w, PROTO_TCP);
	for (int i = 0; i < 500; i++)
		sent(&w, buf_view(&requests));
	assert_true(w.most < 16 * MIB);
	finish(&w);
	assert_true(w.exchanges >= 256);
	assert_int_equal(w.responses, 0);
	assert_string_equal(w.first_error, "no response: too many bytes waited for the other side");
}

/* Each upgrade may end HTTP, so that all wait for all: a response at a time is read, and a request at a time. */
static void test_a_pipeline_of_upgrades(void **state)
{
	enum { REQUESTS = 10000 };
	BUF_CLEANUP struct buf requests = { 0 }, responses = { 0 };
	struct watching w;
	(void)state;
	repeat(&requests, "GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", REQUESTS);
	repeat(&responses, "HTTP/1.1 204 No Content\r\n\r\n", REQUESTS);
	start(&w, PROTO_TCP);
	sent(&w, buf_view(&requests));
	came(&w, buf_view(&responses));
	finish(&w);
	assert_int_equal(w.responses, REQUESTS);
	assert_int_equal(w.errors, 0);
}

/* Each tunnel begins anew, eight of them; what is in the next is nobody's. */
static void test_tunnels_in_tunnels(void **state)
{
	enum { REQUESTS = 10000 };
	BUF_CLEANUP struct buf requests = { 0 }, responses = { 0 };
	struct watching w;
	(void)state;
	repeat(&requests, "CONNECT a.test:80 HTTP/1.1\r\n\r\n", REQUESTS);
	repeat(&responses, "HTTP/1.1 200 OK\r\n\r\n", REQUESTS);
	start(&w, PROTO_TCP);
	sent(&w, buf_view(&requests));
	came(&w, buf_view(&responses));
	finish(&w);
	assert_int_equal(w.responses, 9);
	assert_int_equal(w.exchanges, 10);
	assert_int_equal(w.errors, 1);
	assert_non_null(strstr(w.first_error, "unknown protocol, 299730 bytes from the client"));
}

static void test_an_endless_head(void **state)
{
	BUF_CLEANUP struct buf fields = { 0 };
	struct watching w;
	(void)state;
	repeat(&fields, "A: b\r\n", 10000);
	start(&w, PROTO_TCP);
	sent(&w, view_text("GET / HTTP/1.1\r\n"));
	for (int i = 0; i < 2000; i++)
		sent(&w, buf_view(&fields));
	assert_true(w.most < 16 * MIB);
	finish(&w);
	assert_int_equal(w.exchanges, 1);
	assert_int_equal(w.requests, 1); /* as far as it was whole */
	assert_memory_equal(w.first_error, "its header is too long: bytes 26", 32);
}

static void test_many_folds(void **state)
{
	BUF_CLEANUP struct buf head = { 0 };
	struct watching w;
	(void)state;
	buf_append_text(&head, "GET / HTTP/1.1\r\nA: b\r\n");
	repeat(&head, " c\r\n", 60000);
	buf_append_text(&head, "\r\n");
	start(&w, PROTO_TCP);
	for (int i = 0; i < 20; i++) {
		sent(&w, buf_view(&head));
		came(&w, view_text("HTTP/1.1 204 No Content\r\n\r\n"));
	}
	finish(&w);
	assert_int_equal(w.exchanges, 20);
	assert_int_equal(w.errors, 0);
}

/* Of 256 MiB one is kept; of all that wait at once, 64. */
static void test_bodies_larger_than_is_kept(void **state)
{
	enum { CONNECTIONS = 200 };
	BUF_CLEANUP struct buf block = { 0 };
	struct watching w;
	(void)state;
	assert_true(buf_reserve(&block, MIB));
	memset(block.data, 'x', MIB);
	block.size = MIB;
	start(&w, PROTO_TCP);
	sent(&w, view_text("GET / HTTP/1.1\r\n\r\n"));
	came(&w, view_text("HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n"));
	for (int i = 0; i < 256; i++)
		came(&w, buf_view(&block));
	assert_int_equal(w.body_bytes, 256u << 20);
	assert_int_equal(w.kept, MIB);
	assert_int_equal(w.cut, 1);
	for (uint64_t i = 0; i < CONNECTIONS; i++) {
		w.event.socket = 2 + i;
		sent(&w, view_text("PUT / HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n"));
		sent(&w, buf_view(&block));
	}
	assert_true(w.most < 96 * MIB);
	finish(&w);
	assert_int_equal(w.exchanges, 1 + CONNECTIONS);
	assert_int_equal(w.body_bytes, (256 + CONNECTIONS) * (uint64_t)MIB);
	assert_in_range(w.kept, 32 * MIB, 65 * MIB);
}

static void test_bytes_without_sense(void **state)
{
	static const char *const starts[] = { "", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" };
	BUF_CLEANUP struct buf noise = { 0 };
	(void)state;
	for (uint32_t i = 0, next = 7; i < MIB; i++) {
		next = next * 1664525 + 1013904223;
		buf_append_byte(&noise, (uint8_t)(next >> 24));
	}
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		struct watching w;
		start(&w, PROTO_TCP);
		sent(&w, view_text(starts[i]));
		for (int k = 0; k < 64; k++) {
			sent(&w, buf_view(&noise));
			came(&w, buf_view(&noise));
		}
		for (size_t k = 0; k < MIB; k++) /* and in the smallest pieces */
			came(&w, view_of(noise.data + k, 1));
		assert_true(w.most < 4 * MIB);
		finish(&w);
		assert_true(w.exchanges >= 1 && w.errors >= 1);
	}
}

/* A response that never ends holds back what comes after it, but not for ever. */
static void test_one_that_holds_up_the_others(void **state)
{
	struct watching w;
	(void)state;
	start(&w, PROTO_TCP);
	sent(&w, view_text("GET /events HTTP/1.1\r\n\r\n"));
	came(&w, view_text("HTTP/1.1 200 OK\r\n\r\nevent"));
	w.event.socket = 2;
	for (int i = 0; i < 100000; i++) {
		sent(&w, view_text("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
		came(&w, view_text("HTTP/1.1 204 No Content\r\n\r\n"));
	}
	assert_true(w.exchanges > 50000);
	assert_true(w.most < 32 * MIB);
	finish(&w);
	assert_int_equal(w.exchanges, 100001);
}

/* A side at a time, as polite programs end connections; the close of such a socket is no event. */
static void test_connections_that_end_side_by_side(void **state)
{
	struct watching w;
	(void)state;
	start(&w, PROTO_TCP);
	for (uint64_t i = 0; i < 20000; i++) {
		w.event.socket = 2 + i;
		tell(&w, EVENT_CONNECT, (struct view){ 0 });
		sent(&w, view_text("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
		came(&w, view_text("HTTP/1.1 204 No Content\r\n\r\n"));
		w.event.sides = SIDE_WRITE;
		tell(&w, EVENT_SHUTDOWN, (struct view){ 0 });
		came(&w, (struct view){ 0 });
		came(&w, (struct view){ 0 });
	}
	assert_true(w.most < MIB);
	assert_int_equal(w.exchanges, 20000);
	finish(&w);
	assert_int_equal(w.exchanges, 20000);
	assert_int_equal(w.errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_long_pipeline),
		cmocka_unit_test(test_a_pipeline_that_nobody_answers),
		cmocka_unit_test(test_a_pipeline_of_upgrades),
		cmocka_unit_test(test_tunnels_in_tunnels),
		cmocka_unit_test(test_an_endless_head),
		cmocka_unit_test(test_many_folds),
		cmocka_unit_test(test_bodies_larger_than_is_kept),
		cmocka_unit_test(test_bytes_without_sense),
		cmocka_unit_test(test_one_that_holds_up_the_others),
		cmocka_unit_test(test_connections_that_end_side_by_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
