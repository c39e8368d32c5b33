/* WebSocket from network events to what is printed. */
#include "websocket_wires.h"

#include <zlib.h>

static const struct wire_how line = { .port = 80 }, verbose = { .port = 80, .verbose = true };

static void test_whole_outputs(void **state)
{
	struct wire_how how = line;
	(void)state;
	wire_compare_each(websocket_wires, WEBSOCKET_WIRES, line, "websocket.txt");
	wire_compare_each(websocket_wires, WEBSOCKET_WIRES, verbose, "websocket-verbose.txt");
	how.format = EMIT_JSON;
	wire_compare_all(websocket_wires, WEBSOCKET_WIRES, how, "websocket.json");
	how.format = EMIT_YAML;
	wire_compare_all(websocket_wires, WEBSOCKET_WIRES, how, "websocket.yaml");
}

static void test_every_chunking(void **state)
{
	(void)state;
	wire_check_pieces(websocket_wires, WEBSOCKET_WIRES, verbose);
	wire_check_pieces(websocket_wires, WEBSOCKET_WIRES, line);
}

/* A line keeps no more than it shows, and shows the same as if all were kept. */
static void test_lines_without_bodies(void **state)
{
	struct wire_how how = line;
	(void)state;
	how.body_max = 1;
	for (uint32_t i = 0; i < WEBSOCKET_WIRES; i++) {
		char *expected = wire_text(&websocket_wires[i], line), *text = wire_text(&websocket_wires[i], how);
		assert_string_equal(text, expected);
		free(text);
		free(expected);
	}
}

/* A decoder alone, fed by hand; what it tells is counted. */
struct fed {
	struct message_sink sink;
	struct message_memory memory;
	struct decoder *decoder;
	uint64_t messages, errors, bytes, kept, begun, most_kept;
	char error[256];
};

static enum err take_begun(struct message_sink *sink, uint64_t exchange, uint64_t time)
{
	struct fed *f = (struct fed *)sink;
	(void)exchange;
	f->begun += time != 0;
	return ERR_NONE;
}

static enum err take_message(struct message_sink *sink, uint64_t exchange, enum message_side side, const struct message *message)
{
	struct fed *f = (struct fed *)sink;
	(void)exchange;
	(void)side;
	assert_true(message->alone);
	assert_string_equal(message->name, "WebSocket");
	f->messages++;
	f->bytes += message->body_bytes;
	f->kept = message->part_count ? message->parts[0].value.text.size : 0;
	f->most_kept = f->kept > f->most_kept ? f->kept : f->most_kept;
	if (message->error.size) {
		f->errors++;
		snprintf(f->error, sizeof f->error, "%.*s", VIEW_ARG(message->error));
	}
	return ERR_NONE;
}

static void fed_start(struct fed *f, uint64_t body_max, const char *extensions)
{
	struct handover handover = { .protocol = view_text("websocket"), .path = view_text("/big"), .settings = view_text(extensions) };
	struct decoder_options options = { .head_max = 4096, .body_max = body_max, .memory = &f->memory, .handover = &handover };
	const struct protocol *const *p = protocols;
	*f = (struct fed){ .sink = { take_begun, take_message }, .memory = { 1 << 20 } };
	while (strcmp((*p)->name, "WebSocket") != 0)
		p++;
	assert_int_equal((*p)->create(&options, &f->sink, &f->decoder), ERR_NONE);
}

static const struct protocol *websocket(void)
{
	const struct protocol *const *p = protocols;
	while (strcmp((*p)->name, "WebSocket") != 0)
		p++;
	return *p;
}

static void fed_bytes(struct fed *f, const void *bytes, size_t size)
{
	size_t used;
	assert_int_equal(websocket()->feed(f->decoder, SIDE_SERVER, view_of(bytes, size), 1, &used), FEED_MORE);
	assert_int_equal(used, size);
}

static void fed_finish(struct fed *f)
{
	assert_int_equal(websocket()->close(f->decoder, SIDE_CLIENT, 2, (struct view){ 0 }), ERR_NONE);
	assert_int_equal(websocket()->close(f->decoder, SIDE_SERVER, 2, (struct view){ 0 }), ERR_NONE);
	assert_int_equal(f->messages, f->begun);
	websocket()->destroy(f->decoder);
	assert_int_equal(f->memory.left, 1 << 20);
}

/* Kept up to the limit, or to what all connections together have, and counted. */
static void test_huge_messages(void **state)
{
	static uint8_t part[1 << 20];
	static const uint8_t head[] = { 0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0 }; /* 4 GiB */
	struct fed f;
	(void)state;
	fed_start(&f, 1 << 16, "");
	fed_bytes(&f, head, sizeof head);
	for (int i = 0; i < 4096; i++)
		fed_bytes(&f, part, sizeof part);
	assert_int_equal(f.messages, 1);
	assert_int_equal(f.bytes, (uint64_t)1 << 32);
	assert_int_equal(f.kept, 1 << 16);
	fed_bytes(&f, head, sizeof head);
	fed_bytes(&f, part, sizeof part);
	f.memory.left = 0; /* other connections have it */
	for (int i = 1; i < 4096; i++)
		fed_bytes(&f, part, sizeof part);
	f.memory.left += (1 << 20) - (1 << 16) + 1024 - 4;
	assert_int_equal(f.messages, 2);
	fed_finish(&f);
	fed_start(&f, 1 << 24, "");
	fed_bytes(&f, head, sizeof head);
	for (int i = 0; i < 4096; i++)
		fed_bytes(&f, part, sizeof part);
	assert_int_equal(f.kept, (1 << 20) + 1024); /* all that there was */
	fed_finish(&f);
}

/* Few bytes that are many: they are counted, and no more of them is kept. */
static void test_a_bomb(void **state)
{
	static uint8_t zeros[1 << 20], packed[1 << 16];
	uint8_t head[] = { 0xc1, 127, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct fed f;
	z_stream z = { 0 };
	(void)state;
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, 0), Z_OK);
	z.next_in = zeros;
	z.avail_in = sizeof zeros;
	z.next_out = packed;
	z.avail_out = sizeof packed;
	assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
	size_t size = z.total_out;
	deflateEnd(&z);
	uint64_t all = size * 1100;
	for (int i = 0; i < 8; i++)
		head[2 + i] = (uint8_t)(all >> (56 - 8 * i));
	fed_start(&f, 1000, "permessage-deflate");
	fed_bytes(&f, head, sizeof head);
	for (int i = 0; i < 1100; i++)
		fed_bytes(&f, packed, size);
	assert_int_equal(f.messages, 1);
	assert_string_equal(f.error, "it swells to more than 1 GiB");
	assert_in_range(f.bytes, 1 << 30, (1 << 30) + (1 << 20));
	assert_int_equal(f.kept, 1000);
	fed_finish(&f);
}

/* Frames without end that never make a message. */
static void test_many_empty_frames(void **state)
{
	static const uint8_t first[] = { 0x01, 0 }, more[] = { 0x00, 0 };
	struct fed f;
	(void)state;
	fed_start(&f, 1000, "");
	fed_bytes(&f, first, 2);
	for (int i = 0; i < 1000000; i++)
		fed_bytes(&f, more, 2);
	assert_int_equal(f.messages, 0);
	fed_finish(&f);
	assert_string_equal(f.error, "the connection was closed before the last frame of the message");
}

/* Nothing is known of what was agreed: --protocol WebSocket. */
static void test_forced(void **state)
{
	struct connections_options options = { { .head_max = 4096, .body_max = 4096 }, protocols, websocket() };
	struct wire_run r;
	(void)state;
	wire_start(&r, line);
	connections_destroy(r.connections);
	assert_int_equal(connections_create(&options, &r.sink, &r.connections), ERR_NONE);
	struct wire middle = websocket_wires[0];
	memmove(middle.steps, middle.steps + 2, sizeof middle.steps - 2 * sizeof *middle.steps); /* without the upgrade */
	wire_connection(&r, &middle, 1);
	char *text = wire_finish(&r);
	wire_compare("websocket-forced.txt", text);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_every_chunking),
		cmocka_unit_test(test_lines_without_bodies),
		cmocka_unit_test(test_huge_messages),
		cmocka_unit_test(test_a_bomb),
		cmocka_unit_test(test_many_empty_frames),
		cmocka_unit_test(test_forced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
