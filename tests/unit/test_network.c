/*
 * Network events from records made by hand, printed: whole outputs are compared with golden/, among them those of the page that says what
 * they must look like, with the empty line after the last bytes. TIMECRAFT_GOLDEN=write writes the others.
 */
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

static struct record *begin(uint16_t call, const uint64_t *args)
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

static void input(const void *data, size_t size)
{
	made.inputs[made.record.input_count++] = view_of(data, size);
}

/* Outputs that are numbers: at OUT_AT, 4 bytes each. */
static void out(uint32_t index, uint32_t value)
{
	memcpy(made.words + 4 * index, &value, 4);
	made.spans[made.record.span_count++] = (struct record_span){ OUT_AT + 4 * index, 4, made.words + 4 * index, false };
}

static void received(const char *text, size_t size)
{
	made.spans[made.record.span_count++] = (struct record_span){ 0, (uint32_t)size, (const uint8_t *)text, true };
}

static void note(struct note note)
{
	uint32_t i = made.record.note_count++;
	made.notes[i] = view_of(made.note_bytes[i], note_encode(&note, made.note_bytes[i]));
}

static struct net_address address(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
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

static enum err print_event(struct net_events *events, const struct net_event *event)
{
	struct printing *p = (struct printing *)events;
	return network_print(p->emitter, &p->options, event);
}

static void start(struct printing *p, enum emit_format format, bool verbose)
{
	*p = (struct printing){ .events = { print_event }, .options = { .verbose = verbose } };
	output_init(&p->output, memfd_create("network", MFD_CLOEXEC), "memory", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(format, &p->output, &p->emitter), ERR_NONE);
	assert_int_equal(network_create(&p->events, &p->network), ERR_NONE);
	memset(&made, 0, sizeof made);
}

static void done(struct printing *p)
{
	assert_int_equal(network_record(p->network, &made.record), ERR_NONE);
	made.time += NS_PER_MS;
}

/* Compares what was printed, and frees. */
static void finish(struct printing *p, const char *name)
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

static void make_socket(struct printing *p, uint32_t fd, uint32_t type)
{
	BEGIN(sock_open, 1, type, OUT_AT);
	out(0, fd);
	note((struct note){ .kind = NOTE_SOCKET, .type = (uint8_t)type, .fd = fd });
	done(p);
}

static void dial(struct printing *p, uint32_t fd, struct net_address local, struct net_address peer, uint32_t result)
{
	BEGIN(sock_connect, fd, 0, peer.port)->result = result;
	note((struct note){ .kind = NOTE_SOCKET, .type = NET_STREAM, .state = SOCKET_CONNECTS, .fd = fd, .local = local, .peer = peer });
	done(p);
}

/* `taken` bytes of two buffers. */
static void send_two(struct printing *p, uint32_t fd, const char *first, const char *second, uint32_t taken)
{
	BEGIN(sock_send, fd, 0, 2, 0, OUT_AT);
	input("0123456789abcdef", 16);
	input(first, strlen(first));
	input(second, strlen(second));
	out(0, taken);
	done(p);
}

static void receive(struct printing *p, uint32_t fd, const char *text, uint32_t flags)
{
	static const uint32_t room[2] = { 0, 4096 };
	BEGIN(sock_recv, fd, 0, 1, flags, OUT_AT, OUT_AT + 4);
	input(room, sizeof room);
	if (*text)
		received(text, strlen(text));
	out(0, (uint32_t)strlen(text));
	done(p);
}

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
	made.number = 22;
	make_socket(&p, 4, NET_STREAM);
	made.time = 1688076800463329ull * NS_PER_US;
	dial(&p, 4, local, peer, WASI_EINPROGRESS);
	made.number = 40;
	made.time = 1688076800947931ull * NS_PER_US;
	send_two(&p, 4, request, "", sizeof request - 1);
	made.number = 45;
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
