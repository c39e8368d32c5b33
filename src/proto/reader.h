/* Takes numbers and texts from bytes, one after the other. What runs past their end is 0 or empty, and `failed` from then on. */
#pragma once

#include "base/view.h"

struct reader {
	struct view rest;
	bool failed;
};

static inline struct view read_bytes(struct reader *r, uint64_t size)
{
	if (size > r->rest.size) {
		r->failed = true;
		size = r->rest.size;
	}
	struct view bytes = view_slice(r->rest, 0, (size_t)size);
	r->rest.data += size;
	r->rest.size -= (size_t)size;
	return bytes;
}

/* Of 1 to 8 bytes, the first one the highest. */
static inline uint64_t read_big(struct reader *r, uint32_t size)
{
	struct view bytes = read_bytes(r, size);
	uint64_t value = 0;
	for (uint32_t i = 0; i < size; i++)
		value = value << 8 | (i < bytes.size ? bytes.data[i] : 0);
	return r->failed ? 0 : value;
}

/* The first one the lowest. */
static inline uint64_t read_little(struct reader *r, uint32_t size)
{
	struct view bytes = read_bytes(r, size);
	uint64_t value = 0;
	for (uint32_t i = 0; i < bytes.size; i++)
		value |= (uint64_t)bytes.data[i] << 8 * i;
	return r->failed ? 0 : value;
}

/* Up to a NUL, which is taken too. */
static inline struct view read_text(struct reader *r)
{
	const uint8_t *end = r->rest.size ? memchr(r->rest.data, 0, r->rest.size) : NULL;
	if (!end) {
		r->failed = true;
		return read_bytes(r, r->rest.size);
	}
	struct view text = read_bytes(r, (uint64_t)(end - r->rest.data));
	read_bytes(r, 1);
	return text;
}
