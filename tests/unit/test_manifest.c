#include "registry/manifest.h"
#include "unit.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static struct manifest example(void)
{
	static const struct view args[] = { { (const uint8_t *)"prog", 4 }, { (const uint8_t *)"", 0 },
		{ (const uint8_t *)"a\n\"b\\\xe2\x82\xac", 8 } };
	static const struct view env[] = { { (const uint8_t *)"BYTES=\xff\xfe", 8 }, { (const uint8_t *)"LINE=\xe2\x80\xa8 #: -", 13 } };
	static const struct manifest_dir dirs[] = { { { (const uint8_t *)"/", 1 }, { (const uint8_t *)"/", 1 }, false },
		{ { (const uint8_t *)"/tmp/x", 6 }, { (const uint8_t *)"data", 4 }, true } };
	static const struct manifest_socket sockets[] = { { 5, true, { (const uint8_t *)"127.0.0.1:80", 12 }, { NULL, 0 } },
		{ 6, false, { (const uint8_t *)"172.16.0.0:49152", 16 }, { (const uint8_t *)"[::1]:443", 9 } } };
	static const struct view net[] = { { (const uint8_t *)"*.test:443", 10 } };
	struct manifest m = {
		.runtime = view_text("0.1.0"),
		.module_name = view_text("prog.wasm"),
		.module_path = view_text("../prog.wasm"),
		.module_size = 12345,
		.args = args,
		.arg_count = 3,
		.env = env,
		.env_count = 2,
		.dirs = dirs,
		.dir_count = 2,
		.restricted = true,
		.sockets = sockets,
		.socket_count = 2,
		.net = net,
		.net_count = 1,
		.start_wall = UINT64_C(1700000000123456789),
		.start_monotonic = 42,
		.features = view_text("wasm-2.0"),
		.memory_pages = 65536,
		.table_elements = 10000000,
		.stack_bytes = UINT64_MAX,
	};
	m.module = digest_of(view_text("abc"));
	assert_true(uuid_parse(view_text("018bcfe5-687b-7e3f-8a01-23456789abcd"), &m.id));
	return m;
}

static const char example_text[] = "# timecraft manifest 2 809 a544fde4e72efba2\n"
				   "id: 018bcfe5-687b-7e3f-8a01-23456789abcd\n"
				   "runtime: \"0.1.0\"\n"
				   "module:\n"
				   "  digest: sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
				   "  name: \"prog.wasm\"\n"
				   "  path: \"../prog.wasm\"\n"
				   "  size: 12345\n"
				   "function: \"\"\n"
				   "args:\n"
				   "  - \"prog\"\n"
				   "  - \"\"\n"
				   "  - \"a\\x0a\\\"b\\\\\xe2\x82\xac\"\n"
				   "env:\n"
				   "  - !!binary \"QllURVM9//4=\"\n"
				   "  - !!binary \"TElORT3igKggIzogLQ==\"\n"
				   "dirs:\n"
				   "  - host: \"/\"\n"
				   "    guest: \"/\"\n"
				   "    read_only: false\n"
				   "  - host: \"/tmp/x\"\n"
				   "    guest: \"data\"\n"
				   "    read_only: true\n"
				   "restricted: true\n"
				   "sockets:\n"
				   "  - fd: 5\n"
				   "    listens: true\n"
				   "    local: \"127.0.0.1:80\"\n"
				   "    peer: \"\"\n"
				   "  - fd: 6\n"
				   "    listens: false\n"
				   "    local: \"172.16.0.0:49152\"\n"
				   "    peer: \"[::1]:443\"\n"
				   "net:\n"
				   "  - \"*.test:443\"\n"
				   "start:\n"
				   "  wall: 1700000000123456789\n"
				   "  monotonic: 42\n"
				   "settings:\n"
				   "  features: \"wasm-2.0\"\n"
				   "  memory_pages: 65536\n"
				   "  table_elements: 10000000\n"
				   "  stack_bytes: 18446744073709551615\n";

static void manifests_are_written(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = { 0 };
	struct manifest m = example();
	assert_int_equal(manifest_encode(&m, &out), 0);
	assert_string_equal(buf_text(&out), example_text);
}

static void manifests_come_back(void **state)
{
	(void)state;
	struct manifest m;
	BUF_CLEANUP struct buf again = { 0 };
	if (manifest_decode(view_text(example_text), &m) != 0)
		fail_msg("%s", err_text());
	assert_int_equal(m.arg_count, 3);
	assert_true(view_is(m.args[2], "a\n\"b\\\xe2\x82\xac"));
	assert_true(view_is(m.env[0], "BYTES=\xff\xfe"));
	assert_true(m.dirs[1].read_only);
	assert_int_equal(manifest_encode(&m, &again), 0);
	assert_string_equal(buf_text(&again), example_text);
	manifest_finish(&m);
}

/* What is not as it was has a version of its own, which may say any part of it. */
static void changes_come_back(void **state)
{
	(void)state;
	static const struct view withheld[] = { { (const uint8_t *)"TOKEN", 5 } };
	static const struct view redacted[] = { { (const uint8_t *)"header cookie", 13 }, { (const uint8_t *)"env T*", 6 } };
	for (unsigned parts = 1; parts < 8; parts++) {
		struct manifest m = example(), read;
		BUF_CLEANUP struct buf out = { 0 };
		m.withheld = withheld;
		m.withheld_count = parts & 1;
		m.redacted = redacted;
		m.redacted_count = parts & 2;
		m.snapshot = parts & 4 ? UINT64_C(1700000001000000000) : 0;
		assert_int_equal(manifest_encode(&m, &out), 0);
		assert_true(view_equal(view_slice(buf_view(&out), 0, 22), view_text("# timecraft manifest 3")));
		assert_int_equal(manifest_decode(buf_view(&out), &read), 0);
		assert_int_equal(read.withheld_count, parts & 1);
		assert_int_equal(read.redacted_count, parts & 2);
		assert_true((parts & 1) == 0 || view_is(read.withheld[0], "TOKEN"));
		assert_true((parts & 2) == 0 || view_is(read.redacted[1], "env T*"));
		assert_int_equal(read.snapshot, m.snapshot);
		manifest_finish(&read);
	}
}

/* Cut at every byte, and with every byte changed: always noticed. */
static void damaged_manifests_are_noticed(void **state)
{
	(void)state;
	char text[sizeof example_text];
	struct manifest m;
	for (size_t i = 0; i < sizeof text - 1; i++) {
		assert_int_equal(manifest_decode(view_of(example_text, i), &m), ERR_DAMAGED);
		memcpy(text, example_text, sizeof text);
		text[i] ^= 1;
		enum err err = manifest_decode(view_of(text, sizeof text - 1), &m);
		assert_true(err == ERR_DAMAGED || err == ERR_UNSUPPORTED);
	}
	memcpy(text, example_text, sizeof text);
	text[21] = '9';
	assert_int_equal(manifest_decode(view_of(text, sizeof text - 1), &m), ERR_UNSUPPORTED);
	assert_string_equal(err_text(), "manifest.yaml: version 9, of which this timecraft knows only 1 to 3");
}

/* A head that fits, so that what is behind it is read. */
static enum err decode_body(struct view body)
{
	BUF_CLEANUP struct buf text = { 0 };
	struct manifest m;
	buf_printf(&text, "# timecraft manifest 2 %zu %016llx\n", body.size, (unsigned long long)XXH3_64bits(body.data, body.size));
	buf_append(&text, body.data, body.size);
	enum err err = manifest_decode(buf_view(&text), &m);
	if (!err)
		manifest_finish(&m);
	return err;
}

static void hostile_manifests_are_errors(void **state)
{
	(void)state;
	static const struct {
		const char *body, *error;
	} cases[] = {
		{ "", "manifest.yaml: nothing is in it" },
		{ "- a\n", "manifest.yaml:1: expected keys with values" },
		{ "id: x\n", "manifest.yaml:1: expected a UUID" },
		{ "id: [x]\n", "manifest.yaml:1: expected a string" },
		{ "id: 018bcfe5-687b-7e3f-8a01-23456789abcd\n", "manifest.yaml:1: runtime is missing" },
		{ "args: &a [*a, *a]\n", "manifest.yaml:1: expected a string" },
		{ "args: *nobody\n", "manifest.yaml:1: found undefined alias" },
		{ "\nruntime: \"a\\0b\"\n", "manifest.yaml:2: a string with a NUL in it" },
		{ "runtime: !!binary \"YQBi\"\n", "manifest.yaml:1: a string with a NUL in it" },
		{ "runtime: !!binary \"???\"\n", "manifest.yaml:1: !!binary is not base64" },
		{ "start: {wall: 18446744073709551616}\n", "manifest.yaml:1: expected a number" },
		{ "sockets: [{fd: -1}]\n", "manifest.yaml:1: expected a number" },
		{ "sockets: [{fd: 3}]\n", "manifest.yaml:1: listens is missing" },
		{ "sockets: {fd: 3}\n", "manifest.yaml:1: expected a list" },
		{ "net: all\n", "manifest.yaml:1: expected a list" },
		{ "start: {wall: -1}\n", "manifest.yaml:1: expected a number" },
		{ "runtime: a\nruntime: b\n", "manifest.yaml:2: runtime is there twice" },
		{ "runtime: \xff\n", "manifest.yaml:1: invalid leading UTF-8 octet" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(decode_body(view_text(cases[i].body)), ERR_DAMAGED);
		assert_string_equal(err_text(), cases[i].error);
	}
}

/* Lists in lists, and aliases of lists of aliases, cost no more than their text. */
static void deep_manifests_are_errors(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf deep = { 0 }, laughs = { 0 };
	for (int i = 0; i < 100000; i++)
		buf_append_byte(&deep, '[');
	assert_int_equal(decode_body(buf_view(&deep)), ERR_DAMAGED);
	assert_string_equal(err_text(), "manifest.yaml: lists lie too deep in lists");
	buf_clear(&deep);
	for (int i = 0; i < 100000; i++)
		buf_append_text(&deep, "- ");
	assert_int_equal(decode_body(buf_view(&deep)), ERR_DAMAGED);
	assert_string_equal(err_text(), "manifest.yaml: lists lie too deep in lists");
	/* One line to us, but not to YAML. */
	static const char *const breaks[] = { "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\r" };
	for (size_t at = 0; at < sizeof breaks / sizeof *breaks; at++) {
		buf_clear(&deep);
		for (int i = 0; i < 1000; i++)
			buf_printf(&deep, "%*sa:%s", i, "", breaks[at]);
		assert_int_equal(decode_body(buf_view(&deep)), ERR_DAMAGED);
		assert_string_equal(err_text(), "manifest.yaml: lists lie too deep in lists");
	}
	buf_clear(&deep);
	buf_append_text(&deep, "args: [a");
	for (int i = 0; i < 2200000; i++)
		buf_append_text(&deep, ",a");
	buf_append_text(&deep, "]\n");
	assert_int_equal(decode_body(buf_view(&deep)), ERR_DAMAGED);
	assert_string_equal(err_text(), "manifest.yaml: it has too many parts");
	buf_append_text(&laughs, "args:\n  - &l0 [a]\n");
	for (int i = 0; i < 64; i++)
		buf_printf(&laughs, "  - &l%d [*l%d, *l%d, *l%d]\n", i + 1, i, i, i);
	assert_int_equal(decode_body(buf_view(&laughs)), ERR_DAMAGED);
	assert_string_equal(err_text(), "manifest.yaml:2: expected a string");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifests_are_written),
		cmocka_unit_test(manifests_come_back),
		cmocka_unit_test(changes_come_back),
		cmocka_unit_test(damaged_manifests_are_noticed),
		cmocka_unit_test(hostile_manifests_are_errors),
		cmocka_unit_test(deep_manifests_are_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
