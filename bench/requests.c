/*
 * requests N BODY [PIECE [PROTOCOL]]: traces N requests over HTTP/1.1 on keep-alive connections, each answered with BODY bytes, received
 * PIECE bytes at a time (64 KiB), from prepared events to lines of text, on one processor. Prints the seconds, the exchanges and the bytes
 * of HTTP. PROTOCOL: Redis, a pipeline of 100 questions after the other; DNS, whose answers are datagrams of one address; WebSocket, 100
 * messages each way after the other; HTTP2, a stream after the other; PostgreSQL and MySQL, a query after the other, each answered with 100
 * rows, or with one for a BODY of 0.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/time.h"
#include "emit/request.h"
#include "trace/connections.h"

enum { CONNECTIONS = 10 };

static const char http_request[] = "GET /plaintext?n=1 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n";

struct bench {
	struct exchange_sink sink;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
	struct net_event event;
	uint64_t exchanges, bytes;
	struct buf hello, welcome;    /* of each connection, at its beginning */
	struct buf welcome_after;     /* of a server that speaks first: what answers the hello */
	struct buf request, response; /* so many at a time */
	uint32_t pipelined;
	bool streams; /* requests and responses are frames of HTTP/2, which want the number of their stream */
};

static enum err print(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct bench *b = (struct bench *)sink;
	b->exchanges++;
	return request_print(&b->printer, b->emitter, exchange);
}

static enum err pass(struct bench *b, enum net_event_type type, struct view bytes, size_t piece)
{
	b->event.type = type;
	b->event.data_count = 1;
	b->bytes += bytes.size;
	while (bytes.size) {
		struct view part = view_slice(bytes, 0, piece);
		b->event.data = &part;
		b->event.size = part.size;
		b->event.record++;
		b->event.time += NS_PER_US;
		TRY(connections_event(b->connections, &b->event));
		bytes = view_slice(bytes, part.size, bytes.size);
	}
	return ERR_NONE;
}

static void number_streams(struct buf *frames, uint32_t id)
{
	for (size_t at = 0; at + 9 <= frames->size;) {
		uint8_t *head = frames->data + at;
		for (int i = 0; i < 4; i++)
			head[5 + i] = (uint8_t)(id >> (24 - 8 * i));
		at += 9 + ((size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2]);
	}
}

static enum err run(struct bench *b, uint64_t count, size_t piece)
{
	const struct connections_options options = { { .head_max = 256 << 10, .body_max = 1 << 20, .lines = true }, protocols, NULL };
	output_init(&b->output, open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null", OUTPUT_BUFFERED);
	TRY(emitter_create(EMIT_LINE, &b->output, &b->emitter));
	TRY(connections_create(&options, &b->sink, &b->connections));
	b->event.time = 1700000000ull * NS_PER_S;
	for (uint64_t i = 0; i < CONNECTIONS && b->hello.size; i++) {
		b->event.socket = 1 + i;
		if (b->welcome_after.size)
			TRY(pass(b, EVENT_RECEIVE, buf_view(&b->welcome), SIZE_MAX));
		TRY(pass(b, EVENT_SEND, buf_view(&b->hello), SIZE_MAX));
		TRY(pass(b, EVENT_RECEIVE, buf_view(b->welcome_after.size ? &b->welcome_after : &b->welcome), SIZE_MAX));
	}
	for (uint64_t i = 0; i < count; i += b->pipelined) {
		b->event.socket = 1 + i % CONNECTIONS;
		if (b->streams) {
			number_streams(&b->request, (uint32_t)(2 * i + 1));
			number_streams(&b->response, (uint32_t)(2 * i + 1));
		}
		TRY(pass(b, EVENT_SEND, buf_view(&b->request), SIZE_MAX));
		TRY(pass(b, EVENT_RECEIVE, buf_view(&b->response), piece));
	}
	TRY(connections_end(b->connections, b->event.time));
	return output_flush(&b->output);
}

static void put_body(struct buf *out, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		buf_append_byte(out, (uint8_t)('a' + i % 26));
}

static void prepare_http(struct bench *b, uint64_t size)
{
	buf_append_text(&b->request, http_request);
	buf_printf(&b->response, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %llu\r\n\r\n", (unsigned long long)size);
	put_body(&b->response, size);
}

static void put_frame(struct buf *out, uint8_t type, uint8_t flags, const char *payload, uint32_t size, uint64_t body)
{
	uint64_t all = size + body;
	uint8_t head[9] = { (uint8_t)(all >> 16), (uint8_t)(all >> 8), (uint8_t)all, type, flags };
	buf_append(out, head, sizeof head);
	buf_append(out, payload, size);
	put_body(out, body);
}

/* What a client that asks again and again sends: all fields are in the table. */
static void prepare_http2(struct bench *b, uint64_t size)
{
	enum { DATA, HEADERS, SETTINGS = 4, FRAME_MAX = 16384 };
	static const char asked[] = "\202\206\204\1\16localhost:8080",
			  answered[] = "\210\17\15\2"
				       "12";
	b->streams = true;
	buf_append_text(&b->hello, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	put_frame(&b->hello, SETTINGS, 0, "", 0, 0);
	put_frame(&b->welcome, SETTINGS, 0, "", 0, 0);
	put_frame(&b->request, HEADERS, 5, asked, sizeof asked - 1, 0);
	put_frame(&b->response, HEADERS, 4, answered, sizeof answered - 1, 0);
	for (uint64_t part; size > FRAME_MAX; size -= part) {
		part = FRAME_MAX;
		put_frame(&b->response, DATA, 0, "", 0, part);
	}
	put_frame(&b->response, DATA, 1, "", 0, size);
}

static void prepare_redis(struct bench *b, uint64_t size)
{
	b->pipelined = 100;
	for (uint32_t i = 0; i < b->pipelined; i++) {
		buf_append_text(&b->request, "*2\r\n$3\r\nGET\r\n$6\r\nuser:1\r\n");
		buf_printf(&b->response, "$%llu\r\n", (unsigned long long)size);
		put_body(&b->response, size);
		buf_append_text(&b->response, "\r\n");
	}
}

static void prepare_websocket(struct bench *b, uint64_t size)
{
	static const uint8_t head[] = { 0x81, 127 }, asked[] = { 0x81, 0x85, 1, 2, 3, 4, 'h' ^ 1, 'e' ^ 2, 'l' ^ 3, 'l' ^ 4, 'o' ^ 1 };
	b->pipelined = 100;
	buf_append_text(&b->hello, "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	buf_append_text(&b->welcome, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	for (uint32_t i = 0; i < b->pipelined; i++) {
		buf_append(&b->request, asked, sizeof asked);
		buf_append(&b->response, head, sizeof head);
		for (int k = 56; k >= 0; k -= 8)
			buf_append_byte(&b->response, (uint8_t)(size >> k));
		put_body(&b->response, size);
	}
}

/* 100 rows, or one that is short. */
static uint32_t rows_of(uint64_t size)
{
	return size ? 100 : 1;
}

static void put_big(struct buf *out, uint64_t value, int size)
{
	while (size--)
		buf_append_byte(out, (uint8_t)(value >> 8 * size));
}

static void prepare_postgresql(struct bench *b, uint64_t size)
{
	static const char hello[] = "\0\0\0\20\0\3\0\0user\0a\0\0", welcome[] = "R\0\0\0\10\0\0\0\0Z\0\0\0\5I";
	static const char query[] = "Q\0\0\0\54SELECT name FROM users WHERE id = 12345";
	static const char columns[] = "T\0\0\0\35\0\1name\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0",
			  end[] = "C\0\0\0\15SELECT 1\0Z\0\0\0\5I";
	_Static_assert(sizeof query == 45, "the size of the query's message");
	buf_append(&b->hello, hello, sizeof hello - 1);
	buf_append(&b->welcome, welcome, sizeof welcome - 1);
	buf_append(&b->request, query, sizeof query);
	buf_append(&b->response, columns, sizeof columns - 1);
	for (uint32_t i = 0; i < rows_of(size); i++) {
		buf_append_byte(&b->response, 'D');
		put_big(&b->response, 10 + size, 4);
		put_big(&b->response, 1, 2);
		put_big(&b->response, size, 4);
		put_body(&b->response, size);
	}
	buf_append(&b->response, end, sizeof end - 1);
}

static void put_packet(struct buf *out, uint8_t sequence, const void *payload, size_t size, uint64_t body)
{
	uint64_t all = size + body;
	uint8_t head[] = { (uint8_t)all, (uint8_t)(all >> 8), (uint8_t)(all >> 16), sequence };
	buf_append(out, head, sizeof head);
	buf_append(out, payload, size);
	put_body(out, body);
}

static void prepare_mysql(struct bench *b, uint64_t size)
{
	static const char greeting[] = "\n8.0.36\0\7\0\0\0saltsalt\0\1\202\55\2\0\10\0\25\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0mysql\0";
	static const char login[] = "\1\202\10\0\0\0\0\1\55\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ada\0\0mysql\0";
	static const char query[] = "\3SELECT name FROM users WHERE id = 12345", ok[] = "\0\0\0\2\0\0\0", end[] = "\376\0\0\2\0";
	static const char column[] = "\3def\0\0\0\4name\0\14\55\0\120\0\0\0\375\0\0\0\0\0";
	uint8_t text[] = { 0xfd, (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16) };
	put_packet(&b->welcome, 0, greeting, sizeof greeting - 1, 0);
	put_packet(&b->hello, 1, login, sizeof login - 1, 0);
	put_packet(&b->welcome_after, 2, ok, sizeof ok - 1, 0);
	put_packet(&b->request, 0, query, sizeof query - 1, 0);
	put_packet(&b->response, 1, "\1", 1, 0);
	put_packet(&b->response, 2, column, sizeof column - 1, 0);
	put_packet(&b->response, 3, end, sizeof end - 1, 0);
	for (uint32_t i = 0; i < rows_of(size); i++)
		put_packet(&b->response, (uint8_t)(4 + i), text, sizeof text, size);
	put_packet(&b->response, (uint8_t)(4 + rows_of(size)), end, sizeof end - 1, 0);
}

static void prepare_dns(struct bench *b)
{
	static const char name[] = "\7example\4test\0\0\1\0\1";
	static const char asked[] = "\1\2\1\0\0\1\0\0\0\0\0\0", answered[] = "\1\2\201\200\0\1\0\1\0\0\0\0";
	static const char address[] = "\300\14\0\1\0\1\0\0\1\54\0\4\135\270\330\42";
	b->event.proto = PROTO_UDP;
	buf_append(&b->request, asked, sizeof asked - 1);
	buf_append(&b->request, name, sizeof name - 1);
	buf_append(&b->response, answered, sizeof answered - 1);
	buf_append(&b->response, name, sizeof name - 1);
	buf_append(&b->response, address, sizeof address - 1);
}

int main(int argc, char **argv)
{
	struct bench b = { .sink = { print }, .pipelined = 1 };
	uint64_t count = argc > 2 ? strtoull(argv[1], NULL, 10) : 0, size = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	size_t piece = argc > 3 ? strtoull(argv[3], NULL, 10) : 64 << 10;
	const char *protocol = argc > 4 ? argv[4] : "HTTP";
	if (argc < 3 || piece == 0) {
		fprintf(stderr, "usage: requests N BODY [PIECE [PROTOCOL]]\n");
		return 2;
	}
	if (strcmp(protocol, "Redis") == 0)
		prepare_redis(&b, size);
	else if (strcmp(protocol, "HTTP2") == 0)
		prepare_http2(&b, size);
	else if (strcmp(protocol, "PostgreSQL") == 0)
		prepare_postgresql(&b, size);
	else if (strcmp(protocol, "MySQL") == 0)
		prepare_mysql(&b, size);
	else if (strcmp(protocol, "DNS") == 0)
		prepare_dns(&b);
	else if (strcmp(protocol, "WebSocket") == 0)
		prepare_websocket(&b, size);
	else
		prepare_http(&b, size);
	uint64_t start = time_of(CLOCK_PROCESS_CPUTIME_ID);
	enum err err = run(&b, count, piece);
	double seconds = (double)(time_of(CLOCK_PROCESS_CPUTIME_ID) - start) / NS_PER_S;
	printf("%.9f %llu %llu\n", seconds, (unsigned long long)b.exchanges, (unsigned long long)b.bytes);
	connections_destroy(b.connections);
	emitter_destroy(b.emitter);
	output_finish(&b.output);
	buf_finish(&b.hello);
	buf_finish(&b.welcome);
	buf_finish(&b.welcome_after);
	buf_finish(&b.request);
	buf_finish(&b.response);
	if (err)
		fprintf(stderr, "requests: %s\n", err_text());
	return err ? 1 : 0;
}
