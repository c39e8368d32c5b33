/* Content codings undone: whole, cut anywhere, one on the other, broken, and made to be larger than anybody wants. */
#include "unit.h"

#include "proto/content.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { SIZE = 200000 };

/* Letters in no order. */
static struct view text(void)
{
	static uint8_t bytes[SIZE];
	for (uint32_t i = 0, next = 1; i < SIZE; i++) {
		next = next * 1664525 + 1013904223;
		bytes[i] = (uint8_t)('a' + (next >> 24) % 26);
	}
	return view_of(bytes, SIZE);
}

static void compress_zlib(struct buf *out, struct view in, int window)
{
	z_stream stream = { .next_in = (Bytef *)in.data, .avail_in = (uInt)in.size };
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, 0), Z_OK);
	size_t bound = deflateBound(&stream, in.size);
	assert_true(buf_reserve(out, bound));
	stream.next_out = out->data + out->size;
	stream.avail_out = (uInt)bound;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out->size += stream.total_out;
	deflateEnd(&stream);
}

static void compress_gzip(struct buf *out, struct view in)
{
	compress_zlib(out, in, 15 + 16);
}

static void compress_deflate(struct buf *out, struct view in)
{
	compress_zlib(out, in, 15);
}

static void compress_raw(struct buf *out, struct view in)
{
	compress_zlib(out, in, -15);
}

static void compress_br(struct buf *out, struct view in)
{
	size_t size = BrotliEncoderMaxCompressedSize(in.size);
	assert_true(buf_reserve(out, size));
	assert_true(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, in.size, in.data, &size, out->data + out->size));
	out->size += size;
}

static void compress_zstd(struct buf *out, struct view in)
{
	size_t bound = ZSTD_compressBound(in.size);
	assert_true(buf_reserve(out, bound));
	size_t size = ZSTD_compress(out->data + out->size, bound, in.data, in.size, 3);
	assert_false(ZSTD_isError(size));
	out->size += size;
}

static const struct {
	const char *name;
	void (*compress)(struct buf *out, struct view in);
} codings[] = {
	{ "gzip", compress_gzip },
	{ "X-Gzip", compress_gzip },
	{ "deflate", compress_deflate },
	{ "deflate", compress_raw },
	{ "br", compress_br },
	{ "zstd", compress_zstd },
};

enum { CODINGS = sizeof codings / sizeof *codings };

static void test_each_is_undone(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CODINGS; i++) {
		BUF_CLEANUP struct buf in = { 0 }, out = { 0 };
		bool cut = true;
		codings[i].compress(&in, text());
		assert_true(content_decode(view_text(codings[i].name), buf_view(&in), SIZE, &out, &cut));
		assert_false(cut);
		assert_true(view_equal(buf_view(&out), text()));
	}
}

/* What there is of a body that was cut is the beginning of the whole, more of it with every byte, and is told to be cut. */
static void test_cut_anywhere(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CODINGS; i++) {
		BUF_CLEANUP struct buf in = { 0 }, out = { 0 };
		codings[i].compress(&in, text());
		for (size_t size = 1, before = 0; size < in.size; size += 1 + size / 16) {
			bool cut = false;
			buf_clear(&out);
			assert_true(content_decode(view_text(codings[i].name), view_of(in.data, size), SIZE, &out, &cut));
			assert_true(cut || out.size == SIZE); /* what follows the last byte of the body may be missing */
			assert_true(out.size >= before);
			assert_true(view_equal(buf_view(&out), view_slice(text(), 0, out.size)));
			before = out.size;
		}
		assert_true(out.size > SIZE / 2);
	}
}

/* 64 MiB of one byte in few bytes: no more is made of them than is wanted. */
static void test_bombs(void **state)
{
	enum { BOMB = 64 << 20, WANTED = 100000 };
	uint8_t *zeros = calloc(1, BOMB);
	assert_non_null(zeros);
	(void)state;
	for (uint32_t i = 0; i < CODINGS; i++) {
		BUF_CLEANUP struct buf in = { 0 }, out = { 0 };
		bool cut = false;
		codings[i].compress(&in, view_of(zeros, BOMB));
		assert_true(content_decode(view_text(codings[i].name), buf_view(&in), WANTED, &out, &cut));
		assert_true(cut);
		assert_int_equal(out.size, WANTED);
		assert_true(out.capacity < 4 * WANTED);
	}
	free(zeros);
}

/* The last that was applied is undone first. */
static void test_one_on_the_other(void **state)
{
	BUF_CLEANUP struct buf first = { 0 }, second = { 0 }, out = { 0 };
	bool cut = true;
	(void)state;
	compress_gzip(&first, text());
	compress_br(&second, buf_view(&first));
	assert_true(content_decode(view_text(" gzip , identity,br"), buf_view(&second), SIZE, &out, &cut));
	assert_false(cut);
	assert_true(view_equal(buf_view(&out), text()));
	buf_clear(&out);
	assert_false(content_decode(view_text("br, gzip"), buf_view(&second), SIZE, &out, &cut));
	assert_false(content_decode(view_text("identity,identity,identity,identity,identity"), text(), SIZE, &out, &cut));
	assert_int_equal(out.size, 0);
}

static void test_several_members_and_what_is_behind(void **state)
{
	BUF_CLEANUP struct buf in = { 0 }, out = { 0 };
	bool cut = true;
	(void)state;
	compress_gzip(&in, view_text("one, "));
	compress_gzip(&in, view_text("two"));
	buf_append_text(&in, "and what is no gzip");
	assert_true(content_decode(view_text("gzip"), buf_view(&in), SIZE, &out, &cut));
	assert_false(cut);
	assert_true(view_is(buf_view(&out), "one, two"));
}

/* A byte that is wrong in the middle leaves what was before it. */
static void test_broken(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CODINGS; i++) {
		BUF_CLEANUP struct buf in = { 0 }, out = { 0 };
		bool cut = false;
		buf_append_text(&out, "before");
		assert_false(content_decode(view_text(codings[i].name), view_text("<html>"), SIZE, &out, &cut));
		assert_true(view_is(buf_view(&out), "before"));
		codings[i].compress(&in, text());
		memset(in.data + in.size / 2, 0xff, 8);
		buf_clear(&out);
		if (content_decode(view_text(codings[i].name), buf_view(&in), SIZE, &out, &cut))
			assert_true(out.size <= SIZE);
	}
	BUF_CLEANUP struct buf out = { 0 };
	bool cut;
	assert_false(content_decode(view_text("compress"), view_text("x"), SIZE, &out, &cut));
	assert_false(content_decode(view_text(" , "), view_text("x"), SIZE, &out, &cut));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_undone),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_one_on_the_other),
		cmocka_unit_test(test_several_members_and_what_is_behind),
		cmocka_unit_test(test_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
