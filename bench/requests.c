/*
 * requests N BODY [PIECE]: traces N requests over HTTP/1.1 on keep-alive connections, each answered with BODY bytes, received PIECE bytes
 * at a time (64 KiB), from prepared events to lines of text, on one processor. Prints the seconds, the exchanges and the bytes of HTTP.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/time.h"
#include "emit/request.h"
#include "trace/connections.h"

enum { CONNECTIONS = 10 };

static const char request[] = "GET /plaintext?n=1 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n";

struct bench {
	struct exchange_sink sink;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
	struct net_event event;
	uint64_t exchanges, bytes;
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

static enum err run(struct bench *b, uint64_t count, struct view response, size_t piece)
{
	static const struct connections_options options = { { .head_max = 256 << 10, .body_max = 1 << 20 }, protocols };
	output_init(&b->output, open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null", OUTPUT_BUFFERED);
	TRY(emitter_create(EMIT_LINE, &b->output, &b->emitter));
	TRY(connections_create(&options, &b->sink, &b->connections));
	b->event.time = 1700000000ull * NS_PER_S;
	for (uint64_t i = 0; i < count; i++) {
		b->event.socket = 1 + i % CONNECTIONS;
		TRY(pass(b, EVENT_SEND, view_of(request, sizeof request - 1), sizeof request));
		TRY(pass(b, EVENT_RECEIVE, response, piece));
	}
	TRY(connections_end(b->connections, b->event.time));
	return output_flush(&b->output);
}

int main(int argc, char **argv)
{
	BUF_CLEANUP struct buf response = { 0 };
	struct bench b = { .sink = { print } };
	uint64_t count = argc > 2 ? strtoull(argv[1], NULL, 10) : 0, size = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	size_t piece = argc > 3 ? strtoull(argv[3], NULL, 10) : 64 << 10;
	if (argc < 3 || piece == 0) {
		fprintf(stderr, "usage: requests N BODY [PIECE]\n");
		return 2;
	}
	buf_printf(&response, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %llu\r\n\r\n", (unsigned long long)size);
	for (uint64_t i = 0; i < size; i++)
		buf_append_byte(&response, (uint8_t)('a' + i % 26));
	uint64_t start = time_of(CLOCK_PROCESS_CPUTIME_ID);
	enum err err = run(&b, count, buf_view(&response), piece);
	double seconds = (double)(time_of(CLOCK_PROCESS_CPUTIME_ID) - start) / NS_PER_S;
	printf("%.9f %llu %llu\n", seconds, (unsigned long long)b.exchanges, (unsigned long long)b.bytes);
	connections_destroy(b.connections);
	emitter_destroy(b.emitter);
	output_finish(&b.output);
	if (err)
		fprintf(stderr, "requests: %s\n", err_text());
	return err ? 1 : 0;
}
