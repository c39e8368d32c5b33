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

/* As words are compared: letters of ASCII are the same, capital or not, whatever the locale. */
static inline uint8_t view_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static inline bool view_same_word(struct view a, struct view b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++) {
		if (view_lower(a.data[i]) != view_lower(b.data[i]))
			return false;
	}
	return true;
}

static inline bool view_is_word(struct view a, const char *word)
{
	return view_same_word(a, view_text(word));
}

/* The part from `at`, at most `size` bytes; empty when `at` is past the end. */
static inline struct view view_slice(struct view a, size_t at, size_t size)
{
	if (at >= a.size)
		return (struct view){ 0 };
	return (struct view){ a.data + at, size < a.size - at ? size : a.size - at };
}

/* Whether it begins with the word, which may be all of it. */
static inline bool view_begins_word(struct view a, const char *word)
{
	return view_is_word(view_slice(a, 0, strlen(word)), word);
}

/* For printf's "%.*s". */
#define VIEW_ARG(v) (int)(v).size, (const char *)(v).data
