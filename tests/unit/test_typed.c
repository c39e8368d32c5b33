/*
 * What decoders tell beside what HTTP has: typed values, messages that stand alone, names, failures, secrets, who follows. Whole outputs
 * are compared with golden/ (TIMECRAFT_GOLDEN=write writes them), fed in pieces of every size.
 */
#include "unit.h"

#include "base/time.h"
#include "emit/datum.h"
#include "requests.h"
#include "talk.h"
#include "wasi/abi.h"

#include <math.h>

static const struct protocol *const known[] = { &http_protocol, &talk_protocol, NULL };

static const struct connections_options by_bytes = { { 4096, 4096, NULL, NULL }, known, NULL };

static struct datum text_of(const char *text)
{
	return datum_string(view_text(text));
}

static void check_line(struct datum datum, struct datum_style style, const char *wanted)
{
	struct buf out = { 0 };
	datum_print(&out, &datum, &style);
	assert_string_equal(buf_text(&out), wanted);
	buf_finish(&out);
}

/* Bare if it is only [A-Za-z0-9_.:/@-], else quoted with the escapes of C. */
static void test_strings_of_a_line(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{ "user:1", "user:1" },
		{ "A-Z_a.z:0/9@x", "A-Z_a.z:0/9@x" },
		{ "", "\"\"" },
		{ "two words", "\"two words\"" },
		{ "a\nb\r\t\"\\", "\"a\\nb\\r\\t\\\"\\\\\"" },
		{ "\1\x7f\xff", "\"\\1\\177\\377\"" },
		{ "caf\xc3\xa9", "\"caf\\303\\251\"" },
		{ "50%", "\"50%\"" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_line(text_of(cases[i].text), (struct datum_style){ .max = 256 }, cases[i].line);
	check_line(datum_string(view_of("a\0b", 3)), (struct datum_style){ 0 }, "\"a\\0b\"");
}

static void test_long_values_are_cut(void **state)
{
	struct datum kept = text_of("abcdef");
	(void)state;
	check_line(text_of("abcdef"), (struct datum_style){ .max = 4 }, "abcd...(6 bytes)");
	check_line(text_of("ab def"), (struct datum_style){ .max = 4 }, "\"ab d\"...(6 bytes)");
	check_line(text_of("abcd"), (struct datum_style){ .max = 4 }, "abcd");
	check_line(datum_keyword("abcdef"), (struct datum_style){ .max = 4 }, "abcd...(6 bytes)");
	check_line(datum_keyword("ab\xc3\xa9"), (struct datum_style){ .max = 3 }, "ab...(4 bytes)");
	kept.more = 94;
	check_line(kept, (struct datum_style){ .max = 4 }, "abcd...(100 bytes)");
	check_line(kept, (struct datum_style){ 0 }, "abcdef...(100 bytes)");
	kept = datum_first(datum_keyword("a\xe2\x82\xac"), 3);
	check_line(kept, (struct datum_style){ 0 }, "a...(4 bytes)");
	kept = datum_first(text_of("\x80\x80\x80\x80\x80\x80"), 5); /* these are no characters */
	assert_int_equal(kept.text.size, 2);
}

static void test_words_keep_to_their_line(void **state)
{
	(void)state;
	check_line(datum_keyword("SELECT \"a\" -- \xc3\xa9"), (struct datum_style){ 0 }, "SELECT \"a\" -- \xc3\xa9");
	check_line(datum_keyword("a\nb\x1b[0m\xc2\x85"), (struct datum_style){ 0 }, "a\\012b\\033[0m\\302\\205");
}

static void test_numbers(void **state)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = { { 0.1, "0.1" }, { 1.5e300, "1.5e+300" }, { 1e300, "1.0e+300" }, { -0.0, "-0" }, { 3, "3" },
		{ 1.0 / 3, "0.3333333333333333" }, { INFINITY, "inf" }, { -INFINITY, "-inf" }, { NAN, "nan" }, { -NAN, "nan" } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_line((struct datum){ .type = DATUM_DOUBLE, .number = cases[i].number }, (struct datum_style){ 0 }, cases[i].text);
	check_line(datum_int(INT64_MIN), (struct datum_style){ 0 }, "-9223372036854775808");
	check_line(datum_uint(UINT64_MAX), (struct datum_style){ 0 }, "18446744073709551615");
	check_line((struct datum){ .type = DATUM_BOOL, .boolean = true }, (struct datum_style){ 0 }, "true");
	check_line((struct datum){ 0 }, (struct datum_style){ 0 }, "null");
}

static bool hides(const void *who, struct view name)
{
	return view_is(name, who);
}

static const struct datum_style hiding = { .hides = hides, .who = "a" };

static void test_arrays_and_maps(void **state)
{
	struct datum items[6] = { text_of("a"), datum_uint(1), text_of("b"), text_of("c d"), text_of("\xff\n"), (struct datum){ 0 } };
	struct datum array = datum_array(items, 6), map = array, nested = datum_array(&array, 1);
	(void)state;
	map.type = DATUM_MAP;
	check_line(array, (struct datum_style){ 0 }, "[\"a\",1,\"b\",\"c d\",\"\\377\\n\",null]");
	check_line(map, (struct datum_style){ 0 }, "{\"a\":1,\"b\":\"c d\",\"\\377\\n\":null}");
	check_line(nested, (struct datum_style){ .max = 2 }, "[[\"a\",1,...(6 items)]]");
	check_line(map, (struct datum_style){ .max = 3 }, "{\"a\":1,...(3 items)}");
	check_line(map, hiding, "{\"a\":<hidden>,\"b\":\"c d\",\"\\377\\n\":null}");
	items[1].flags = DATUM_SECRET;
	check_line(array, (struct datum_style){ .max = 2 }, "[\"a\",<hidden>,...(6 items)]");
	array.flags = DATUM_LISTED;
	array.count = 2;
	array.more = 3;
	check_line(array, (struct datum_style){ .secrets = true }, "a, 1,...(5 items)");
	check_line(datum_array(NULL, 0), (struct datum_style){ 0 }, "[]");
	array.flags |= DATUM_SECRET;
	check_line(array, (struct datum_style){ 0 }, "<hidden>");
	items[0] = text_of("\xc2\x9b"); /* a terminal would obey it */
	check_line(datum_array(items, 1), (struct datum_style){ 0 }, "[\"\\u009b\"]");
}

static void check_object(enum emit_format format, struct datum datum, struct datum_style style, const char *wanted)
{
	struct output output;
	struct emitter *emitter;
	output_init(&output, -1, "memory", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(format, &output, &emitter), ERR_NONE);
	emit_begin(emitter);
	datum_emit(emitter, &datum, &style);
	emitter->hands->end(emitter);
	assert_string_equal(buf_text(&output.pending), wanted);
	emitter_destroy(emitter);
	buf_finish(&output.pending);
}

static void test_objects(void **state)
{
	struct datum items[6] = { text_of("a"), datum_int(-1), datum_uint(7), { .type = DATUM_DOUBLE, .number = 0.1 }, text_of("\xff"),
		{ .type = DATUM_DOUBLE, .number = NAN } };
	struct datum map = { .type = DATUM_MAP, .count = 6, .items = items }, cut = text_of("ab"), some = datum_array(items, 2);
	(void)state;
	check_object(EMIT_JSON, map, (struct datum_style){ 0 }, "{\"a\":-1,\"7\":0.1,\"\\\"\\\\377\\\"\":\"nan\"}\n");
	check_object(EMIT_YAML, map, (struct datum_style){ 0 }, "---\na: -1\n\"7\": 0.1\n\"\\\"\\\\377\\\"\": nan\n");
	check_object(EMIT_JSON, map, hiding, "{\"a\":null,\"7\":0.1,\"\\\"\\\\377\\\"\":\"nan\"}\n");
	cut.more = 3;
	check_object(EMIT_JSON, cut, (struct datum_style){ 0 }, "{\"size\":5,\"base64\":\"YWI=\",\"text\":\"ab\"}\n");
	some.more = 3;
	check_object(EMIT_JSON, some, (struct datum_style){ 0 }, "{\"count\":5,\"items\":[\"a\",-1]}\n");
	items[2] = text_of("a");
	check_object(EMIT_JSON, map, (struct datum_style){ 0 }, "[[\"a\",-1],[\"a\",0.1],[{\"size\":1,\"base64\":\"/w==\"},\"nan\"]]\n");
	check_object(EMIT_JSON, map, hiding, "[[\"a\",null],[\"a\",null],[{\"size\":1,\"base64\":\"/w==\"},\"nan\"]]\n");
	items[2] = text_of("b");
	items[0].flags = items[1].flags = DATUM_SECRET;
	check_object(EMIT_JSON, map, (struct datum_style){ 0 }, "{\"<hidden>\":null,\"b\":0.1,\"\\\"\\\\377\\\"\":\"nan\"}\n");
	map.flags = DATUM_SECRET;
	check_object(EMIT_JSON, map, (struct datum_style){ 0 }, "null\n");
	map = (struct datum){ .type = DATUM_MAP };
	check_object(EMIT_JSON, map, (struct datum_style){ 0 }, "{}\n");
}

/* As deep as values may be, in objects that would not fit a list of names. */
static void test_depth(void **state)
{
	struct datum levels[DATUM_DEPTH][4];
	struct datum map = datum_uint(1);
	(void)state;
	for (int i = 0; i < DATUM_DEPTH; i++) {
		levels[i][0] = levels[i][2] = text_of("k");
		levels[i][1] = map;
		levels[i][3] = datum_uint(0);
		map = (struct datum){ .type = DATUM_MAP, .count = 4, .more = 2, .items = levels[i] };
	}
	struct buf wanted = { 0 };
	for (int i = 0; i < DATUM_DEPTH; i++)
		buf_append_text(&wanted, "{\"count\":3,\"items\":[[\"k\",");
	buf_append_text(&wanted, "1");
	for (int i = 0; i < DATUM_DEPTH; i++)
		buf_append_text(&wanted, "],[\"k\",0]]}");
	buf_append_text(&wanted, "\n");
	check_object(EMIT_JSON, map, (struct datum_style){ 0 }, buf_text(&wanted));
	buf_finish(&wanted);
}

static void test_parts_are_bounded(void **state)
{
	static uint8_t large[PARTS_TEXT_MAX + 10];
	struct parts parts = { .max = 2 * sizeof(struct datum) + 10 };
	struct message message = { 0 };
	(void)state;
	memset(large, 'x', sizeof large);
	parts_add(&parts, "first", text_of("12345"));
	parts_add(&parts, "cut", text_of("1234567890"));
	parts_add(&parts, "none", datum_uint(1));
	parts_add(&parts, "none", datum_uint(2));
	parts_word(&parts, datum_string(view_of(large, sizeof large)));
	parts_attribute(&parts, "all", datum_array((struct datum[]){ text_of("a"), datum_array((struct datum[]){ text_of("b") }, 1) }, 2));
	memset(large, 'y', sizeof large); /* it has copies */
	assert_true(parts_tell(&parts, &message));
	assert_int_equal(message.part_count, 2);
	assert_int_equal(message.part_more, 2);
	assert_true(view_is(message.parts[1].value.text, "12345") && message.parts[1].value.more == 5);
	assert_int_equal(message.line[0].text.size, PARTS_TEXT_MAX);
	assert_int_equal(message.line[0].more, 10);
	assert_int_equal(message.line[0].text.data[0], 'x');
	assert_true(view_is(message.attributes[0].value.items[1].items[0].text, "b"));
	parts_clear(&parts);
	assert_true(parts_tell(&parts, &message));
	assert_int_equal(message.part_count + message.line_count + message.attribute_count + message.part_more, 0);
	parts_finish(&parts);
}

static void tell_all(struct requests *p)
{
	dial(p, 1);
	sent(p, 1, "ask Ada pw1\nask \"quo\nask9 nine\n");
	came(p, 1, "ok\n!a notice that\1 stands alone\nno such thing\n");
	sent(p, 1, "!from the client\n");
	came(p, 1, "ok 1 2 3 4 5\n");
	sent(p, 1, "ask never\n!half");
	failed(p, 1, WASI_ECONNRESET);
	dial(p, 2); /* one follows that is known by its name, in capitals; the next has none, and speaks HTTP */
	sent(p, 2, "ask for more\nask upgrade\n");
	came(p, 2, "ok\ngo TALK\n!behind it\ngo -\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	closed(p, 2);
	dial(p, 3); /* one follows that nobody knows */
	sent(p, 3, "ask once\n");
	came(p, 3, "go nowhere\n\1\2");
	closed(p, 3);
	dial(p, 4); /* HTTP hands over */
	sent(p, 4, "GET /chat?a=1 HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h3, talk\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
	came(p, 4, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: talk , other\r\n");
	came(p, 4, "Sec-WebSocket-Extensions: a; b=1\r\nSec-WebSocket-Extensions: c\r\n\r\n!hello\n");
	sent(p, 4, "!hello too\n");
	dial(p, 5); /* the server says nothing of who follows */
	sent(p, 5, "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: talk\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
	came(p, 5, "HTTP/1.1 101 Switching Protocols\r\n\r\n!hello\n");
}

static void print_one(const struct connections_options *options, enum emit_format format, bool verbose, size_t piece, const char *name)
{
	struct requests p;
	requests_start(&p, options, format, verbose, piece);
	tell_all(&p);
	compare(requests_finish(&p), name);
}

static void test_all(void **state)
{
	(void)state;
	print_one(&by_bytes, EMIT_LINE, false, 0, "typed.txt");
	print_one(&by_bytes, EMIT_LINE, true, 0, "typed-verbose.txt");
	print_one(&by_bytes, EMIT_JSON, false, 0, "typed.json");
	print_one(&by_bytes, EMIT_YAML, false, 0, "typed.yaml");
	for (size_t piece = 1; piece < 60; piece++)
		print_one(&by_bytes, EMIT_JSON, false, piece, "typed.json");
}

static void test_secrets_are_shown_to_who_asks(void **state)
{
	struct requests p;
	(void)state;
	requests_start(&p, &by_bytes, EMIT_LINE, false, 0);
	p.printer.secrets = true;
	dial(&p, 1);
	sent(&p, 1, "ask Ada pw1\n");
	came(&p, 1, "ok\n");
	assert_string_equal(requests_finish(&p),
		"2023/11/14 22:13:20.001000 TALK 172.16.0.0:49153 > 44.194.85.187:443: ask Ada pw1 => ok\n");
}

/* Names as patterns, in any case; of HTTP's headers, of fields, of attributes, and within maps. */
static void tell_redacted(struct requests *p)
{
	p->printer.redacted[p->printer.redacted_count++] = view_text("auth*");
	p->printer.redacted[p->printer.redacted_count++] = view_text("secret");
	p->printer.redacted[p->printer.redacted_count++] = view_text("name");
	p->printer.secrets = true;
	dial(p, 1);
	sent(p, 1, "GET / HTTP/1.1\r\nAUTHorization: Basic QTpC\r\nAccept: */*\r\n\r\n");
	came(p, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuth-Info: x\r\n\r\n");
	dial(p, 2);
	sent(p, 2, "ask Ada pw1\n");
	came(p, 2, "ok\n");
}

static void test_redacted(void **state)
{
	struct requests p;
	(void)state;
	requests_start(&p, &by_bytes, EMIT_LINE, true, 0);
	tell_redacted(&p);
	compare(requests_finish(&p), "typed-redacted.txt");
	requests_start(&p, &by_bytes, EMIT_JSON, false, 0);
	tell_redacted(&p);
	compare(requests_finish(&p), "typed-redacted.json");
	requests_start(&p, &by_bytes, EMIT_LINE, false, 0);
	tell_redacted(&p); /* words have no names, but are the same as fields */
	const char *line = strstr(requests_finish(&p), "TALK");
	assert_string_equal(line, "TALK 172.16.0.0:49154 > 44.194.85.187:443: ask <hidden> <hidden> => ok\n");
}

/* A connection whose bytes do not tell, and one that starts in the middle. */
static void test_forced(void **state)
{
	static const struct connections_options options = { { 4096, 4096, NULL, NULL }, known, &talk_protocol };
	struct requests p;
	(void)state;
	requests_start(&p, &options, EMIT_LINE, false, 0);
	dial(&p, 1);
	sent(&p, 1, "what is\n");
	came(&p, 1, "this\n");
	dial(&p, 2);
	p.midway = true;
	came(&p, 2, "rest of a line\ngo -\nHTTP/1.1 204 No Content\r\n\r\n"); /* what follows tells for itself */
	compare(requests_finish(&p), "typed-forced.txt");
}

/* One of them fails to find memory, and nothing is lost of what there was. */
static void test_too_little_memory_keeps_no_parts(void **state)
{
	struct message_memory memory = { .left = 100 };
	struct held_exchange *held = calloc(1, sizeof *held);
	struct message_value part = { "a", text_of("0123456789") };
	struct message message = {
		.protocol = view_text("x"), .parts = &part, .part_count = 1, .body = view_text("body"), .body_bytes = 4
	};
	(void)state;
	memory.left = sizeof part + 12; /* for the part or for the body, but not both */
	assert_int_equal(held_exchange_take(held, SIDE_CLIENT, &message, &memory), ERR_NONE);
	assert_int_equal(held->exchange.request.message.part_count, 0);
	assert_int_equal(held->exchange.request.message.part_more, 1);
	assert_int_equal(held->exchange.request.message.body.size, 4);
	assert_int_equal(memory.left, sizeof part + 8);
	held_exchange_destroy(held);
	assert_int_equal(memory.left, sizeof part + 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings_of_a_line),
		cmocka_unit_test(test_long_values_are_cut),
		cmocka_unit_test(test_words_keep_to_their_line),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_arrays_and_maps),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_parts_are_bounded),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_secrets_are_shown_to_who_asks),
		cmocka_unit_test(test_redacted),
		cmocka_unit_test(test_forced),
		cmocka_unit_test(test_too_little_memory_keeps_no_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
