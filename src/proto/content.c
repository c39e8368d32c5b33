#include "proto/content.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

enum { PIECE = 64 << 10, CODINGS_MAX = 4 };

struct piece {
	uint8_t bytes[PIECE];
};

/* What one coding makes of the next bytes: appends, and says whether there may be more. */
struct output {
	struct buf *out;
	size_t start;
	uint64_t max;
	bool cut;
};

/* False: enough. */
static bool put(struct output *o, const uint8_t *bytes, size_t size)
{
	uint64_t used = o->out->size - o->start;
	uint64_t part = size < o->max - used ? size : o->max - used;
	buf_append(o->out, bytes, part);
	o->cut |= part < size;
	return !o->cut && !o->out->failed;
}

/* gzip with one member or more; deflate is zlib's format, or without its header as some send it. */
static bool inflate_all(struct view in, int window, struct output *o)
{
	z_stream stream = { .next_in = (Bytef *)in.data, .avail_in = (uInt)(in.size < UINT32_MAX ? in.size : UINT32_MAX) };
	struct piece piece;
	bool good = true, goes_on = true;
	if (inflateInit2(&stream, window) != Z_OK)
		return false;
	while (goes_on && stream.avail_in) {
		stream.next_out = piece.bytes;
		stream.avail_out = PIECE;
		int status = inflate(&stream, Z_NO_FLUSH);
		goes_on = put(o, piece.bytes, PIECE - stream.avail_out);
		if (status == Z_STREAM_END)
			goes_on = goes_on && stream.avail_in && inflateReset(&stream) == Z_OK;
		else if (status != Z_OK && status != Z_BUF_ERROR)
			good = goes_on = false;
	}
	inflateEnd(&stream);
	return good;
}

static bool decode_gzip(struct view in, struct output *o)
{
	return inflate_all(in, 15 + 16, o);
}

static bool decode_deflate(struct view in, struct output *o)
{
	if (inflate_all(in, 15, o))
		return true;
	o->out->size = o->start;
	o->cut = false;
	return inflate_all(in, -15, o);
}

static bool decode_br(struct view in, struct output *o)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	struct piece piece;
	BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	const uint8_t *next = in.data;
	size_t left = in.size;
	bool goes_on = state;
	while (goes_on && result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
		uint8_t *to = piece.bytes;
		size_t room = PIECE;
		result = BrotliDecoderDecompressStream(state, &left, &next, &room, &to, NULL);
		goes_on = put(o, piece.bytes, PIECE - room);
	}
	BrotliDecoderDestroyInstance(state);
	return state && result != BROTLI_DECODER_RESULT_ERROR;
}

static bool decode_zstd(struct view in, struct output *o)
{
	enum { WINDOW_LOG_MAX = 23 }; /* RFC 9659: 8 MiB, what a sender may ask of anybody */
	ZSTD_DCtx *context = ZSTD_createDCtx();
	struct piece piece;
	ZSTD_inBuffer from = { in.data, in.size, 0 };
	bool good = context, goes_on = context;
	if (context)
		ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	while (goes_on) {
		ZSTD_outBuffer to = { piece.bytes, PIECE, 0 };
		size_t status = ZSTD_decompressStream(context, &to, &from);
		good = !ZSTD_isError(status);
		goes_on = good && put(o, piece.bytes, to.pos) && (from.pos < from.size || to.pos == PIECE);
	}
	ZSTD_freeDCtx(context);
	return good;
}

static const struct {
	const char *name;
	bool (*decode)(struct view in, struct output *o);
} codings_known[] = {
	{ "gzip", decode_gzip },
	{ "x-gzip", decode_gzip },
	{ "deflate", decode_deflate },
	{ "br", decode_br },
	{ "zstd", decode_zstd },
	{ "identity", NULL },
};

static bool same_word(struct view word, const char *name)
{
	if (word.size != strlen(name))
		return false;
	for (size_t i = 0; i < word.size; i++) {
		if ((word.data[i] | 0x20) != name[i])
			return false;
	}
	return true;
}

/* The last word of a list, which is shortened by it. */
static struct view last_word(struct view *list)
{
	static const char between[] = ", \t";
	while (list->size && memchr(between, list->data[list->size - 1], sizeof between - 1))
		list->size--;
	size_t end = list->size;
	while (list->size && !memchr(between, list->data[list->size - 1], sizeof between - 1))
		list->size--;
	return view_of(list->data + list->size, end - list->size);
}

static bool decode_one(struct view coding, struct view in, struct output *o)
{
	for (size_t i = 0; i < sizeof codings_known / sizeof *codings_known; i++) {
		if (!same_word(coding, codings_known[i].name))
			continue;
		return codings_known[i].decode ? codings_known[i].decode(in, o) : (put(o, in.data, in.size), true);
	}
	return false;
}

bool content_decode(struct view codings, struct view bytes, uint64_t max, struct buf *out, bool *ret_cut)
{
	BUF_CLEANUP struct buf before = { 0 };
	size_t start = out->size;
	for (uint32_t i = 0; i < CODINGS_MAX; i++) {
		struct view coding = last_word(&codings);
		if (coding.size == 0)
			return i != 0;
		struct output o = { .out = out, .start = start, .max = max };
		if (i) { /* what the last one made is what this one is undone from */
			buf_clear(&before);
			buf_append(&before, out->data + start, out->size - start);
			out->size = start;
			bytes = buf_view(&before);
		}
		if (!decode_one(coding, bytes, &o) || out->failed || before.failed) {
			out->size = start;
			return false;
		}
		*ret_cut = o.cut;
	}
	out->size = start;
	return false;
}
