#include "base/escape.h"

/* Made to be cheap: a trace prints millions of them. */
static inline void put(struct buf *out, const void *data, size_t size)
{
	if (__builtin_expect(out->capacity - out->size < size, 0) && !buf_reserve(out, size))
		return;
	if (size)
		memcpy(out->data + out->size, data, size);
	out->size += size;
}

static inline void put_byte(struct buf *out, char byte)
{
	put(out, &byte, 1);
}

/* The letter of a C escape, 1 for octal, 0 for a byte that stands for itself. */
static char escape_of(uint8_t byte)
{
	switch (byte) {
	case '"':
	case '\\': return (char)byte;
	case '\n': return 'n';
	case '\t': return 't';
	case '\r': return 'r';
	case '\v': return 'v';
	case '\f': return 'f';
	default: return byte < ' ' || byte > '~';
	}
}

static void put_octal(struct buf *out, uint8_t byte, bool whole)
{
	put_byte(out, '\\');
	if (whole || byte >= 0100)
		put_byte(out, (char)('0' + (byte >> 6)));
	if (whole || byte >= 010)
		put_byte(out, (char)('0' + (byte >> 3 & 7)));
	put_byte(out, (char)('0' + (byte & 7)));
}

void escape_bytes(struct buf *out, struct view bytes, const char *also)
{
	const uint8_t *run = bytes.data;
	const uint8_t *end = bytes.data + bytes.size;
	for (const uint8_t *at = run; at < end; at++) {
		char escape = escape_of(*at);
		if (__builtin_expect(!escape, 1) && !(*also && strchr(also, *at)))
			continue;
		put(out, run, (size_t)(at - run));
		run = at + 1;
		if (escape > 1) {
			put_byte(out, '\\');
			put_byte(out, escape);
		} else {
			put_octal(out, *at, run < end && *run >= '0' && *run <= '7');
		}
	}
	put(out, run, (size_t)(end - run));
}
