/* What tests of the network trace share: records of calls on sockets, made by hand, and what is printed of them. */
#pragma once

#include "unit.h"

#include "base/time.h"
#include "emit/network.h"
#include "trace/network.h"
#include "wasi/abi.h"
#include "wasi/call.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the records say is put together in one place, and is gone with the next record. */
static struct {
	uint64_t number, time;
	struct view inputs[16];
	struct record_span spans[8];
	struct view notes[4];
	uint8_t note_bytes[4][NOTE_SIZE_MAX];
	uint8_t words[64];
	struct record record;
} made;

enum { OUT_AT = 4096 };

static inline struct record *begin(uint16_t call, const uint64_t *args)
{
	made.record = (struct record){ .number = made.number++, .kind = RECORD_CALL, .call = call, .finished = true };
	made.record.arg_count = call_type(call)->arg_count;
	memcpy(made.record.args, args, made.record.arg_count * sizeof *args);
	made.record.start = made.time;
	made.record.inputs = made.inputs;
	made.record.spans = made.spans;
	made.record.notes = made.notes;
	return &made.record;
}

#define BEGIN(name, ...) begin(CALL_##name, (const uint64_t[CALL_MAX_ARGS]){ __VA_ARGS__ })

static inline void input(const void *data, size_t size)
{
	made.inputs[made.record.input_count++] = view_of(data, size);
}

/* Outputs that are numbers: at OUT_AT, 4 bytes each. */
static inline void out(uint32_t index, uint32_t value)
{
	memcpy(made.words + 4 * index, &value, 4);
	made.spans[made.record.span_count++] = (struct record_span){ OUT_AT + 4 * index, 4, made.words + 4 * index, false };
}

static inline void received(const char *text, size_t size)
{
	made.spans[made.record.span_count++] = (struct record_span){ 0, (uint32_t)size, (const uint8_t *)text, true };
}

static inline void note(struct note note)
{
	uint32_t i = made.record.note_count++;
	made.notes[i] = view_of(made.note_bytes[i], note_encode(&note, made.note_bytes[i]));
}

static inline struct net_address address(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
	return (struct net_address){ .family = NET_INET4, .size = 4, .port = port, .bytes = { a, b, c, d } };
}

struct printing {
	struct net_events events;
	struct network_options options;
	struct output output;
	struct emitter *emitter;
	struct network *network;
};

static inline enum err print_event(struct net_events *events, const struct net_event *event)
{
	struct printing *p = (struct printing *)events;
	return network_print(p->emitter, &p->options, event);
}

static inline void start(struct printing *p, enum emit_format format, bool verbose)
{
	*p = (struct printing){ .events = { print_event }, .options = { .verbose = verbose } };
	output_init(&p->output, memfd_create("network", MFD_CLOEXEC), "memory", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(format, &p->output, &p->emitter), ERR_NONE);
	assert_int_equal(network_create(&p->events, &p->network), ERR_NONE);
	memset(&made, 0, sizeof made);
}

static inline void done(struct printing *p)
{
	assert_int_equal(network_record(p->network, &made.record), ERR_NONE);
	made.time += NS_PER_MS;
}

/* Compares what was printed, and frees. */
static inline void finish(struct printing *p, const char *name)
{
	static char text[1 << 18], golden[1 << 18];
	char path[4096];
	int fd = p->output.fd;
	assert_int_equal(output_flush(&p->output), ERR_NONE);
	ssize_t size = pread(fd, text, sizeof text - 1, 0);
	assert_true(size >= 0);
	text[size] = 0;
	snprintf(path, sizeof path, "%s/golden/%s", getenv("UNIT_DIR"), name);
	if (getenv("TIMECRAFT_GOLDEN") && !strstr(name, "page")) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fwrite(text, 1, (size_t)size, file);
		fclose(file);
	}
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	golden[fread(golden, 1, sizeof golden - 1, file)] = 0;
	fclose(file);
	assert_string_equal(text, golden);
	network_destroy(p->network);
	emitter_destroy(p->emitter);
	output_finish(&p->output);
	close(fd);
}

/* Records of other things, up to this number. */
static inline void pass_others(struct printing *p, uint64_t number)
{
	while (made.number < number) {
		BEGIN(sched_yield, 0);
		done(p);
	}
}

static inline void make_socket(struct printing *p, uint32_t fd, uint32_t type)
{
	BEGIN(sock_open, 1, type, OUT_AT);
	out(0, fd);
	note((struct note){ .kind = NOTE_SOCKET, .type = (uint8_t)type, .fd = fd });
	done(p);
}

static inline void dial(struct printing *p, uint32_t fd, struct net_address local, struct net_address peer, uint32_t result)
{
	BEGIN(sock_connect, fd, 0, peer.port)->result = result;
	note((struct note){ .kind = NOTE_SOCKET, .type = NET_STREAM, .state = SOCKET_CONNECTS, .fd = fd, .local = local, .peer = peer });
	done(p);
}

/* `taken` bytes of two buffers. */
static inline void send_two(struct printing *p, uint32_t fd, const char *first, const char *second, uint32_t taken)
{
	BEGIN(sock_send, fd, 0, 2, 0, OUT_AT);
	input("0123456789abcdef", 16);
	input(first, strlen(first));
	input(second, strlen(second));
	out(0, taken);
	done(p);
}

static inline void receive(struct printing *p, uint32_t fd, const char *text, uint32_t flags)
{
	static const uint32_t room[2] = { 0, 4096 };
	BEGIN(sock_recv, fd, 0, 1, flags, OUT_AT, OUT_AT + 4);
	input(room, sizeof room);
	if (*text)
		received(text, strlen(text));
	out(0, (uint32_t)strlen(text));
	done(p);
}

#define HERE(port)  address(172, 16, 0, 0, port)
#define THERE(port) address(192, 0, 2, 1, port)

static inline void fail_with(struct printing *p, uint16_t call, uint64_t fd, uint32_t error)
{
	begin(call, (const uint64_t[CALL_MAX_ARGS]){ fd, 0, 1, 0, OUT_AT })->result = error;
	done(p);
}

static inline void note_socket(uint32_t fd, enum net_type type, enum socket_role role, struct net_address local, struct net_address peer)
{
	note((struct note){ .kind = NOTE_SOCKET, .type = (uint8_t)type, .state = (uint8_t)role, .fd = fd, .local = local, .peer = peer });
}

static inline void close_fd(struct printing *p, uint32_t fd)
{
	BEGIN(fd_close, fd);
	done(p);
}

static inline void connected(struct printing *p, uint32_t fd, uint16_t port)
{
	make_socket(p, fd, NET_STREAM);
	dial(p, fd, HERE(port), THERE(80), 0);
}

static inline void write_one(struct printing *p, uint32_t fd, const char *text, uint32_t taken)
{
	BEGIN(fd_write, fd, 0, 1, OUT_AT);
	input("12345678", 8);
	input(text, strlen(text));
	out(0, taken);
	done(p);
}

/* The scenario in one format, compared with golden/NAME. */
static inline void print_scenario(void (*tell)(struct printing *), enum emit_format format, bool verbose, const char *name)
{
	struct printing p;
	setenv("TZ", "UTC", 1);
	tzset();
	start(&p, format, verbose);
	made.time = 1700000000ull * NS_PER_S + 1;
	tell(&p);
	finish(&p, name);
}
