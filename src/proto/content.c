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

/* How far a coding could be undone. */
enum undone { UNDONE_NOT, UNDONE_PART, UNDONE_WHOLE };

/* gzip with one member or more, and perhaps something else behind; deflate is zlib's format, or without its header as some send it. */
static enum undone inflate_all(struct view in, int window, struct output *o)
{
	z_stream stream = { .next_in = (Bytef *)in.data, .avail_in = (uInt)(in.size < UINT32_MAX ? in.size : UINT32_MAX) };
	struct piece piece;
	enum undone undone = UNDONE_PART;
	int status = Z_OK;
	if (inflateInit2(&stream, window) != Z_OK)
		return UNDONE_NOT;
	while (status == Z_OK) {
		stream.next_out = piece.bytes;
		stream.avail_out = PIECE;
		status = inflate(&stream, Z_NO_FLUSH); /* Z_BUF_ERROR: all that came is undone, and it is not the end */
		if (!put(o, piece.bytes, PIECE - stream.avail_out))
			break;
		if (status != Z_STREAM_END) {
			undone = stream.total_out || undone != UNDONE_WHOLE ? UNDONE_PART : undone;
			continue;
		}
		undone = UNDONE_WHOLE;
		if (stream.avail_in)
			status = inflateReset(&stream);
	}
	inflateEnd(&stream);
	bool good = status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END;
	return !good && o->out->size == o->start ? UNDONE_NOT : undone;
}

static enum undone decode_gzip(struct view in, struct output *o)
{
	return inflate_all(in, 15 + 16, o);
}

static enum undone decode_deflate(struct view in, struct output *o)
{
	enum undone undone = inflate_all(in, 15, o);
	return undone == UNDONE_NOT ? inflate_all(in, -15, o) : undone;
}

static enum undone decode_br(struct view in, struct output *o)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	struct piece piece;
	BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	const uint8_t *next = in.data;
	size_t left = in.size;
	bool goes_on = state;
	while (goes_on) {
		uint8_t *to = piece.bytes;
		size_t room = PIECE;
		result = BrotliDecoderDecompressStream(state, &left, &next, &room, &to, NULL);
		/* Where the bytes end early it asks for more of them, and may still have something. */
		bool more = result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT || BrotliDecoderHasMoreOutput(state);
		goes_on = put(o, piece.bytes, PIECE - room) && more && result != BROTLI_DECODER_RESULT_ERROR;
	}
	BrotliDecoderDestroyInstance(state);
	if (!state || (result == BROTLI_DECODER_RESULT_ERROR && o->out->size == o->start))
		return UNDONE_NOT;
	return result == BROTLI_DECODER_RESULT_SUCCESS ? UNDONE_WHOLE : UNDONE_PART;
}

static enum undone decode_zstd(struct view in, struct output *o)
{
	enum { WINDOW_LOG_MAX = 23 }; /* RFC 9659: 8 MiB, what a sender may ask of anybody */
	ZSTD_DCtx *context = ZSTD_createDCtx();
	struct piece piece;
	ZSTD_inBuffer from = { in.data, in.size, 0 };
	size_t status = 1;
	bool goes_on = context && !ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
	while (goes_on) {
		ZSTD_outBuffer to = { piece.bytes, PIECE, 0 };
		status = ZSTD_decompressStream(context, &to, &from);
		goes_on = !ZSTD_isError(status) && put(o, piece.bytes, to.pos) && (from.pos < from.size || to.pos == PIECE);
	}
	ZSTD_freeDCtx(context);
	if (!context || (ZSTD_isError(status) && o->out->size == o->start))
		return UNDONE_NOT;
	return status == 0 ? UNDONE_WHOLE : UNDONE_PART;
}

static const struct {
	const char *name;
	enum undone (*decode)(struct view in, struct output *o);
} codings_known[] = {
	{ "gzip", decode_gzip }, { "x-gzip", decode_gzip }, { "deflate", decode_deflate }, { "br", decode_br }, { "zstd", decode_zstd },
	{ "identity", NULL }, { "chunked", NULL }, /* that was undone before */
};

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

static enum undone decode_one(struct view coding, struct view in, struct output *o)
{
	for (size_t i = 0; i < sizeof codings_known / sizeof *codings_known; i++) {
		if (!view_is_word(coding, codings_known[i].name))
			continue;
		if (codings_known[i].decode)
			return codings_known[i].decode(in, o);
		put(o, in.data, in.size);
		return UNDONE_WHOLE;
	}
	return UNDONE_NOT;
}

bool content_decode(struct view codings, struct view bytes, uint64_t max, struct buf *out, bool *ret_cut)
{
	BUF_CLEANUP struct buf before = { 0 };
	size_t start = out->size;
	bool cut = false;
	uint32_t i = 0;
	for (struct view coding; (coding = last_word(&codings)).size; i++) {
		struct output o = { .out = out, .start = start, .max = max };
		if (i) { /* what the last one made is what this one is undone from */
			buf_clear(&before);
			buf_append(&before, out->data + start, out->size - start);
			out->size = start;
			bytes = buf_view(&before);
		}
		enum undone undone = i < CODINGS_MAX ? decode_one(coding, bytes, &o) : UNDONE_NOT;
		if (undone == UNDONE_NOT || out->failed || before.failed) {
			out->size = start;
			return false;
		}
		cut |= o.cut || undone == UNDONE_PART;
	}
	*ret_cut = cut;
	return i != 0;
}
