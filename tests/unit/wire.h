/*
 * Connections, and flows of datagrams, that are given to the request trace: what each side sends, in order, with the process as the client
 * and as the server, in pieces of every size. What is printed must be the same, and is compared whole with golden/. TIMECRAFT_GOLDEN=write
 * writes that.
 */
#pragma once

#include "unit.h"

#include "base/time.h"
#include "emit/request.h"
#include "emit/request_summary.h"
#include "trace/connections.h"
#include "wasi/abi.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum wire_kind { WIRE_END, WIRE_ASK, WIRE_ANSWER, WIRE_CLIENT_ENDS, WIRE_SERVER_ENDS, WIRE_RESET };

struct wire_step {
	enum wire_kind kind;
	const char *bytes;
	uint32_t size;
};

struct wire {
	const char *title;
	struct wire_step steps[48];
};

#define ASK(text)    { WIRE_ASK, text, sizeof(text) - 1 }
#define ANSWER(text) { WIRE_ANSWER, text, sizeof(text) - 1 }
#define CLIENT_ENDS  { WIRE_CLIENT_ENDS, 0, 0 }
#define SERVER_ENDS  { WIRE_SERVER_ENDS, 0, 0 }
#define RESET        { WIRE_RESET, 0, 0 }

/* How a connection is traced. */
struct wire_how {
	enum emit_format format;
	bool verbose, secrets, summary, accepted;
	enum net_proto proto;
	uint16_t port;
	size_t piece;      /* bytes of an event; 0: all of a step */
	uint64_t body_max; /* 0: 1 MiB */
	bool lines;        /* decoders are told that nothing else is shown */
};

/* Exchanges that are printed into memory, and a connection that feeds them. */
struct wire_run {
	struct exchange_sink sink;
	struct wire_how how;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
	struct exchange_summary *summary; /* NULL: exchanges are printed */
	struct net_event event;           /* what all events of the connection have in common */
};

static enum err wire_print(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct wire_run *r = (struct wire_run *)sink;
	return r->summary ? exchange_summary_add(r->summary, exchange) : request_print(&r->printer, r->emitter, exchange);
}

static void wire_start(struct wire_run *r, struct wire_how how)
{
	struct connections_options options = { { .head_max = 64 << 10, .body_max = how.body_max ? how.body_max : 1 << 20 }, protocols,
		NULL };
	options.decoder.lines = how.lines;
	setenv("TZ", "AEST-10", 1);
	*r = (struct wire_run){ .sink = { wire_print }, .how = how, .printer = { .verbose = how.verbose, .secrets = how.secrets } };
	output_init(&r->output, memfd_create("request", MFD_CLOEXEC), "memory", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(how.format, &r->output, &r->emitter), ERR_NONE);
	assert_int_equal(connections_create(&options, &r->sink, &r->connections), ERR_NONE);
	if (how.summary)
		assert_int_equal(exchange_summary_create(&r->summary), ERR_NONE);
	r->event.time = 1700000000 * (uint64_t)NS_PER_S;
}

/* All that was printed, which is the caller's. */
static char *wire_finish(struct wire_run *r)
{
	int fd = r->output.fd;
	assert_int_equal(connections_end(r->connections, r->event.time), ERR_NONE);
	if (r->summary)
		assert_int_equal(request_print_summary(r->emitter, r->summary), ERR_NONE);
	assert_int_equal(output_flush(&r->output), ERR_NONE);
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	connections_destroy(r->connections);
	exchange_summary_destroy(r->summary);
	emitter_destroy(r->emitter);
	output_finish(&r->output);
	close(fd);
	return text;
}

static void wire_tell(struct wire_run *r, struct net_event what)
{
	struct net_event event = r->event;
	event.type = what.type;
	event.sides = what.sides;
	event.implied = what.implied;
	event.error = what.error;
	event.data = what.data;
	event.data_count = what.data_count;
	event.size = what.size;
	assert_int_equal(connections_event(r->connections, &event), ERR_NONE);
}

static void wire_open(struct wire_run *r, uint64_t socket)
{
	static const struct net_address client = { NET_INET4, 4, 49152, { 172, 16, 0, 0 } };
	struct net_address server = { NET_INET4, 4, r->how.port, { 192, 0, 2, 1 } };
	bool accepted = r->how.accepted, stream = r->how.proto == PROTO_TCP;
	r->event.socket = socket;
	r->event.fd = 4;
	r->event.proto = (uint8_t)r->how.proto;
	r->event.accepted = accepted && stream;
	r->event.local = accepted ? server : client;
	r->event.peer = accepted ? client : server;
	if (stream)
		wire_tell(r, (struct net_event){ .type = accepted ? EVENT_ACCEPT : EVENT_CONNECT });
}

/* Bytes of one side, in pieces; of each, the first half is one buffer and the rest another. */
static void wire_pass(struct wire_run *r, bool from_client, struct view bytes)
{
	enum net_event_type type = from_client == r->how.accepted ? EVENT_RECEIVE : EVENT_SEND;
	while (bytes.size) {
		struct view piece = view_slice(bytes, 0, r->how.piece ? r->how.piece : bytes.size);
		struct view halves[2] = { view_slice(piece, 0, piece.size / 2), view_slice(piece, piece.size / 2, piece.size) };
		uint32_t empty = halves[0].size == 0;
		wire_tell(r, (struct net_event){ .type = type, .data = halves + empty, .data_count = 2 - empty, .size = piece.size });
		bytes = view_slice(bytes, piece.size, bytes.size);
	}
}

/* A side ends: the process's own by a call, the peer's by what is received. */
static void wire_end_side(struct wire_run *r, bool of_client)
{
	if (of_client == r->how.accepted)
		wire_tell(r, (struct net_event){ .type = EVENT_RECEIVE });
	else
		wire_tell(r, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = SIDE_WRITE });
}

static void wire_step(struct wire_run *r, const struct wire_step *step)
{
	r->event.record++;
	r->event.time += NS_PER_MS;
	switch (step->kind) {
	case WIRE_ASK:
	case WIRE_ANSWER: wire_pass(r, step->kind == WIRE_ASK, view_of(step->bytes, step->size)); break;
	case WIRE_CLIENT_ENDS:
	case WIRE_SERVER_ENDS: wire_end_side(r, step->kind == WIRE_CLIENT_ENDS); break;
	default: wire_tell(r, (struct net_event){ .type = EVENT_RECEIVE, .error = WASI_ECONNRESET }); break;
	}
}

static void wire_connection(struct wire_run *r, const struct wire *wire, uint64_t socket)
{
	wire_open(r, socket);
	for (const struct wire_step *at = wire->steps; at->kind; at++)
		wire_step(r, at);
	r->event.record++;
	if (r->how.proto == PROTO_TCP)
		wire_tell(r, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = SIDE_READ | SIDE_WRITE, .implied = true });
	else
		wire_tell(r, (struct net_event){ .type = EVENT_GONE });
}

/* What one connection prints. */
static char *wire_text(const struct wire *wire, struct wire_how how)
{
	struct wire_run r;
	wire_start(&r, how);
	wire_connection(&r, wire, 1);
	return wire_finish(&r);
}

static void wire_compare(const char *name, const char *text)
{
	static char golden[1 << 20];
	char path[4096];
	snprintf(path, sizeof path, "%s/golden/%s", getenv("UNIT_DIR"), name);
	if (getenv("TIMECRAFT_GOLDEN")) {
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

/* Every connection under its title. */
static inline void wire_compare_each(const struct wire *wires, uint32_t count, struct wire_how how, const char *name)
{
	BUF_CLEANUP struct buf all = { 0 };
	for (uint32_t i = 0; i < count; i++) {
		char *text = wire_text(&wires[i], how);
		buf_printf(&all, "== %s ==\n%s", wires[i].title, text);
		free(text);
	}
	wire_compare(name, buf_text(&all));
}

/* All connections in one trace, one after the other; every second time the process is the server. */
static inline void wire_compare_all(const struct wire *wires, uint32_t count, struct wire_how how, const char *name)
{
	struct wire_run r;
	wire_start(&r, how);
	for (uint32_t i = 0; i < count; i++) {
		r.how.accepted = i % 2;
		wire_connection(&r, &wires[i], 1 + i);
	}
	char *text = wire_finish(&r);
	wire_compare(name, text);
	free(text);
}

/* Who the process is makes no difference, nor how the bytes were cut. */
static inline void wire_check_pieces(const struct wire *wires, uint32_t count, struct wire_how how)
{
	enum { PIECES = 70 };
	for (uint32_t i = 0; i < count; i++) {
		how.accepted = false;
		how.piece = 0;
		char *expected = wire_text(&wires[i], how);
		for (how.piece = 1; how.piece < PIECES; how.piece++) {
			how.accepted = !how.accepted;
			char *text = wire_text(&wires[i], how);
			if (strcmp(text, expected) != 0)
				print_message("%s, %s, pieces of %zu\n", wires[i].title, how.accepted ? "server" : "client", how.piece);
			assert_string_equal(text, expected);
			free(text);
		}
		free(expected);
	}
}
