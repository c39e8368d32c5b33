#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "base/utf8.h"
#include "unit.h"

#include <errno.h>

static void buf_is_empty_when_zero(void **state)
{
	(void)state;
	struct buf buf = { 0 };
	assert_string_equal(buf_text(&buf), "");
	assert_int_equal(buf.size, 0);
	assert_int_equal(buf_status(&buf), ERR_NONE);
	buf_finish(&buf);
	buf_finish(&buf);
	buf_finish(NULL);
}

static void buf_appends(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf buf = { 0 };
	buf_append_text(&buf, "ab");
	buf_append_byte(&buf, 0);
	buf_append(&buf, "cd", 2);
	buf_append(&buf, NULL, 0);
	assert_int_equal(buf.size, 5);
	assert_memory_equal(buf.data, "ab\0cd", 5);
	assert_memory_equal(buf_text(&buf), "ab\0cd\0", 6);
	assert_int_equal(buf.size, 5);
	buf_clear(&buf);
	assert_int_equal(buf_view(&buf).size, 0);
}

static void buf_grows_over_many_appends(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf buf = { 0 };
	for (uint32_t i = 0; i < 100000; i++)
		buf_append(&buf, &i, sizeof i);
	assert_int_equal(buf.size, 400000);
	uint32_t last;
	memcpy(&last, buf.data + buf.size - 4, 4);
	assert_int_equal(last, 99999);
}

/* Text that just fits what is reserved, or misses by one byte, is where a wrong comparison would cut it. */
static void buf_printf_fits_exactly(void **state)
{
	(void)state;
	for (int length = 60; length < 70; length++) {
		BUF_CLEANUP struct buf buf = { 0 };
		buf_printf(&buf, "%*d", length, 7);
		assert_int_equal(buf.size, length);
		assert_int_equal(buf.data[length - 1], '7');
		buf_printf(&buf, "%*d|%s", length, 8, "");
		assert_int_equal(buf.size, 2 * length + 1);
		assert_false(buf.failed);
	}
}

static void buf_stops_at_its_maximum(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf buf = { .max = 10 };
	buf_append(&buf, "0123456789", 10);
	assert_false(buf.failed);
	buf_append_byte(&buf, 'x');
	assert_true(buf.failed);
	assert_int_equal(buf.size, 10);
	assert_memory_equal(buf.data, "0123456789", 10);
	assert_int_equal(buf_status(&buf), ERR_NOMEM);
	assert_string_equal(err_text(), "out of memory");
	buf_clear(&buf);
	assert_int_equal(buf_status(&buf), ERR_NONE);
	buf_append_text(&buf, "ok");
	assert_string_equal(buf_text(&buf), "ok");
}

static void buf_refuses_sizes_that_overflow(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf buf = { 0 };
	buf_append_text(&buf, "kept");
	assert_false(buf_reserve(&buf, SIZE_MAX));
	assert_false(buf_reserve(&buf, SIZE_MAX - 3));
	assert_true(buf.failed);
	assert_int_equal(buf.size, 4);
	assert_memory_equal(buf.data, "kept", 4);
}

static void arena_is_zeroed_and_aligned(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	for (size_t size = 1; size < 300; size++) {
		uint8_t *data = arena_array(&arena, 1, size);
		assert_non_null(data);
		assert_int_equal((uintptr_t)data % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(data[i], 0);
		memset(data, 0xff, size);
	}
	arena_finish(&arena);
	arena_finish(&arena);
	arena_finish(NULL);
}

/* A large object must not throw away what is left of the chunk that small ones come from. */
static void arena_keeps_its_chunk_beside_large_objects(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	uint8_t *first = arena_array(&arena, 1, 16);
	uint8_t *large = arena_array(&arena, 1, 1 << 20);
	uint8_t *second = arena_array(&arena, 1, 16);
	assert_non_null(large);
	large[(1 << 20) - 1] = 1;
	assert_ptr_equal(second, first + 16);
	arena_finish(&arena);
}

/* What is cleared is used again, and zero as if it were new. */
static void arena_is_used_again(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	arena_clear(&arena);
	uint8_t *first = arena_array(&arena, 1, 1000);
	memset(first, 0xff, 1000);
	assert_non_null(arena_array(&arena, 1, 1 << 20));
	for (int i = 0; i < 100; i++)
		assert_non_null(arena_array(&arena, 1, 10000));
	arena_clear(&arena);
	uint8_t *again = arena_array(&arena, 1, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(again[i], 0);
	memset(again, 0xff, 1000);
	arena_clear(&arena);
	assert_ptr_equal(arena_array(&arena, 1, 1000), again);
	assert_int_equal(again[999], 0);
	arena_finish(&arena);
}

static void arena_gives_null_on_overflow(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	assert_null(arena_array(&arena, SIZE_MAX, 2));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 2));
	assert_null(arena_array(&arena, 1, SIZE_MAX));
	assert_null(arena_array(&arena, 1, SIZE_MAX - 15));
	assert_non_null(arena_array(&arena, 0, 8));
	arena_finish(&arena);
}

static void arena_text_ends_with_nul(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	assert_string_equal(arena_text(&arena, view_of("hello", 3)), "hel");
	assert_string_equal(arena_text(&arena, (struct view){ 0 }), "");
	arena_finish(&arena);
}

static void err_keeps_the_text_and_prefixes_it(void **state)
{
	(void)state;
	assert_int_equal(err_set(ERR_LIMIT, "%d is too many", 7), ERR_LIMIT);
	assert_string_equal(err_text(), "7 is too many");
	assert_int_equal(err_prefix(ERR_LIMIT, "%s", "a.wasm"), ERR_LIMIT);
	assert_string_equal(err_text(), "a.wasm: 7 is too many");
	err_set(ERR_IO, "%s", "");
	err_prefix(ERR_IO, "alone");
	assert_string_equal(err_text(), "alone");
}

static void err_names_what_the_system_said(void **state)
{
	(void)state;
	static const struct {
		int number;
		enum err code;
	} cases[] = {
		{ ENOENT, ERR_NOT_FOUND },
		{ EEXIST, ERR_EXISTS },
		{ EACCES, ERR_ACCESS },
		{ ENOSPC, ERR_NOSPACE },
		{ ENOMEM, ERR_NOMEM },
		{ EIO, ERR_IO },
		{ EDQUOT, ERR_NOSPACE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(err_set_errno(cases[i].number, "x"), cases[i].code);
	err_set_errno(ENOENT, "open %s", "a.wasm");
	assert_string_equal(err_text(), "open a.wasm: No such file or directory");
}

/* The text is cut at its maximum, whole chains of prefixes included, and stays a string. */
static void err_text_is_bounded(void **state)
{
	(void)state;
	static char long_text[10000];
	memset(long_text, 'x', sizeof long_text - 1);
	err_set(ERR_IO, "%s", long_text);
	size_t length = strlen(err_text());
	assert_true(length > 1000 && length < sizeof long_text);
	err_set_errno(EIO, "%s", long_text);
	assert_int_equal(strlen(err_text()), length);
	for (int i = 0; i < 10; i++)
		err_prefix(ERR_IO, "%.1000s", long_text);
	assert_int_equal(strlen(err_text()), length);
}

static enum err fails(enum err code)
{
	TRY(code);
	return ERR_END;
}

static void try_passes_up_what_failed(void **state)
{
	(void)state;
	assert_int_equal(fails(ERR_NONE), ERR_END);
	assert_int_equal(fails(ERR_TRAP), ERR_TRAP);
}

static void ticks_become_nanoseconds(void **state)
{
	(void)state;
	time_init();
	struct time_anchor from = time_anchor_now();
	nanosleep(&(struct timespec){ .tv_nsec = 20 * NS_PER_MS }, NULL);
	struct time_anchor to = time_anchor_now();
	uint64_t scale = time_tick_scale();
	uint64_t ticks = (uint64_t)(((unsigned __int128)(to.ticks - from.ticks) * scale) >> 32);
	uint64_t ns = to.monotonic - from.monotonic;
	uint64_t gap = ticks > ns ? ticks - ns : ns - ticks;
	assert_true(ns >= 20 * NS_PER_MS);
	assert_true(gap < ns / 20);
	assert_true(to.wall > (uint64_t)1600000000 * NS_PER_S);
}

static void ticks_without_a_counter_are_nanoseconds(void **state)
{
	(void)state;
	bool tsc = time_ticks_are_tsc;
	time_ticks_are_tsc = false;
	uint64_t before = time_of(CLOCK_MONOTONIC);
	uint64_t ticks = time_ticks();
	uint64_t after = time_of(CLOCK_MONOTONIC);
	assert_in_range(ticks, before, after);
	assert_int_equal(time_tick_scale(), (uint64_t)1 << 32);
	time_ticks_are_tsc = tsc;
}

static void utf8_follows_rfc_3629(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{ "a", 1 },
		{ "\x7f", 1 },
		{ "\x80", 0 },
		{ "\xc1\xbf", 0 },
		{ "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 },
		{ "\xe0\x9f\xbf", 0 },
		{ "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 },
		{ "\xed\xa0\x80", 0 },
		{ "\xef\xbf\xbf", 3 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 },
		{ "\xff", 0 },
		{ "\xc2", 0 },
		{ "\xe2\x82", 0 },
		{ "\xf0\x9f\x98", 0 },
		{ "\xc2"
		  "a",
			0 },
		{ "\xe2\x82"
		  "a",
			0 },
		{ "", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(utf8_length(view_text(cases[i].text)), cases[i].length);
	assert_int_equal(utf8_length(view_of("\0", 1)), 1);
	assert_true(utf8_valid(view_text("")));
	assert_true(utf8_valid(view_text("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")));
	assert_false(utf8_valid(view_text("a\xc3\xa9\xe2\x82")));
}

static void views_compare_and_slice(void **state)
{
	(void)state;
	struct view text = view_text("hello");
	assert_true(view_is(text, "hello"));
	assert_false(view_is(text, "hell"));
	assert_true(view_equal((struct view){ 0 }, view_text("")));
	assert_true(view_is(view_slice(text, 1, 3), "ell"));
	assert_true(view_is(view_slice(text, 3, SIZE_MAX), "lo"));
	assert_int_equal(view_slice(text, 5, 1).size, 0);
	assert_int_equal(view_slice(text, SIZE_MAX, 1).size, 0);
}

/* Letters only: what differs from another byte by the same bit is another byte. */
static void views_compare_as_words(void **state)
{
	(void)state;
	struct view text = view_text("Keep-Alive");
	assert_true(view_is_word(text, "keep-alive"));
	assert_true(view_is_word(text, "KEEP-ALIVE"));
	assert_false(view_is_word(text, "keep-aliv"));
	assert_false(view_is_word(text, "keep-alive "));
	assert_false(view_is_word(text, "keep\ralive"));
	assert_false(view_is_word(view_text("@[`{"), "`{@["));
	assert_false(view_is_word(view_of("a\0", 2), "a"));
	assert_true(view_is_word((struct view){ 0 }, ""));
	assert_true(view_same_word(view_text("\xc3\x84"), view_text("\xc3\x84")));
	assert_false(view_same_word(view_text("\xc3\x84"), view_text("\xc3\xa4")));
	assert_true(view_begins_word(text, "KEEP"));
	assert_true(view_begins_word(text, "keep-alive"));
	assert_false(view_begins_word(text, "keep-alives"));
	assert_true(view_begins_word((struct view){ 0 }, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_is_empty_when_zero),
		cmocka_unit_test(buf_appends),
		cmocka_unit_test(buf_grows_over_many_appends),
		cmocka_unit_test(buf_printf_fits_exactly),
		cmocka_unit_test(buf_stops_at_its_maximum),
		cmocka_unit_test(buf_refuses_sizes_that_overflow),
		cmocka_unit_test(arena_is_zeroed_and_aligned),
		cmocka_unit_test(arena_keeps_its_chunk_beside_large_objects),
		cmocka_unit_test(arena_is_used_again),
		cmocka_unit_test(arena_gives_null_on_overflow),
		cmocka_unit_test(arena_text_ends_with_nul),
		cmocka_unit_test(err_keeps_the_text_and_prefixes_it),
		cmocka_unit_test(err_names_what_the_system_said),
		cmocka_unit_test(err_text_is_bounded),
		cmocka_unit_test(try_passes_up_what_failed),
		cmocka_unit_test(ticks_become_nanoseconds),
		cmocka_unit_test(ticks_without_a_counter_are_nanoseconds),
		cmocka_unit_test(utf8_follows_rfc_3629),
		cmocka_unit_test(views_compare_and_slice),
		cmocka_unit_test(views_compare_as_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
