/*
 * What the fuzzers of protocols share: bytes of the client and of the server in turns, with ends and resets between. A byte MARK and a
 * letter after it say who goes on; two of them are that byte. What is printed must be the same however the bytes are cut; datagrams are
 * not.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emit/request.h"
#include "fuzz.h"
#include "trace/connections.h"
#include "wasi/abi.h"

enum { MARK = 0xfe, MS = 1000000 };

static const struct net_address fuzz_client = { NET_INET4, 4, 49152, { 172, 16, 0, 0 } },
				fuzz_server = { NET_INET4, 4, 80, { 192, 0, 2, 1 } };

struct run {
	struct exchange_sink sink;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
	struct net_event event; /* what all have in common */
	bool from_client;
	bool datagrams;
	size_t piece; /* 0: any size */
};

static enum err print(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct run *run = (struct run *)sink;
	return request_print(&run->printer, run->emitter, exchange);
}

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static void tell(struct run *run, struct net_event what)
{
	struct net_event event = run->event;
	event.type = what.type;
	event.sides = what.sides;
	event.implied = what.implied;
	event.error = what.error;
	event.data = what.data;
	event.data_count = what.data_count;
	event.size = what.size;
	must(connections_event(run->connections, &event) == ERR_NONE);
}

static void pass(struct run *run, struct view bytes)
{
	bool server = run->datagrams ? net_address_equal(&run->event.local, &fuzz_server) : run->event.accepted;
	uint8_t type = run->from_client == server ? EVENT_RECEIVE : EVENT_SEND;
	while (bytes.size) {
		struct view piece = view_slice(bytes, 0, run->piece && !run->datagrams ? run->piece : bytes.size);
		tell(run, (struct net_event){ .type = type, .data = &piece, .data_count = 1, .size = piece.size });
		bytes = view_slice(bytes, piece.size, bytes.size);
	}
}

static void do_letter(struct run *run, uint8_t letter)
{
	if (letter == MARK) {
		pass(run, view_of(&letter, 1));
		return;
	}
	run->event.record++;
	run->event.time += MS;
	switch (letter) {
	case 'C':
	case 'S':
		if ((letter == 'C') == run->event.accepted)
			tell(run, (struct net_event){ .type = EVENT_RECEIVE });
		else
			tell(run, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = SIDE_WRITE });
		break;
	case 'R': tell(run, (struct net_event){ .type = EVENT_RECEIVE, .error = WASI_ECONNRESET }); break;
	case 'X': tell(run, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = SIDE_READ | SIDE_WRITE, .implied = true }); break;
	default: run->from_client = letter == 'c'; break;
	}
}

static struct view print_all(struct view bytes, enum emit_format format, bool accepted, size_t piece, bool datagrams,
	const struct protocol *protocol, uint8_t *text, size_t room)
{
	const struct connections_options options = { { .head_max = 1 << 10, .body_max = 1 << 9 }, protocols, protocol };
	struct run run = { .sink = { print }, .printer = { .verbose = true }, .piece = piece, .datagrams = datagrams };
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	output_init(&run.output, fd, "memory", OUTPUT_BUFFERED);
	must(!emitter_create(format, &run.output, &run.emitter) && !connections_create(&options, &run.sink, &run.connections));
	run.event = (struct net_event){ .socket = 1, .fd = 4, .accepted = accepted, .time = MS };
	run.event.local = accepted ? fuzz_server : fuzz_client;
	run.event.peer = accepted ? fuzz_client : fuzz_server;
	if (datagrams) {
		run.event.proto = PROTO_UDP;
		run.event.accepted = false;
	} else {
		tell(&run, (struct net_event){ .type = accepted ? EVENT_ACCEPT : EVENT_CONNECT });
	}
	do_letter(&run, 'c');
	while (bytes.size) {
		const uint8_t *mark = memchr(bytes.data, MARK, bytes.size);
		size_t size = mark ? (size_t)(mark - bytes.data) : bytes.size;
		pass(&run, view_slice(bytes, 0, size));
		bytes = view_slice(bytes, size + 1, bytes.size);
		if (bytes.size)
			do_letter(&run, bytes.data[0]);
		bytes = view_slice(bytes, 1, bytes.size);
	}
	must(!connections_end(run.connections, run.event.time) && !output_flush(&run.output));
	ssize_t got = pread(fd, text, room, 0);
	must(got >= 0);
	connections_destroy(run.connections);
	emitter_destroy(run.emitter);
	output_finish(&run.output);
	close(fd);
	return view_of(text, (size_t)got);
}

/* Twice, whole and in pieces; the first byte says how. */
static void compare(const uint8_t *data, size_t size, bool datagrams, const struct protocol *protocol)
{
	static uint8_t whole[1 << 22], pieces[1 << 22];
	static const enum emit_format formats[] = { EMIT_LINE, EMIT_JSON, EMIT_YAML, EMIT_LINE };
	enum emit_format format = formats[data[0] & 3];
	struct view bytes = view_of(data + 1, size - 1);
	struct view a = print_all(bytes, format, data[0] & 0x40, 0, datagrams, protocol, whole, sizeof whole);
	struct view b = print_all(bytes, format, data[0] & 0x40, 1 + (data[0] >> 2) % 16, datagrams, protocol, pieces, sizeof pieces);
	if (!view_equal(a, b)) {
		fprintf(stderr, "at once:\n%.*s\nin pieces:\n%.*s\n", VIEW_ARG(a), VIEW_ARG(b));
		__builtin_trap();
	}
}

/* The connection is taken to speak the protocol, and once more as what its first bytes show it to be. */
static int fuzz_wire(const uint8_t *data, size_t size, bool datagrams, const struct protocol *protocol)
{
	if (size < 2)
		return 0;
	compare(data, size, datagrams, protocol);
	compare(data, size, datagrams, NULL);
	return 0;
}
