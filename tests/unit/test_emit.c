#include "unit.h"

#include "base/time.h"
#include "emit/emitter.h"
#include "emit/format.h"
#include "emit/text_table.h"

#include <signal.h>
#include <unistd.h>

#define CHECK_FORMAT(call, expected)                           \
	do {                                                   \
		struct buf out BUF_CLEANUP = { 0 };            \
		call;                                          \
		assert_string_equal(buf_text(&out), expected); \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	CHECK_FORMAT(format_uint(&out, 0), "0");
	CHECK_FORMAT(format_uint(&out, 109), "109");
	CHECK_FORMAT(format_uint(&out, UINT64_MAX), "18446744073709551615");
	CHECK_FORMAT(format_sint(&out, INT64_MIN), "-9223372036854775808");
	CHECK_FORMAT(format_sint(&out, -1), "-1");
	CHECK_FORMAT(format_hex(&out, 0), "0");
	CHECK_FORMAT(format_hex(&out, 0x10), "0x10");
	CHECK_FORMAT(format_hex(&out, UINT64_MAX), "0xffffffffffffffff");
	CHECK_FORMAT(format_padded(&out, 42, 5), "00042");
	for (uint64_t i = 0; i < 1000; i++) {
		char expected[8];
		snprintf(expected, sizeof expected, "%u", (unsigned)i);
		CHECK_FORMAT(format_uint(&out, i), expected);
	}
}

static void escapes(void **state)
{
	(void)state;
	CHECK_FORMAT(format_escaped(&out, view_text("plain ~"), ""), "plain ~");
	CHECK_FORMAT(format_escaped(&out, view_of("\0a\0001\0008\0009\\\"\n\t\r\v\f\033\177\200\377", 18), ""),
		"\\0a\\0001\\08\\09\\\\\\\"\\n\\t\\r\\v\\f\\33\\177\\200");
	CHECK_FORMAT(format_escaped(&out, view_of("\3777", 2), ""), "\\3777");
	CHECK_FORMAT(format_escaped(&out, view_of("\0017", 2), ""), "\\0017");
	CHECK_FORMAT(format_escaped(&out, view_text("a<b>"), "<>"), "a\\74b\\76");
	CHECK_FORMAT(format_json(&out, view_text("\x01\b\f\n\r\t\"\\/\x7f\xc3\xa9")), "\"\\u0001\\b\\f\\n\\r\\t\\\"\\\\/\\u007f\xc3\xa9\"");
	CHECK_FORMAT(format_json(&out, view_of("\0", 1)), "\"\\u0000\"");
	CHECK_FORMAT(format_readable(&out, view_text("caf\xc3\xa9")), "caf\xc3\xa9");
	CHECK_FORMAT(format_readable(&out, view_text("\033[31m")), "\"\\33[31m\"");
	CHECK_FORMAT(format_readable(&out,
			     view_text("\xc2\x9b"
				       "31m")),
		"\"\\302\\23331m\"");
	CHECK_FORMAT(format_readable(&out, view_text("")), "\"\"");
	CHECK_FORMAT(format_readable(&out, view_text("\xff")), "\"\\377\"");
}

static void base64(void **state)
{
	(void)state;
	/* RFC 4648, section 10 */
	CHECK_FORMAT(format_base64(&out, view_text("")), "");
	CHECK_FORMAT(format_base64(&out, view_text("f")), "Zg==");
	CHECK_FORMAT(format_base64(&out, view_text("fo")), "Zm8=");
	CHECK_FORMAT(format_base64(&out, view_text("foo")), "Zm9v");
	CHECK_FORMAT(format_base64(&out, view_text("foob")), "Zm9vYg==");
	CHECK_FORMAT(format_base64(&out, view_text("fooba")), "Zm9vYmE=");
	CHECK_FORMAT(format_base64(&out, view_text("foobar")), "Zm9vYmFy");
	CHECK_FORMAT(format_base64(&out, view_of("\xff\xfe\xfd", 3)), "//79");
}

static void times(void **state)
{
	(void)state;
	CHECK_FORMAT(format_time(&out, 0), "1970-01-01T00:00:00.000000000Z");
	CHECK_FORMAT(format_time(&out, 951782400ull * NS_PER_S), "2000-02-29T00:00:00.000000000Z");
	CHECK_FORMAT(format_time(&out, 951868800ull * NS_PER_S - 1), "2000-02-29T23:59:59.999999999Z");
	CHECK_FORMAT(format_time(&out, 1790000000ull * NS_PER_S + 7), "2026-09-21T14:13:20.000000007Z");
	CHECK_FORMAT(format_time(&out, UINT64_MAX), "2554-07-21T23:34:33.709551615Z");
	CHECK_FORMAT(format_seconds(&out, 1000000001), "1.000000001");
	CHECK_FORMAT(format_duration(&out, 0), "0ns");
	CHECK_FORMAT(format_duration(&out, 999), "999ns");
	CHECK_FORMAT(format_duration(&out, 1234), "1.23us");
	CHECK_FORMAT(format_duration(&out, 12340000), "12.3ms");
	CHECK_FORMAT(format_duration(&out, 999999999), "999ms");
	CHECK_FORMAT(format_duration(&out, 1500000000), "1.50s");
	CHECK_FORMAT(format_duration(&out, 250ull * NS_PER_S), "4m10s");
	CHECK_FORMAT(format_duration(&out, 7500ull * NS_PER_S), "2h5m");
	CHECK_FORMAT(format_duration(&out, 273600ull * NS_PER_S), "3d4h");
	CHECK_FORMAT(format_size(&out, 0), "0 B");
	CHECK_FORMAT(format_size(&out, 1023), "1023 B");
	CHECK_FORMAT(format_size(&out, 1024), "1 KiB");
	CHECK_FORMAT(format_size(&out, 4200), "4.10 KiB");
	CHECK_FORMAT(format_size(&out, UINT64_MAX), "15.9 EiB");
}

static void flags(void **state)
{
	(void)state;
	static const char *const names[] = { "A", "B" };
	CHECK_FORMAT(format_flags(&out, names, 0, 0), "0");
	CHECK_FORMAT(format_flags(&out, names, 2, 0), "A|B");
	CHECK_FORMAT(format_flags(&out, names, 1, 8), "A|0x8");
	CHECK_FORMAT(format_flags(&out, names, 0, 8), "0x8");
}

static void walk_inner(struct emitter *e)
{
	static const char *const names[] = { "READ", "WRITE" };
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "flags");
	emit_flags(e, names, 2, 16);
	emit_key(e, "empty");
	emit_array_begin(e);
	emit_array_end(e);
	emit_key(e, "nothing");
	emit_null(e);
	emit_key(e, "yes");
	emit_bool(e, true);
	emit_object_end(e);
}

/* Every verb once, and every way to nest. */
static void walk(struct emitter *e)
{
	emit_begin(e);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "count");
	emit_uint(e, UINT64_MAX);
	emit_key(e, "delta");
	emit_sint(e, -5);
	emit_key(e, "state");
	emit_name(e, "running");
	emit_key(e, "text");
	emit_text(e, "say \"hi\"\n");
	emit_key(e, "words");
	emit_text(e, "no");
	emit_key(e, "raw");
	emit_string(e, view_text("\xff\xfe"));
	emit_key(e, "bytes");
	emit_bytes(e, view_text("caf\xc3\xa9"), 100);
	emit_key(e, "time");
	emit_time(e, 1790000000ull * NS_PER_S);
	emit_key(e, "took");
	emit_duration(e, 1234);
	emit_key(e, "size");
	emit_size(e, 4200);
	emit_key(e, "list");
	emit_array_begin(e);
	emit_uint(e, 1);
	walk_inner(e);
	emit_array_begin(e);
	emit_text(e, "deep");
	emit_array_end(e);
	emit_array_end(e);
	emit_key(e, "object");
	walk_inner(e);
	emit_key(e, "hollow");
	emit_object_begin(e, OBJECT_BRACED);
	emit_object_end(e);
	emit_object_end(e);
	assert_int_equal(emit_end(e), ERR_NONE);
}

static void check_walk(enum emit_format format, uint32_t times_walked, const char *expected)
{
	struct output output;
	struct emitter *emitter;
	output_init(&output, -1, "the test", OUTPUT_BUFFERED);
	assert_int_equal(emitter_create(format, &output, &emitter), ERR_NONE);
	for (uint32_t i = 0; i < times_walked; i++)
		walk(emitter);
	assert_string_equal(buf_text(&output.pending), expected);
	emitter_destroy(emitter);
	buf_finish(&output.pending);
}

static void line(void **state)
{
	(void)state;
	const char *expected =
		"{count=18446744073709551615, delta=-5, state=running, text=\"say \\\"hi\\\"\\n\", words=\"no\", raw=\"\\377\\376\", "
		"bytes=\"caf\\303\\251\"..., time=2026-09-21T14:13:20.000000000Z, took=1234, size=4200, "
		"list=[1, {flags=READ|WRITE|0x10, empty=[], nothing=NULL, yes=true}, [\"deep\"]], "
		"object={flags=READ|WRITE|0x10, empty=[], nothing=NULL, yes=true}, hollow={}}\n";
	check_walk(EMIT_LINE, 1, expected);
}

#define JSON_INNER "{\"flags\":[\"READ\",\"WRITE\",\"0x10\"],\"empty\":[],\"nothing\":null,\"yes\":true}"
#define JSON_WALK                                                                                                             \
	"{\"count\":18446744073709551615,\"delta\":-5,\"state\":\"running\",\"text\":\"say \\\"hi\\\"\\n\",\"words\":\"no\"," \
	"\"raw\":{\"size\":2,\"base64\":\"//4=\"},\"bytes\":{\"size\":100,\"base64\":\"Y2Fmw6k=\",\"text\":\"caf\xc3\xa9\"}," \
	"\"time\":\"2026-09-21T14:13:20.000000000Z\",\"took\":1234,\"size\":4200,\"list\":[1," JSON_INNER ",[\"deep\"]],"     \
	"\"object\":" JSON_INNER ",\"hollow\":{}}\n"

static void json(void **state)
{
	(void)state;
	check_walk(EMIT_JSON, 2, JSON_WALK JSON_WALK);
}

#define YAML_WALK                                                                                                                      \
	"---\ncount: 18446744073709551615\ndelta: -5\nstate: running\ntext: \"say \\\"hi\\\"\\n\"\nwords: \"no\"\nraw:\n  size: 2\n"   \
	"  base64: \"//4=\"\nbytes:\n  size: 100\n  base64: \"Y2Fmw6k=\"\n  text: \"caf\xc3\xa9\"\n"                                   \
	"time: \"2026-09-21T14:13:20.000000000Z\"\ntook: 1234\nsize: 4200\nlist:\n- 1\n- flags:\n  - READ\n  - WRITE\n  - \"0x10\"\n"  \
	"  empty: []\n  nothing: null\n  \"yes\": true\n- - deep\nobject:\n  flags:\n  - READ\n  - WRITE\n  - \"0x10\"\n  empty: []\n" \
	"  nothing: null\n  \"yes\": true\nhollow: {}\n"

static void yaml(void **state)
{
	(void)state;
	check_walk(EMIT_YAML, 2, YAML_WALK YAML_WALK);
}

static void page(void **state)
{
	(void)state;
	check_walk(EMIT_PAGE, 1,
		"count: 18446744073709551615\ndelta: -5\nstate: running\ntext: \"say \\\"hi\\\"\\n\"\nwords: no\nraw: \"\\377\\376\"\n"
		"bytes: \"caf\\303\\251\"...\ntime: 2026-09-21T14:13:20.000000000Z\ntook: 1.23us\nsize: 4.10 KiB\nlist:\n  - 1\n"
		"  - flags: READ|WRITE|0x10\n    empty: none\n    nothing: none\n    yes: yes\n  - - deep\nobject:\n"
		"  flags: READ|WRITE|0x10\n  empty: none\n  nothing: none\n  yes: yes\nhollow: none\n");
}

static void text_table(void **state)
{
	(void)state;
	static const struct text_table_column columns[] = { { "NAME", TABLE_LEFT }, { "SIZE", TABLE_RIGHT }, { "NOTE", TABLE_LEFT },
		{ NULL } };
	struct text_table table;
	struct output output;
	output_init(&output, -1, "the test", OUTPUT_BUFFERED);
	text_table_init(&table, columns);
	text_table_cell(&table, "%s", "caf\xc3\xa9");
	text_table_cell(&table, "%d", 12345);
	text_table_cell_view(&table, view_text("a\nb\033"));
	text_table_cell(&table, "x");
	text_table_cell(&table, "1");
	text_table_cell(&table, "%s", "");
	assert_int_equal(text_table_print(&table, &output), ERR_NONE);
	assert_string_equal(buf_text(&output.pending), "NAME   SIZE  NOTE\ncaf\xc3\xa9  12345  a?b?\nx         1\n");
	text_table_finish(&table);
	buf_finish(&output.pending);
}

static void output_says_what_failed(void **state)
{
	(void)state;
	struct output output;
	assert_int_equal(output_open(&output, "/dev/full", OUTPUT_AT_ONCE), ERR_NONE);
	buf_append_text(&output.pending, "lost");
	assert_int_equal(output_end(&output), ERR_NOSPACE);
	assert_string_equal(err_text(), "cannot write /dev/full: No space left on device");
	assert_int_equal(output_end(&output), ERR_NOSPACE);
	assert_int_equal(output_finish(&output), ERR_NOSPACE);
	assert_int_equal(output_open(&output, "/no/such/folder", OUTPUT_AT_ONCE), ERR_NOT_FOUND);
	assert_string_equal(err_text(), "cannot write /no/such/folder: No such file or directory");
}

static void output_to_nobody(void **state)
{
	(void)state;
	struct output output;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	output_init(&output, ends[1], "a pipe", OUTPUT_BUFFERED);
	buf_append_text(&output.pending, "unread");
	assert_int_equal(output_end(&output), ERR_NONE);
	assert_int_equal(output_flush(&output), ERR_END);
	assert_int_equal(output_finish(&output), ERR_END);
	close(ends[1]);
}

static void formats_by_name(void **state)
{
	(void)state;
	enum emit_format format = EMIT_JSON;
	assert_int_equal(emit_format_parse("text", EMIT_PAGE, &format), ERR_NONE);
	assert_int_equal(format, EMIT_PAGE);
	assert_int_equal(emit_format_parse("yaml", EMIT_PAGE, &format), ERR_NONE);
	assert_int_equal(format, EMIT_YAML);
	assert_int_equal(emit_format_parse("xml", EMIT_PAGE, &format), ERR_USAGE);
	assert_string_equal(err_text(), "unknown output format \"xml\": it is text, json or yaml");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(escapes),
		cmocka_unit_test(base64),
		cmocka_unit_test(times),
		cmocka_unit_test(flags),
		cmocka_unit_test(line),
		cmocka_unit_test(json),
		cmocka_unit_test(yaml),
		cmocka_unit_test(page),
		cmocka_unit_test(text_table),
		cmocka_unit_test(output_says_what_failed),
		cmocka_unit_test(output_to_nobody),
		cmocka_unit_test(formats_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
