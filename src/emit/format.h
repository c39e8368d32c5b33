/*
 * Values as text, appended to a buf. Made to be cheap: a trace prints millions of them.
 */
#pragma once

#include "base/escape.h"

static inline void format_bytes(struct buf *out, const void *data, size_t size)
{
	if (__builtin_expect(out->capacity - out->size < size, 0) && !buf_reserve(out, size))
		return;
	if (size)
		memcpy(out->data + out->size, data, size);
	out->size += size;
}

static inline void format_byte(struct buf *out, char byte)
{
	if (__builtin_expect(out->capacity == out->size, 0) && !buf_reserve(out, 1))
		return;
	out->data[out->size++] = (uint8_t)byte;
}

static inline void format_text(struct buf *out, const char *text)
{
	format_bytes(out, text, strlen(text));
}

void format_uint(struct buf *out, uint64_t value);
void format_sint(struct buf *out, int64_t value);
void format_double(struct buf *out, double value); /* the fewest digits that say which it is; nan, inf, -inf */
void format_hex(struct buf *out, uint64_t value);                     /* 0x1f; 0 is 0 */
void format_padded(struct buf *out, uint64_t value, uint32_t digits); /* with zeros before it */

/* Bytes with the escapes of C: escape_bytes. */
static inline void format_escaped(struct buf *out, struct view bytes, const char *also)
{
	escape_bytes(out, bytes, also);
}

/* Text for a terminal: as it is where it is UTF-8 without control characters and not empty, else with escapes and between quotes. */
void format_readable(struct buf *out, struct view text);

/* A JSON string with its quotes. The bytes must be UTF-8. */
void format_json(struct buf *out, struct view text);

void format_base64(struct buf *out, struct view bytes);

/* 2026-11-23T13:56:24.123456789Z (RFC 3339), of nanoseconds since 1970. */
void format_time(struct buf *out, uint64_t wall);

/* 2026/11/23 14:56:24.123456, of nanoseconds since 1970, in the local time zone. */
void format_local_time(struct buf *out, uint64_t wall);

/* Seconds with nine decimals: 0.000123456. */
void format_seconds(struct buf *out, uint64_t ns);

/* Names joined by |, and bits without a name in hexadecimal; 0 when there is nothing. */
void format_flags(struct buf *out, const char *const *names, uint32_t count, uint64_t rest);

/* For people: three digits or so and a unit. 1.23ms, 4m10s, 2h5m, 3d4h; 17 B, 4.1 KiB. */
void format_duration(struct buf *out, uint64_t ns);
void format_size(struct buf *out, uint64_t size);
