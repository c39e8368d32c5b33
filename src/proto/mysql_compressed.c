/* Packets of MySQL that are compressed: each has a header of its own, and what is in it by itself, by zlib or zstd. */
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "proto/mysql_parts.h"

enum { HEADER = 7, OUT = 16 << 10 };

enum coding { PLAIN, ZLIB, ZSTD, UNDECIDED };

struct my_unpacker {
	uint8_t header[HEADER];
	uint32_t header_size;
	uint64_t left;  /* of the packet, as it was sent */
	uint64_t whole; /* of it, unpacked */
	enum coding coding;
	bool ended;     /* what is behind it does not count */
	size_t wanted;  /* by zstd, next */
	z_stream zlib;
	ZSTD_DStream *zstd;
};

void my_unpacker_destroy(struct my_unpacker *u)
{
	if (!u)
		return;
	inflateEnd(&u->zlib);
	ZSTD_freeDStream(u->zstd);
	free(u);
}

bool my_within_compressed(const struct my_direction *s)
{
	return s->unpacker && (s->unpacker->header_size || s->unpacker->left);
}

static size_t feed_header(struct my_unpacker *u, struct view bytes)
{
	struct view part = view_slice(bytes, 0, HEADER - u->header_size);
	if (part.size)
		memcpy(u->header + u->header_size, part.data, part.size);
	u->header_size += (uint32_t)part.size;
	if (u->header_size < HEADER)
		return part.size;
	struct reader r = { view_of(u->header, HEADER) };
	u->left = read_little(&r, 3);
	read_little(&r, 1);
	u->whole = read_little(&r, 3);
	u->coding = u->whole ? UNDECIDED : PLAIN;
	if (u->left == 0)
		u->header_size = 0;
	return part.size;
}

/* A frame of zstd begins with a byte that no stream of zlib begins with. */
static bool begin(struct decoder *d, struct my_unpacker *u, uint8_t first)
{
	enum { ZSTD_FIRST = 0x28, WINDOW_LOG_MAX = 24 };
	u->coding = first == ZSTD_FIRST ? ZSTD : ZLIB;
	u->ended = false;
	bool good = true;
	if (u->coding == ZLIB) {
		good = u->zlib.state ? inflateReset(&u->zlib) == Z_OK : inflateInit(&u->zlib) == Z_OK;
	} else {
		if (!u->zstd)
			u->zstd = ZSTD_createDStream();
		u->wanted = u->zstd ? ZSTD_initDStream(u->zstd) : 0;
		good = u->zstd && !ZSTD_isError(u->wanted) &&
			!ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
	}
	if (!good)
		d->err = err_nomem();
	return good;
}

/*
 * Some of the bytes, unpacked; false: what follows is not what it should be. zstd gets no more at once than it asks for, so that what comes
 * before an error does not depend on how the bytes were cut.
 */
static bool unpack(struct my_unpacker *u, struct view *bytes, uint8_t *out, size_t *ret_size)
{
	if (u->coding == ZSTD) {
		ZSTD_inBuffer in = { bytes->data, bytes->size < u->wanted ? bytes->size : u->wanted, 0 };
		ZSTD_outBuffer to = { out, OUT, 0 };
		size_t result = ZSTD_decompressStream(u->zstd, &to, &in);
		*bytes = view_slice(*bytes, in.pos, bytes->size);
		*ret_size = to.pos;
		u->wanted = ZSTD_isError(result) ? 0 : result;
		u->ended = result == 0;
		return !ZSTD_isError(result);
	}
	u->zlib.next_in = (uint8_t *)bytes->data;
	u->zlib.avail_in = (uInt)bytes->size;
	u->zlib.next_out = out;
	u->zlib.avail_out = OUT;
	int result = inflate(&u->zlib, Z_NO_FLUSH);
	*bytes = view_slice(*bytes, bytes->size - u->zlib.avail_in, bytes->size);
	*ret_size = OUT - u->zlib.avail_out;
	u->ended = result == Z_STREAM_END;
	return result == Z_OK || result == Z_BUF_ERROR || result == Z_STREAM_END;
}

static void feed_plain(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time)
{
	while (bytes.size && !d->err && !s->bad)
		bytes = view_slice(bytes, my_feed_packet(d, s, bytes, time), bytes.size);
}

/* Never more than the header said, so that nobody has to look through what is made of a few bytes. */
static void feed_packed(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time)
{
	struct my_unpacker *u = s->unpacker;
	if (bytes.size == 0 || (u->coding == UNDECIDED && !begin(d, u, bytes.data[0])))
		return;
	for (size_t got = OUT; (bytes.size || got == OUT) && !u->ended && !d->err && !s->bad;) {
		uint8_t out[OUT];
		size_t before = bytes.size;
		bool good = unpack(u, &bytes, out, &got) && got <= u->whole;
		got = got < u->whole ? got : u->whole;
		u->whole -= got;
		feed_plain(d, s, view_of(out, got), time);
		if (!good && !s->bad) {
			my_bad(d, s, "what is compressed cannot be unpacked");
			return;
		}
		if (got == 0 && bytes.size == before)
			return; /* there is something behind its end */
	}
}

size_t my_feed_compressed(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time)
{
	if (!s->unpacker)
		s->unpacker = calloc(1, sizeof *s->unpacker);
	struct my_unpacker *u = s->unpacker;
	if (!u) {
		d->err = err_nomem();
		return bytes.size;
	}
	if (u->left == 0 && u->header_size == 0)
		s->start = s->offset;
	if (u->left == 0)
		return feed_header(u, bytes);
	struct view part = view_slice(bytes, 0, u->left < bytes.size ? (size_t)u->left : bytes.size);
	if (u->coding == PLAIN)
		feed_plain(d, s, part, time);
	else
		feed_packed(d, s, part, time);
	u->left -= part.size;
	if (u->left == 0)
		u->header_size = 0;
	return part.size;
}
