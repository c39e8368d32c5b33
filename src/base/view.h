/*
 * Bytes that somebody else owns. A view borrows: whoever makes one says how long the bytes live.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const uint8_t *data; /* may be NULL when size is 0 */
	size_t size;
};

static inline struct view view_of(const void *data, size_t size)
{
	return (struct view){ data, size };
}

static inline struct view view_text(const char *text)
{
	return (struct view){ (const uint8_t *)text, strlen(text) };
}

static inline bool view_equal(struct view a, struct view b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool view_is(struct view a, const char *text)
{
	return view_equal(a, view_text(text));
}

/* The part from `at`, at most `size` bytes; empty when `at` is past the end. */
static inline struct view view_slice(struct view a, size_t at, size_t size)
{
	if (at >= a.size)
		return (struct view){ 0 };
	return (struct view){ a.data + at, size < a.size - at ? size : a.size - at };
}

/* For printf's "%.*s". */
#define VIEW_ARG(v) (int)(v).size, (const char *)(v).data
