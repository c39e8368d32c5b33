/* Requests from events made by hand, printed into memory: what tests of decoders feed, and compare with golden/. */
#pragma once

#include "unit.h"

#include "base/time.h"
#include "emit/request.h"
#include "proto/http.h"
#include "trace/connections.h"
#include "trace/ordering.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PRINTED_MAX = 1 << 20 };

struct requests {
	struct exchange_sink sink;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
	uint64_t record, time;
	size_t piece;  /* bytes an event has at most; 0: all */
	bool accepted; /* the process is the server */
	bool midway;   /* what came before is not known */
};

static inline enum err print_exchange(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct requests *p = (struct requests *)sink;
	return request_print(&p->printer, p->emitter, exchange);
}

static inline void requests_start(struct requests *p, const struct connections_options *options, enum emit_format format, bool verbose,
	size_t piece)
{
	setenv("TZ", "UTC", 1);
	tzset();
	*p = (struct requests){ .sink = { print_exchange }, .printer = { .verbose = verbose }, .piece = piece };
	output_init(&p->output, memfd_create("request", MFD_CLOEXEC), "memory", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(format, &p->output, &p->emitter), ERR_NONE);
	assert_int_equal(connections_create(options, &p->sink, &p->connections), ERR_NONE);
	p->time = 1700000000ull * NS_PER_S;
}

/* What was printed; frees all. */
static inline char *requests_finish(struct requests *p)
{
	static char text[PRINTED_MAX];
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

static inline void compare(const char *text, const char *name)
{
	static char golden[PRINTED_MAX];
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

/* The guest dials, or is dialled; connection number `socket` has a port of its own. */
static inline struct net_event event_of(const struct requests *p, uint64_t socket, enum net_event_type type)
{
	struct net_event event = { .record = p->record, .time = p->time, .type = (uint8_t)type, .socket = socket };
	struct net_address near = { .family = NET_INET4, .size = 4, .port = (uint16_t)(49152 + socket), .bytes = { 172, 16, 0, 0 } };
	struct net_address far = { .family = NET_INET4, .size = 4, .port = 443, .bytes = { 44, 194, 85, 187 } };
	event.accepted = p->accepted;
	event.midway = p->midway;
	event.local = p->accepted ? far : near;
	event.peer = p->accepted ? near : far;
	return event;
}

static inline void tell(struct requests *p, struct net_event event)
{
	assert_int_equal(connections_event(p->connections, &event), ERR_NONE);
	p->record++;
}

static inline void tell_bytes(struct requests *p, uint64_t socket, enum net_event_type type, struct view bytes)
{
	do {
		struct view data = view_slice(bytes, 0, p->piece ? p->piece : bytes.size);
		struct net_event event = event_of(p, socket, type);
		event.size = data.size;
		event.data = &data;
		event.data_count = data.size != 0;
		tell(p, event);
		p->record--; /* however many pieces there are */
		bytes = view_slice(bytes, data.size, bytes.size);
	} while (bytes.size);
	p->record++;
	p->time += NS_PER_MS;
}

static inline void dial(struct requests *p, uint64_t socket)
{
	tell(p, event_of(p, socket, p->accepted ? EVENT_ACCEPT : EVENT_CONNECT));
}

/* By the client; by the server. */
static inline void sent_bytes(struct requests *p, uint64_t socket, struct view bytes)
{
	tell_bytes(p, socket, p->accepted ? EVENT_RECEIVE : EVENT_SEND, bytes);
}

static inline void came_bytes(struct requests *p, uint64_t socket, struct view bytes)
{
	tell_bytes(p, socket, p->accepted ? EVENT_SEND : EVENT_RECEIVE, bytes);
}

static inline void sent(struct requests *p, uint64_t socket, const char *text)
{
	sent_bytes(p, socket, view_text(text));
}

static inline void came(struct requests *p, uint64_t socket, const char *text)
{
	came_bytes(p, socket, view_text(text));
}

static inline void closed(struct requests *p, uint64_t socket)
{
	struct net_event event = event_of(p, socket, EVENT_SHUTDOWN);
	event.sides = SIDE_READ | SIDE_WRITE;
	event.implied = true;
	tell(p, event);
}

static inline void failed(struct requests *p, uint64_t socket, uint32_t error)
{
	struct net_event event = event_of(p, socket, EVENT_RECEIVE);
	event.error = error;
	tell(p, event);
}
