/*
 * HTTP from network events to what is printed. Connections (http_sessions.h) are given to the trace with the process as the client and as
 * the server, in pieces of every size; what is printed must be the same, and is compared whole with golden/. TIMECRAFT_GOLDEN=write writes
 * that.
 */
#include "unit.h"

#include "base/time.h"
#include "emit/request.h"
#include "emit/request_summary.h"
#include "http_sessions.h"
#include "trace/connections.h"
#include "wasi/abi.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct net_address client = { NET_INET4, 4, 49152, { 172, 16, 0, 0 } };
static const struct net_address server = { NET_INET4, 4, 443, { 44, 194, 85, 187 } };

/* Exchanges that are printed into memory, and a connection that feeds them. */
struct printing {
	struct exchange_sink sink;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
	struct exchange_summary *summary; /* NULL: exchanges are printed */
	struct net_event event; /* what all events of the connection have in common */
	size_t piece;           /* bytes an event has at most; 0: any number */
};

static enum err print_exchange(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct printing *p = (struct printing *)sink;
	if (p->summary)
		return exchange_summary_add(p->summary, exchange);
	return request_print(&p->printer, p->emitter, exchange);
}

static void start(struct printing *p, enum emit_format format, bool verbose)
{
	const struct connections_options options = { { .head_max = 64 << 10, .body_max = 1 << 20 }, protocols };
	setenv("TZ", "AEST-10", 1);
	*p = (struct printing){ .sink = { print_exchange }, .printer = { .verbose = verbose } };
	output_init(&p->output, memfd_create("request", MFD_CLOEXEC), "memory", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(format, &p->output, &p->emitter), ERR_NONE);
	assert_int_equal(connections_create(&options, &p->sink, &p->connections), ERR_NONE);
	p->event.time = 1700000000 * (uint64_t)NS_PER_S;
}

/* All that was printed, which is the caller's. */
static char *finish(struct printing *p)
{
	int fd = p->output.fd;
	assert_int_equal(connections_end(p->connections, p->event.time), ERR_NONE);
	if (p->summary)
		assert_int_equal(request_print_summary(p->emitter, p->summary), ERR_NONE);
	assert_int_equal(output_flush(&p->output), ERR_NONE);
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	connections_destroy(p->connections);
	exchange_summary_destroy(p->summary);
	emitter_destroy(p->emitter);
	output_finish(&p->output);
	close(fd);
	return text;
}

static void tell(struct printing *p, struct net_event what)
{
	struct net_event event = p->event;
	event.type = what.type;
	event.sides = what.sides;
	event.implied = what.implied;
	event.error = what.error;
	event.reason = what.reason;
	event.data = what.data;
	event.data_count = what.data_count;
	event.size = what.size;
	assert_int_equal(connections_event(p->connections, &event), ERR_NONE);
}

static void open_connection(struct printing *p, uint64_t socket, bool accepted)
{
	p->event.socket = socket;
	p->event.fd = 4;
	p->event.accepted = accepted;
	p->event.local = accepted ? server : client;
	p->event.peer = accepted ? client : server;
	tell(p, (struct net_event){ .type = accepted ? EVENT_ACCEPT : EVENT_CONNECT });
}

/* Bytes of one side, in pieces; of each, the first half is one buffer and the rest another. */
static void pass(struct printing *p, bool from_client, struct view bytes)
{
	enum net_event_type type = from_client == p->event.accepted ? EVENT_RECEIVE : EVENT_SEND;
	while (bytes.size) {
		struct view piece = view_slice(bytes, 0, p->piece ? p->piece : bytes.size);
		struct view halves[2] = { view_slice(piece, 0, piece.size / 2), view_slice(piece, piece.size / 2, piece.size) };
		uint32_t empty = halves[0].size == 0;
		tell(p, (struct net_event){ .type = type, .data = halves + empty, .data_count = 2 - empty, .size = piece.size });
		bytes = view_slice(bytes, piece.size, bytes.size);
	}
}

/* A side ends: the process's own by a call, the peer's by what is received. */
static void end_side(struct printing *p, bool of_client)
{
	if (of_client == p->event.accepted)
		tell(p, (struct net_event){ .type = EVENT_RECEIVE });
	else
		tell(p, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = SIDE_WRITE });
}

static void step(struct printing *p, const struct step *step)
{
	p->event.record++;
	p->event.time += NS_PER_MS;
	switch (step->kind) {
	case STEP_ASK:
	case STEP_ANSWER: pass(p, step->kind == STEP_ASK, view_of(step->bytes, step->size)); break;
	case STEP_CLIENT_ENDS:
	case STEP_SERVER_ENDS: end_side(p, step->kind == STEP_CLIENT_ENDS); break;
	default: tell(p, (struct net_event){ .type = EVENT_RECEIVE, .error = WASI_ECONNRESET }); break;
	}
}

static void run_session(struct printing *p, const struct session *session, uint64_t socket, bool accepted)
{
	open_connection(p, socket, accepted);
	for (const struct step *at = session->steps; at->kind; at++)
		step(p, at);
	p->event.record++;
	tell(p, (struct net_event){ .type = EVENT_SHUTDOWN, .sides = SIDE_READ | SIDE_WRITE, .implied = true });
}

static char *print_session(const struct session *session, enum emit_format format, bool verbose, bool accepted, size_t piece)
{
	struct printing p;
	start(&p, format, verbose);
	p.piece = piece;
	run_session(&p, session, 1, accepted);
	return finish(&p);
}

static void compare_golden(const char *name, const char *text)
{
	static char golden[1 << 18];
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
static void check_all_text(bool verbose, const char *name)
{
	BUF_CLEANUP struct buf all = { 0 };
	for (uint32_t i = 0; i < HTTP_SESSIONS; i++) {
		char *text = print_session(&http_sessions[i], EMIT_LINE, verbose, false, 0);
		buf_printf(&all, "== %s ==\n%s", http_sessions[i].title, text);
		free(text);
	}
	compare_golden(name, buf_text(&all));
}

/* All connections in one trace, one after the other. */
static void check_in_one(enum emit_format format, bool summary, const char *name)
{
	struct printing p;
	start(&p, format, false);
	if (summary)
		assert_int_equal(exchange_summary_create(&p.summary), ERR_NONE);
	for (uint32_t i = 0; i < HTTP_SESSIONS; i++)
		run_session(&p, &http_sessions[i], 1 + i, i % 2);
	char *text = finish(&p);
	compare_golden(name, text);
	free(text);
}

static void test_whole_outputs(void **state)
{
	(void)state;
	check_all_text(false, "http.txt");
	check_all_text(true, "http-verbose.txt");
	check_in_one(EMIT_JSON, false, "http.json");
	check_in_one(EMIT_YAML, false, "http.yaml");
	check_in_one(EMIT_LINE, true, "http-summary.txt");
	check_in_one(EMIT_JSON, true, "http-summary.json");
	check_in_one(EMIT_YAML, true, "http-summary.yaml");
}

/* A body that goes up to the end is not known to be whole where TLS did not end as it should; one with a length is. */
static void test_an_end_without_close_notify(void **state)
{
	static const char asked[] = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n";
	static const char answered[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nall?";
	static const char expected[] = "2023/11/15 08:13:20.001000 HTTP 172.16.0.0:49152 > 44.194.85.187:443: GET /1 => 200 OK\n"
				       "2023/11/15 08:13:20.001000 HTTP 172.16.0.0:49152 > 44.194.85.187:443: GET /2 => "
				       "Response error: ended without close_notify before the end of the body\n";
	struct printing p;
	(void)state;
	start(&p, EMIT_LINE, false);
	open_connection(&p, 1, false);
	p.event.time += NS_PER_MS;
	pass(&p, true, view_text(asked));
	pass(&p, false, view_text(answered));
	tell(&p, (struct net_event){ .type = EVENT_TLS, .reason = view_text("ended without close_notify") });
	end_side(&p, false);
	char *text = finish(&p);
	assert_string_equal(text, expected);
	free(text);
}

/* What was there before the recording begins in the middle, and may become clear later. */
static void test_a_connection_from_its_middle_on(void **state)
{
	static const char expected[] =
		"2023/11/15 08:13:20.001000 HTTP 172.16.0.0:49152 > 44.194.85.187:443: Request error: no request was seen => 200 OK\n"
		"2023/11/15 08:13:20.001000 TCP 172.16.0.0:49152 > 44.194.85.187:443: "
		"Request error: unknown protocol, the beginning is missing, "
		"0 bytes from the client, 16 bytes from the server \"rest of a body\\r\\n\"\n";
	struct printing p;
	(void)state;
	start(&p, EMIT_LINE, false);
	p.event.midway = true;
	open_connection(&p, 1, false);
	p.event.time += NS_PER_MS;
	pass(&p, false, view_text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	open_connection(&p, 2, false);
	pass(&p, false, view_text("rest of a body\r\n"));
	char *text = finish(&p);
	assert_string_equal(text, expected);
	free(text);
}

/* Who the process is makes no difference, nor how the bytes were cut. */
static void test_every_chunking(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65, 100, 127, 200, 0 };
	(void)state;
	for (uint32_t i = 0; i < HTTP_SESSIONS; i++) {
		char *expected = print_session(&http_sessions[i], EMIT_LINE, true, false, 0);
		for (uint32_t k = 0; k < 2 * sizeof pieces / sizeof *pieces; k++) {
			char *text = print_session(&http_sessions[i], EMIT_LINE, true, k % 2, pieces[k / 2]);
			if (strcmp(text, expected) != 0)
				print_message("%s, %s, pieces of %zu\n", http_sessions[i].title, k % 2 ? "server" : "client",
					pieces[k / 2]);
			assert_string_equal(text, expected);
			free(text);
		}
		free(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_every_chunking),
		cmocka_unit_test(test_an_end_without_close_notify),
		cmocka_unit_test(test_a_connection_from_its_middle_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
