#include "registry/manifest.h"
#include "registry/yaml_parts.h"
#include "unit.h"

#include <stdlib.h>

static const char manifest_like[] = "id: 018bcfe5-687b-7e3f-8a01-23456789abcd\n"
				    "runtime: \"0.1.0\"\n"
				    "module:\n"
				    "  digest: sha256:ba7816bf8f01cfea\n"
				    "  name: \"a\\x0a\\\"b\\\\\xe2\x82\xac: #\"\n"
				    "  size: 12345\n"
				    "args: []\n"
				    "env:\n"
				    "  - !!binary \"QllURVM9//4=\"\n"
				    "  - \"\"\n"
				    "  - \"- x\"\n"
				    "dirs:\n"
				    "  - host: \"/\"\n"
				    "    guest: \"/\"\n"
				    "    read_only: false\n"
				    "  - host: \"/tmp\"\n"
				    "    deep:\n"
				    "      - \"a\"\n"
				    "      - b: 1\n"
				    "        c:\n"
				    "          d: \"e\"\n"
				    "restricted: true\n";

static void assert_same(const struct yaml_node *a, const struct yaml_node *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->count, b->count);
	if (a->kind == YAML_TEXT) {
		assert_true(view_equal(a->text, b->text));
		assert_int_equal(a->plain, b->plain);
		assert_int_equal(a->binary, b->binary);
	}
	for (size_t i = 0; i < a->count; i++)
		assert_same(a->items[i], b->items[i]);
}

/* What both read is the same; false: only the library reads it, or nobody. */
static bool compare(struct view text)
{
	struct arena plain = { 0 }, other = { 0 };
	struct yaml_node *a = NULL, *b = NULL;
	bool read = yaml_parse_plain(text, &plain, &a);
	if (read) {
		enum err err = yaml_parse(text, "text", ERR_DAMAGED, &other, &b);
		if (err)
			fail_msg("%s, and the other reads it: %.*s", err_text(), VIEW_ARG(text));
		assert_non_null(b);
		assert_same(a, b);
	}
	arena_finish(&plain);
	arena_finish(&other);
	return read;
}

static void manifests_are_read_the_fast_way(void **state)
{
	(void)state;
	assert_true(compare(view_text(manifest_like)));
	struct view args[3] = { view_text("prog"), view_text(""), view_text("\xe2\x80\xa8\n\"\\ \x7f \xc2\x85 \xff") };
	struct manifest manifest = { .runtime = view_text("0.1"), .args = args, .arg_count = 3, .features = view_text("wasm-2.0") };
	BUF_CLEANUP struct buf bytes = { 0 };
	assert_int_equal(manifest_encode(&manifest, &bytes), 0);
	const char *body = strchr(buf_text(&bytes), '\n') + 1;
	assert_true(compare(view_text(body)));
}

static void what_is_no_such_text_is_left_to_the_library(void **state)
{
	(void)state;
	static const char *const others[] = { "", "\n", "# a\n", "a: b", "a: b c\n", "a: 'b'\n", "a: [b]\n", "a: {}\n", "a:\n",
		"a:\nb: 1\n", "a: \n", "- a\n", "-\n", "a:\n- \"b\"\n", " a: 1\n", "a: 1\n  b: 2\n", "a: \"b\"\n  c\n", "a: \"b\n  c\"\n",
		"a: \"\\t\"\n", "a: \"\\x85\"\n", "a: \"\xc2\x85\"\n", "a: \"\xff\"\n", "a: &x \"b\"\n", "a: *x\n", "a: ~\n",
		"a: \"b\" # c\n", "a: b:\n", "---\na: 1\n", "a: 1\n...\n", "a: 1\r\n", "a:\t1\n", "a : 1\n", "? a\n", "a: |\n  b\n",
		"a: !!str \"b\"\n", "a: !!binary b\n", "a: -1\n", "a: \"\n", "\"a\": 1\n", "a:\n  b: 1\n c: 2\n", "a:\n    b: 1\n  c: 2\n",
		"a: \"b\"c\n", "a: []]\n",
		("\xef\xbb\xbf"
		 "a: 1\n") };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (compare(view_text(others[i])))
			fail_msg("it was read: %s", others[i]);
	}
}

static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * sides >> 32);
}

static void spoil(struct buf *text)
{
	static const char chars[] = " \n-:\"\\x0a#!&*[]{},?|>'%@`~\t\r.=\x80\xc2\x85\xe2\x80\xa8z9";
	size_t at = dice((uint32_t)text->size), size = 1 + dice(4);
	size = size < text->size - at ? size : text->size - at;
	switch (dice(4)) {
	case 0: text->data[at] = (uint8_t)chars[dice(sizeof chars - 1)]; break;
	case 1:
		memmove(text->data + at, text->data + at + size, text->size - at - size);
		text->size -= size;
		break;
	case 2:
		buf_append_byte(text, ' ');
		memmove(text->data + at + 1, text->data + at, text->size - at - 1);
		text->data[at] = (uint8_t)chars[dice(sizeof chars - 1)];
		break;
	default: memmove(text->data + at, text->data + dice((uint32_t)(text->size - size) + 1), size); break;
	}
}

static void both_read_the_same_in_whatever_both_read(void **state)
{
	(void)state;
	enum { ROUNDS = 60000 };
	int read = 0;
	for (int i = 0; i < ROUNDS; i++) {
		BUF_CLEANUP struct buf text = { 0 };
		buf_append_text(&text, manifest_like);
		for (uint32_t left = 1 + dice(3); left && text.size > 8; left--)
			spoil(&text);
		read += compare(buf_view(&text));
	}
	assert_in_range(read, ROUNDS / 20, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifests_are_read_the_fast_way),
		cmocka_unit_test(what_is_no_such_text_is_left_to_the_library),
		cmocka_unit_test(both_read_the_same_in_whatever_both_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
