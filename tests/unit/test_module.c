/* What can be asked of a decoded module: imports and exports, names, custom sections, source lines; and what only large ones show. */
#include "base/buf.h"
#include "unit.h"
#include "wasm/lines.h"
#include "wasm/module_parts.h"

#include <stdlib.h>
#include <string.h>

#define HEAD                                    "\0asm\1\0\0\0"
#define TYPES                                   "\x01\x04\x01\x60\x00\x00"
#define CUSTOM(size, name_size, name, contents) "\x00" size name_size name contents

/* Borrows the text, which is to be a literal. */
static struct module *decode(const char *bytes, size_t size)
{
	struct module *module;
	if (module_decode(view_of(bytes, size), &module) != 0)
		fail_msg("%s", err_text());
	return module;
}
#define DECODE(text) decode(text, sizeof(text) - 1)

static void assert_view(struct view view, const char *text)
{
	assert_int_equal(view.size, strlen(text));
	assert_memory_equal(view.data, text, view.size);
}

static void exports_are_found(void **state)
{
	(void)state;
	struct module *module = DECODE(HEAD TYPES "\x03\x02\x01\x00"
						  "\x05\x03\x01\x00\x02"
						  "\x07\x0e\x03\x01z\x00\x00\x01"
						  "a\x02\x00\x02"
						  "ab\x00\x00"
						  "\x0a\x04\x01\x02\x00\x0b");
	struct module_export export;
	assert_int_equal(module_export_count(module), 3);
	assert_true(module_find_export(module, view_text("ab"), &export));
	assert_int_equal(export.type.kind, EXTERN_FUNC);
	assert_true(module_find_export(module, view_text("a"), &export));
	assert_int_equal(export.type.kind, EXTERN_MEMORY);
	assert_int_equal(export.type.memory.limits.min, 2);
	assert_true(module_find_export(module, view_text("z"), &export));
	assert_false(module_find_export(module, view_text(""), &export));
	assert_false(module_find_export(module, view_text("abc"), &export));
	module_destroy(module);
}

/* Functions: an import, one named by the name section, one exported, one of no name. */
#define FOUR_FUNCS                               \
	HEAD TYPES "\x02\x09\x01\x03"            \
		   "env\x01"                     \
		   "f\x00\x00"                   \
		   "\x03\x04\x03\x00\x00\x00"    \
		   "\x07\x07\x01\x03out\x00\x02" \
		   "\x0a\x0a\x03\x02\x00\x0b\x02\x00\x0b\x02\x00\x0b"

static void functions_have_names(void **state)
{
	(void)state;
	struct module *module = DECODE(FOUR_FUNCS CUSTOM("\x0d", "\x04", "name",
		"\x01\x06\x01\x01\x03"
		"one"));
	assert_int_equal(module_func_count(module), 4);
	assert_view(module_func_name(module, 0), "env.f");
	assert_view(module_func_name(module, 1), "one");
	assert_view(module_func_name(module, 2), "out");
	assert_view(module_func_name(module, 3), "");
	assert_view(module_func_name(module, 4), "");
	module_destroy(module);
}

/* A name section can be broken anywhere; what stands before the break counts. */
static void broken_name_sections_are_read_as_far_as_they_go(void **state)
{
	(void)state;
	struct module *cut = DECODE(FOUR_FUNCS CUSTOM("\x10", "\x04", "name",
		"\x01\x7f\x02\x01\x03"
		"one"
		"\x03\x01t"));
	assert_view(module_func_name(cut, 1), "");
	module_destroy(cut);
	struct module *count = DECODE(FOUR_FUNCS CUSTOM("\x10", "\x04", "name",
		"\x01\x09\x05\x01\x03"
		"one"
		"\x03\x01t"));
	assert_view(module_func_name(count, 1), "one");
	assert_view(module_func_name(count, 3), "t");
	module_destroy(count);
	struct module *text = DECODE(FOUR_FUNCS CUSTOM("\x0f", "\x04", "name",
		"\x01\x08\x02\x01\x01\xff\x03\x02"
		"ok"));
	assert_view(module_func_name(text, 1), "");
	assert_view(module_func_name(text, 3), "ok");
	module_destroy(text);
	struct module *index = DECODE(FOUR_FUNCS CUSTOM("\x0b", "\x04", "name", "\x01\x04\x01\x63\x01x"));
	assert_view(module_func_name(index, 3), "");
	module_destroy(index);
}

static void custom_sections_are_found(void **state)
{
	(void)state;
	struct module *module =
		DECODE(HEAD CUSTOM("\x04", "\x01", "a", "xy") TYPES CUSTOM("\x03", "\x01", "b", "z") CUSTOM("\x02", "\x01", "a", ""));
	assert_view(module_custom_section(module, "a"), "xy");
	assert_view(module_custom_section(module, "b"), "z");
	assert_int_equal(module_custom_section(module, "c").size, 0);
	assert_int_equal(module_code_offset(module), 0);
	module_destroy(module);
}

static void equal_types_have_equal_numbers(void **state)
{
	(void)state;
	struct module *module = DECODE(HEAD "\x01\x11\x04\x60\x01\x7f\x00\x60\x00\x01\x7f\x60\x01\x7f\x00\x60\x01\x7e\x00");
	assert_int_equal(module->types[0].canonical, 0);
	assert_int_equal(module->types[1].canonical, 1);
	assert_int_equal(module->types[2].canonical, 0);
	assert_int_equal(module->types[3].canonical, 3);
	module_destroy(module);
}

static void bodies_are_measured(void **state)
{
	(void)state;
	/* (param i32) (local v128 i64) i32.const v128.const drop drop, in a type with one parameter. */
	struct module *module = DECODE(HEAD "\x01\x05\x01\x60\x01\x7f\x00"
					    "\x03\x02\x01\x00"
					    "\x0a\x1f\x01\x1d\x02\x01\x7b\x01\x7e\x41\x00\xfd\x0c"
					    "0123456789abcdef"
					    "\x1a\x01\x1a\x0b");
	const struct module_func *func = &module->funcs[0];
	assert_int_equal(func->local_count, 3);
	assert_int_equal(func->local_slots, 4);
	assert_int_equal(func->max_height, 3);
	assert_int_equal(module->bytes.data[func->code], 0x41);
	module_destroy(module);
}

static void append_size(struct buf *buf, size_t value)
{
	for (int i = 0; i < 5; i++, value >>= 7)
		buf_append_byte(buf, (uint8_t)(i < 4 ? value | 0x80 : value));
}

static void append_section(struct buf *module, uint8_t id, const struct buf *contents)
{
	buf_append_byte(module, id);
	append_size(module, contents->size);
	buf_append(module, contents->data, contents->size);
}

/* Large enough to be shared out among threads. Of the bad bodies the first is reported, however they were handed out. */
static void the_first_bad_function_is_reported(void **state)
{
	(void)state;
	enum { FUNCS = 20000, BODY = 256, FIRST_BAD = 12345 };
	BUF_CLEANUP struct buf module = { 0 }, funcs = { 0 }, code = { 0 };
	buf_append(&module, HEAD TYPES, sizeof(HEAD TYPES) - 1);
	append_size(&funcs, FUNCS);
	append_size(&code, FUNCS);
	for (int i = 0; i < FUNCS; i++) {
		buf_append_byte(&funcs, 0);
		append_size(&code, BODY);
		buf_append_byte(&code, 0);
		for (int at = 1; at < BODY - 1; at++)
			buf_append_byte(&code, i >= FIRST_BAD && at == 9 ? 0x1a : 0x01);
		buf_append_byte(&code, 0x0b);
	}
	append_section(&module, 3, &funcs);
	append_section(&module, 10, &code);
	for (int times = 0; times < 5; times++) {
		struct module *decoded;
		assert_int_equal(module_decode(buf_view(&module), &decoded), ERR_MALFORMED);
		assert_string_equal(err_text(),
			"type mismatch: drop expects a value of any type, found nothing, in function 12345, at offset 0x31786f");
	}
}

/* Counts that their bytes do not bear out must not be believed. */
static void huge_counts_cost_nothing(void **state)
{
	(void)state;
	for (uint8_t id = 1; id <= 11; id++) {
		BUF_CLEANUP struct buf module = { 0 };
		buf_append(&module, HEAD, sizeof HEAD - 1);
		buf_append_byte(&module, id);
		buf_append(&module, "\x05\xff\xff\xff\xff\x0f", 6);
		struct module *decoded;
		assert_int_equal(module_decode(buf_view(&module), &decoded), ERR_MALFORMED);
	}
}

/* A megabyte of blocks, one in the other: the validator's stack is not the processor's. */
static void deep_nesting_is_validated(void **state)
{
	(void)state;
	enum { DEPTH = 300000 };
	BUF_CLEANUP struct buf module = { 0 }, code = { 0 };
	buf_append(&module, HEAD TYPES "\x03\x02\x01\x00", sizeof(HEAD TYPES) + 3);
	append_size(&code, 1);
	append_size(&code, 1 + DEPTH * 3 + 1);
	buf_append_byte(&code, 0);
	for (int i = 0; i < DEPTH; i++)
		buf_append(&code, "\x02\x40", 2);
	for (int i = 0; i <= DEPTH; i++)
		buf_append_byte(&code, 0x0b);
	append_section(&module, 10, &code);
	struct module *decoded = decode((const char *)module.data, module.size);
	module_destroy(decoded);
}

/* A line table of version 4 by hand: "dir/f.c", line 7 at address 2 of the code section, line 9 column 3 at 4, end at 6. */
#define LINE_HEADER                                                    \
	"\x01\x01\x01\xff\x04\x0a\x00\x01\x01\x01\x01\x00\x00\x00\x01" \
	"dir\0"                                                        \
	"\0"                                                           \
	"f.c\0\x01\x00\x00"                                            \
	"\0"
#define LINE_PROGRAM                   \
	"\x00\x05\x02\x02\x00\x00\x00" \
	"\x03\x06\x01"                 \
	"\x05\x03\x02\x02\x03\x02\x01" \
	"\x02\x02\x00\x01\x01"
#define LINE_TABLE "\x38\x00\x00\x00\x04\x00\x1c\x00\x00\x00" LINE_HEADER LINE_PROGRAM
#define LINES_MODULE                  \
	HEAD TYPES "\x03\x02\x01\x00" \
		   "\x0a\x08\x01\x06\x00\x01\x01\x01\x01\x0b" CUSTOM("\x48", "\x0b", ".debug_line", LINE_TABLE)

static void assert_line(const struct lines *lines, size_t offset, const char *expected)
{
	struct line line;
	BUF_CLEANUP struct buf text = { 0 };
	if (lines_find(lines, (uint32_t)offset, &line))
		line_print(&text, &line);
	assert_string_equal(buf_text(&text), expected);
}

static void lines_are_found(void **state)
{
	(void)state;
	struct module *module = DECODE(LINES_MODULE);
	struct lines *lines;
	assert_int_equal(lines_create(module, &lines), 0);
	size_t code = module_code_offset(module);
	assert_line(lines, code - 1, "");
	assert_line(lines, code, "");
	assert_line(lines, code + 1, "");
	assert_line(lines, code + 2, "dir/f.c:7");
	assert_line(lines, code + 3, "dir/f.c:7");
	assert_line(lines, code + 4, "dir/f.c:9:3");
	assert_line(lines, code + 5, "dir/f.c:9:3");
	assert_line(lines, code + 6, "");
	lines_destroy(lines);
	module_destroy(module);
}

/* Cut anywhere, it gives fewer lines or none. */
static void cut_line_tables_are_harmless(void **state)
{
	(void)state;
	static const char whole[] = LINE_TABLE;
	for (size_t size = 0; size < sizeof whole - 1; size++) {
		BUF_CLEANUP struct buf bytes = { 0 }, section = { 0 };
		buf_append(&bytes, HEAD, sizeof HEAD - 1);
		buf_append_text(&section, "\x0b.debug_line");
		buf_append(&section, whole, size);
		append_section(&bytes, 0, &section);
		struct module *module = decode((const char *)bytes.data, bytes.size);
		struct lines *lines;
		assert_int_equal(lines_create(module, &lines), 0);
		assert_line(lines, 2, "");
		lines_destroy(lines);
		module_destroy(module);
	}
}

static void modules_without_dwarf_have_no_lines(void **state)
{
	(void)state;
	struct module *module = DECODE(HEAD);
	struct lines *lines;
	assert_int_equal(lines_create(module, &lines), 0);
	assert_line(lines, 0, "");
	assert_line(lines, UINT32_MAX, "");
	lines_destroy(lines);
	module_destroy(module);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exports_are_found),
		cmocka_unit_test(functions_have_names),
		cmocka_unit_test(broken_name_sections_are_read_as_far_as_they_go),
		cmocka_unit_test(custom_sections_are_found),
		cmocka_unit_test(equal_types_have_equal_numbers),
		cmocka_unit_test(bodies_are_measured),
		cmocka_unit_test(the_first_bad_function_is_reported),
		cmocka_unit_test(huge_counts_cost_nothing),
		cmocka_unit_test(deep_nesting_is_validated),
		cmocka_unit_test(lines_are_found),
		cmocka_unit_test(cut_line_tables_are_harmless),
		cmocka_unit_test(modules_without_dwarf_have_no_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
