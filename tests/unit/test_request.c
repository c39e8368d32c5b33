/*
 * Requests from events made by hand, printed: whole outputs are compared with golden/, among them those of the page that says what they
 * must look like. Every conversation is fed in pieces of every size, and must give the same. TIMECRAFT_GOLDEN=write writes the others.
 */
#include "unit.h"

#include "base/time.h"
#include "emit/request.h"
#include "trace/connections.h"
#include "wasi/abi.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

struct printing {
	struct exchange_sink sink;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
	uint64_t record, time;
	size_t piece; /* bytes an event has at most; 0: all */
};

static enum err print_exchange(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct printing *p = (struct printing *)sink;
	return request_print(&p->printer, p->emitter, exchange);
}

static void start(struct printing *p, enum emit_format format, bool verbose, size_t piece)
{
	struct connections_options options = { .decoder = { 4096, 4096 }, .protocols = protocols };
	*p = (struct printing){ .sink = { print_exchange }, .printer = { .verbose = verbose }, .piece = piece };
	output_init(&p->output, memfd_create("request", MFD_CLOEXEC), "memory", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(format, &p->output, &p->emitter), ERR_NONE);
	assert_int_equal(connections_create(&options, &p->sink, &p->connections), ERR_NONE);
	p->time = 1700000000ull * NS_PER_S;
}

/* What was printed; frees all. */
static char *finish(struct printing *p)
{
	static char text[1 << 18];
	int fd = p->output.fd;
	assert_int_equal(connections_end(p->connections, p->time), ERR_NONE);
	assert_int_equal(output_flush(&p->output), ERR_NONE);
	ssize_t size = pread(fd, text, sizeof text - 1, 0);
	assert_true(size >= 0);
	text[size] = 0;
	connections_destroy(p->connections);
	emitter_destroy(p->emitter);
	output_finish(&p->output);
	close(fd);
	return text;
}

static void compare(const char *text, const char *name)
{
	static char golden[1 << 18];
	char path[4096];
	snprintf(path, sizeof path, "%s/golden/%s", getenv("UNIT_DIR"), name);
	if (getenv("TIMECRAFT_GOLDEN") && !strstr(name, "page")) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	golden[fread(golden, 1, sizeof golden - 1, file)] = 0;
	fclose(file);
	assert_string_equal(text, golden);
}

/* The guest dials; connection number `socket` has a port of its own. */
static struct net_event event_of(const struct printing *p, uint64_t socket, enum net_event_type type)
{
	struct net_event event = { .record = p->record, .time = p->time, .type = (uint8_t)type, .socket = socket };
	event.local =
		(struct net_address){ .family = NET_INET4, .size = 4, .port = (uint16_t)(49152 + socket), .bytes = { 172, 16, 0, 0 } };
	event.peer = (struct net_address){ .family = NET_INET4, .size = 4, .port = 443, .bytes = { 44, 194, 85, 187 } };
	return event;
}

static void tell(struct printing *p, struct net_event event)
{
	assert_int_equal(connections_event(p->connections, &event), ERR_NONE);
	p->record++;
}

static void tell_bytes(struct printing *p, uint64_t socket, enum net_event_type type, const char *bytes, size_t size)
{
	do {
		size_t part = p->piece && p->piece < size ? p->piece : size;
		struct view data = view_of(bytes, part);
		struct net_event event = event_of(p, socket, type);
		event.size = part;
		event.data = &data;
		event.data_count = part != 0;
		tell(p, event);
		bytes += part;
		size -= part;
	} while (size);
	p->time += NS_PER_MS;
}

static void dial(struct printing *p, uint64_t socket)
{
	tell(p, event_of(p, socket, EVENT_CONNECT));
}

static void sent(struct printing *p, uint64_t socket, const char *text)
{
	tell_bytes(p, socket, EVENT_SEND, text, strlen(text));
}

static void came(struct printing *p, uint64_t socket, const char *text)
{
	tell_bytes(p, socket, EVENT_RECEIVE, text, strlen(text));
}

static void closed(struct printing *p, uint64_t socket)
{
	struct net_event event = event_of(p, socket, EVENT_SHUTDOWN);
	event.sides = SIDE_READ | SIDE_WRITE;
	event.implied = true;
	tell(p, event);
}

static void failed(struct printing *p, uint64_t socket, uint32_t error)
{
	struct net_event event = event_of(p, socket, EVENT_RECEIVE);
	event.error = error;
	tell(p, event);
}

static void the_page(bool verbose, const char *name)
{
	struct printing p;
	setenv("TZ", "AEST-10", 1);
	tzset();
	start(&p, EMIT_LINE, verbose, 0);
	p.time = 1688076800463329ull * NS_PER_US;
	dial(&p, 0);
	p.time = 1688076800947931ull * NS_PER_US;
	sent(&p, 0,
		"GET / HTTP/1.1\r\nHost: eo3qh2ncelpc9q0.m.pipedream.net\r\nUser-Agent: Go-http-client/1.1\r\n"
		"Accept-Encoding: gzip\r\n\r\n");
	p.time = 1688076804326929ull * NS_PER_US;
	came(&p, 0,
		"HTTP/1.1 200 OK\r\nDate: Thu, 29 Jun 2023 22:13:24 GMT\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 14\r\n"
		"Connection: keep-alive\r\nX-Powered-By: Express\r\nAccess-Control-Allow-Origin: *\r\n\r\nHello, World!\n");
	compare(finish(&p), name);
}

static void test_the_page(void **state)
{
	(void)state;
	the_page(false, "request-page.txt");
	the_page(true, "request-page-verbose.txt");
}

static void gzipped(struct printing *p, uint64_t socket, const char *text)
{
	char bytes[1024];
	z_stream stream = { .next_in = (Bytef *)text, .avail_in = (uInt)strlen(text), .next_out = (Bytef *)bytes + 256, .avail_out = 700 };
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t size = stream.total_out;
	deflateEnd(&stream);
	int head = snprintf(bytes, 256, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", size);
	memmove(bytes + head, bytes + 256, size);
	tell_bytes(p, socket, EVENT_RECEIVE, bytes, (size_t)head + size);
}

/* Everything that requests and responses do, one connection after the other; some at the same time. */
static void tell_all(struct printing *p)
{
	dial(p, 1); /* kept alive, pipelined, the first one with a body in chunks */
	sent(p, 1,
		"POST /chunks HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nChecksum: 1\r\n\r\n");
	sent(p, 1, "HEAD /head HTTP/1.1\r\nHost: a.test\r\n\r\nGET /none HTTP/1.1\r\nHost: a.test\r\n\r\n");
	came(p, 1, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
	dial(p, 2); /* begins before the next response of the other ends */
	sent(p, 2, "GET http://b.test/absolute?q=1 HTTP/1.1\r\nX-Folded: one\r\n two\r\nhOST: b.test\r\n\r\n");
	came(p, 1, "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n");
	gzipped(p, 2, "the body of a page\nwith two lines");
	came(p, 1, "\r\n");
	sent(p, 1, "PUT /expect HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	came(p, 1, "HTTP/1.1 100 Continue\r\n\r\n");
	sent(p, 1, "abc");
	came(p, 1, "HTTP/1.1 204 No Content\r\n\r\n");
	sent(p, 1, "PUT /refused HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n");
	came(p, 1, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
	sent(p, 1, "POST /no-length HTTP/1.1\r\n\r\n");
	closed(p, 1); /* it is never answered */
	dial(p, 3); /* a body that ends with the connection, by HTTP/1.0 */
	sent(p, 3, "GET /old HTTP/1.0\n\n");
	came(p, 3, "HTTP/1.0 200 OK\n\nall there is");
	came(p, 3, "");
	closed(p, 3);
	dial(p, 4); /* cut short */
	sent(p, 4, "GET /cut HTTP/1.1\r\n\r\n");
	came(p, 4, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.");
	failed(p, 4, WASI_ECONNRESET);
	dial(p, 5); /* binary, and longer than is kept */
	sent(p, 5, "GET /binary HTTP/1.1\r\n\r\n");
	tell_bytes(p, 5, EVENT_RECEIVE, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\0\1\2\3\4\5", 44);
	char large[6000];
	int head = snprintf(large, sizeof large, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
	for (int i = 0; i < 5000; i++)
		large[head + i] = i % 100 == 99 ? '\n' : 'x';
	sent(p, 5, "GET /large HTTP/1.1\r\n\r\n");
	tell_bytes(p, 5, EVENT_RECEIVE, large, (size_t)head + 5000);
	closed(p, 5);
	dial(p, 6); /* becomes something else */
	sent(p, 6, "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	came(p, 6, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\201\5hello");
	sent(p, 6, "\201\205abcd");
	closed(p, 6);
	dial(p, 7); /* a tunnel with HTTP in it */
	sent(p, 7, "CONNECT c.test:80 HTTP/1.1\r\nHost: c.test:80\r\n\r\n");
	came(p, 7, "HTTP/1.1 200 Connection established\r\n\r\n");
	sent(p, 7, "GET /within HTTP/1.1\r\nHost: c.test\r\n\r\n");
	came(p, 7, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	closed(p, 7);
	dial(p, 8); /* not HTTP, and HTTP that turns into nothing */
	sent(p, 8, "\26\3\1\2");
	closed(p, 8);
	dial(p, 9);
	sent(p, 9, "GET /good HTTP/1.1\r\n\r\n");
	came(p, 9, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab");
	closed(p, 9);
	dial(p, 10);
	sent(p, 10, "GET /then HTTP/1.1\r\n\r\n\1\2\3\r\n\r\n");
	came(p, 10, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void test_all(void **state)
{
	static const struct {
		enum emit_format format;
		bool verbose;
		const char *name;
	} ways[] = {
		{ EMIT_LINE, false, "request.txt" },
		{ EMIT_LINE, true, "request-verbose.txt" },
		{ EMIT_JSON, true, "request.json" },
		{ EMIT_YAML, true, "request.yaml" },
	};
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct printing p;
		start(&p, ways[i].format, ways[i].verbose, 0);
		tell_all(&p);
		compare(finish(&p), ways[i].name);
	}
}

static void test_every_piece(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 140; piece++) {
		struct printing p;
		start(&p, EMIT_LINE, true, piece);
		tell_all(&p);
		compare(finish(&p), "request-verbose.txt");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_every_piece),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
