/*
 * Decoders when there is no memory: every allocation of every connection fails once. Then the trace ends with that error, or prints all the
 * same what it would have printed; it never crashes, nor tells something else (but for what a few keep of broken bytes, to show them).
 * Under the sanitizers nothing may be lost either.
 */
#include "dns_wires.h"
#include "http2_wires.h"
#include "mysql_wires.h"
#include "postgresql_wires.h"
#include "redis_wires.h"
#include "smtp_wires.h"
#include "tls_wires.h"
#include "websocket_wires.h"

#include <stdint.h>

static int64_t allocations_left = INT64_MAX; /* until one fails */
static bool one_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails(void)
{
	if (--allocations_left != 0)
		return false;
	one_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

/* How a connection is traced. */
struct way {
	enum emit_format format;
	size_t piece;
	enum net_proto proto;
};

struct attempt {
	struct exchange_sink sink;
	struct request_printer printer;
	struct output output;
	struct emitter *emitter;
	struct connections *connections;
};

static enum err take_exchange(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct attempt *a = (struct attempt *)sink;
	return request_print(&a->printer, a->emitter, exchange);
}

static enum err pass_step(struct attempt *a, struct net_event event, const struct wire_step *step, size_t piece)
{
	struct view bytes = view_of(step->bytes, step->size);
	event.type = step->kind == WIRE_ASK ? EVENT_SEND : EVENT_RECEIVE;
	if (step->kind == WIRE_CLIENT_ENDS) {
		event.type = EVENT_SHUTDOWN;
		event.sides = SIDE_WRITE;
	}
	if (step->kind == WIRE_RESET)
		event.error = WASI_ECONNRESET;
	if (step->kind != WIRE_ASK && step->kind != WIRE_ANSWER)
		return connections_event(a->connections, &event);
	for (; bytes.size; bytes = view_slice(bytes, piece, bytes.size)) {
		struct view part = view_slice(bytes, 0, piece);
		event.data = &part;
		event.data_count = 1;
		event.size = part.size;
		TRY(connections_event(a->connections, &event));
	}
	return ERR_NONE;
}

static enum err run(struct attempt *a, const struct wire *wire, struct way way)
{
	const struct connections_options options = { { .head_max = 64 << 10, .body_max = 1 << 20 }, protocols, NULL };
	struct net_event event = { .socket = 1, .fd = 4, .time = NS_PER_S, .type = EVENT_CONNECT, .proto = (uint8_t)way.proto };
	event.local = (struct net_address){ NET_INET4, 4, 49152, { 172, 16, 0, 0 } };
	event.peer = (struct net_address){ NET_INET4, 4, 80, { 192, 0, 2, 1 } };
	TRY(emitter_create(way.format, &a->output, &a->emitter));
	TRY(connections_create(&options, &a->sink, &a->connections));
	if (way.proto == PROTO_TCP)
		TRY(connections_event(a->connections, &event));
	for (const struct wire_step *at = wire->steps; at->kind; at++) {
		event.record++;
		event.time += NS_PER_MS;
		TRY(pass_step(a, event, at, way.piece));
	}
	TRY(connections_end(a->connections, event.time));
	return buf_status(&a->output.pending);
}

static enum err attempt(const struct wire *wire, struct way way, int64_t allocations, struct buf *ret_text)
{
	struct attempt a = { .sink = { take_exchange }, .printer = { .verbose = true } };
	output_init(&a.output, -1, "memory", OUTPUT_BUFFERED);
	one_failed = false;
	allocations_left = allocations;
	enum err err = run(&a, wire, way);
	allocations_left = INT64_MAX;
	buf_append(ret_text, a.output.pending.data, a.output.pending.size);
	connections_destroy(a.connections);
	emitter_destroy(a.emitter);
	buf_finish(&a.output.pending);
	return err;
}

static void check_wire(const struct wire *wire, struct way way, bool strict)
{
	BUF_CLEANUP struct buf expected = { 0 };
	assert_int_equal(attempt(wire, way, INT64_MAX, &expected), ERR_NONE);
	for (int64_t n = 1;; n++) {
		BUF_CLEANUP struct buf text = { 0 };
		enum err err = attempt(wire, way, n, &text);
		if (err && err != ERR_NOMEM)
			fail_msg("%s: allocation %lld: %d", wire->title, (long long)n, err);
		if (strict && !err && !view_equal(buf_view(&text), buf_view(&expected)))
			fail_msg("%s: allocation %lld fails, and something else is told:\n%s", wire->title, (long long)n, buf_text(&text));
		if (!one_failed)
			break;
	}
}

static void check_all(const struct wire *wires, uint32_t count, bool strict)
{
	setenv("TZ", "UTC", 1);
	for (uint32_t i = 0; i < count; i++) {
		check_wire(&wires[i], (struct way){ EMIT_LINE, SIZE_MAX, PROTO_TCP }, strict);
		check_wire(&wires[i], (struct way){ EMIT_JSON, 7, PROTO_TCP }, strict);
	}
}

static void test_websocket(void **state)
{
	(void)state;
	check_all(websocket_wires, WEBSOCKET_WIRES, true);
}

static void test_http2(void **state)
{
	(void)state;
	check_all(http2_wires, HTTP2_WIRES, true);
}

static void test_smtp(void **state)
{
	(void)state;
	check_all(smtp_wires, SMTP_WIRES, true);
}

static void test_tls(void **state)
{
	(void)state;
	check_all(tls_wires, TLS_WIRES, true);
}

static void test_redis(void **state)
{
	(void)state;
	check_all(redis_wires, REDIS_WIRES, false);
}

/* A datagram comes whole. */
static void test_dns(void **state)
{
	(void)state;
	check_all(dns_streams, sizeof dns_streams / sizeof *dns_streams, true);
	check_all(dns_cuts, sizeof dns_cuts / sizeof *dns_cuts, true);
	for (size_t i = 0; i < sizeof dns_groups / sizeof *dns_groups; i++)
		check_wire(&dns_groups[i], (struct way){ EMIT_LINE, SIZE_MAX, PROTO_UDP }, true);
	for (size_t i = 0; i < sizeof dns_datagrams / sizeof *dns_datagrams; i++)
		check_wire(&dns_datagrams[i], (struct way){ EMIT_LINE, SIZE_MAX, PROTO_UDP }, true);
}

static void test_postgresql(void **state)
{
	(void)state;
	check_all(postgresql_wires, POSTGRESQL_WIRES, false);
}

static void test_mysql(void **state)
{
	(void)state;
	check_all(mysql_wires, MYSQL_WIRES, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_websocket),
		cmocka_unit_test(test_http2),
		cmocka_unit_test(test_smtp),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_redis),
		cmocka_unit_test(test_dns),
		cmocka_unit_test(test_postgresql),
		cmocka_unit_test(test_mysql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
