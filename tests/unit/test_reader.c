#include "unit.h"
#include "wasm/reader.h"

static struct reader reader_of(const char *bytes, size_t size)
{
	const uint8_t *start = (const uint8_t *)bytes;
	return (struct reader){ .start = start, .at = start, .end = start + size };
}
#define READER(text) reader_of(text, sizeof(text) - 1)

static void unsigned_numbers_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		uint32_t value;
	} cases[] = {
		{ "\x00", 1, 0 },
		{ "\x7f", 1, 127 },
		{ "\x80\x01", 2, 128 },
		{ "\x80\x00", 2, 0 },
		{ "\xff\xff\xff\xff\x0f", 5, UINT32_MAX },
		{ "\x80\x80\x80\x80\x00", 5, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reader r = reader_of(cases[i].bytes, cases[i].size);
		const uint8_t *at = r.at;
		assert_int_equal(read_u32(&r), cases[i].value);
		assert_null(r.failure);
		assert_int_equal(reader_left(&r), 0);
		assert_int_equal(code_u32(&at), cases[i].value);
		assert_ptr_equal(at, r.end);
	}
}

static void signed_numbers_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		int64_t value;
	} cases[] = {
		{ "\x00", 1, 0 },
		{ "\x3f", 1, 63 },
		{ "\x40", 1, -64 },
		{ "\x7f", 1, -1 },
		{ "\xff\x7f", 2, -1 },
		{ "\x80\x7f", 2, -128 },
		{ "\x80\x80\x80\x80\x78", 5, INT32_MIN },
		{ "\xff\xff\xff\xff\x07", 5, INT32_MAX },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reader r = reader_of(cases[i].bytes, cases[i].size);
		const uint8_t *at = r.at;
		assert_int_equal(read_s32(&r), cases[i].value);
		assert_null(r.failure);
		assert_int_equal(code_s32(&at), cases[i].value);
		assert_ptr_equal(at, r.end);
	}
	struct reader least = READER("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f");
	assert_true(read_s64(&least) == INT64_MIN);
	assert_null(least.failure);
}

static void bad_numbers_fail(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		bool is_signed;
		const char *failure;
	} cases[] = {
		{ "", 0, false, "unexpected end" },
		{ "\x80", 1, false, "unexpected end" },
		{ "\x80\x80\x80\x80\x80\x00", 6, false, "integer representation too long" },
		{ "\x80\x80\x80\x80\x10", 5, false, "integer too large" },
		{ "\xff\xff\xff\xff\x0f", 5, true, "integer too large" },
		{ "\x80\x80\x80\x80\x70", 5, true, "integer too large" },
		{ "\xff\xff\xff\xff\xff\x7f", 6, true, "integer representation too long" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reader r = reader_of(cases[i].bytes, cases[i].size);
		assert_int_equal(read_leb(&r, 32, cases[i].is_signed), 0);
		assert_string_equal(r.failure, cases[i].failure);
	}
}

static void the_first_failure_stays(void **state)
{
	(void)state;
	struct reader r = READER("\x01\x05"
				 "ab");
	read_byte(&r);
	assert_int_equal(read_name(&r).size, 0);
	assert_string_equal(r.failure, "length out of bounds");
	assert_int_equal(r.failed_at, 2);
	assert_int_equal(read_byte(&r), 0);
	assert_int_equal(read_fixed(&r, 8), 0);
	assert_null(read_bytes(&r, 1).data);
	assert_string_equal(r.failure, "length out of bounds");
	assert_int_equal(r.failed_at, 2);
}

static void names_are_utf8(void **state)
{
	(void)state;
	struct reader good = READER("\x03"
				    "\xe2\x82\xac"
				    "!");
	assert_int_equal(read_name(&good).size, 3);
	assert_int_equal(read_byte(&good), '!');
	struct reader bad = READER("\x02"
				   "\xc0\x80");
	read_name(&bad);
	assert_string_equal(bad.failure, "malformed UTF-8 encoding");
}

static void opcodes_have_their_prefix(void **state)
{
	(void)state;
	const uint8_t bytes[] = { 0x6a, 0xfc, 0x08, 0xfd, 0xff, 0x01 }, *at = bytes;
	assert_int_equal(code_opcode(&at), 0x6a);
	assert_int_equal(code_opcode(&at), 0xfc08);
	assert_int_equal(code_opcode(&at), 0xfdff);
	assert_ptr_equal(at, bytes + sizeof bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_numbers_are_read),
		cmocka_unit_test(signed_numbers_are_read),
		cmocka_unit_test(bad_numbers_fail),
		cmocka_unit_test(the_first_failure_stays),
		cmocka_unit_test(names_are_utf8),
		cmocka_unit_test(opcodes_have_their_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
