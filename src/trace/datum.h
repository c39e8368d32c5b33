/*
 * Typed values, as protocols have them: numbers, strings, arrays of them, maps. A datum borrows its text and its items.
 *
 * They come from the wire: strings need be no UTF-8, and who makes them must keep within DATUM_DEPTH arrays or maps inside each other.
 */
#pragma once

#include "base/view.h"

enum datum_type {
	DATUM_NULL,
	DATUM_BOOL,
	DATUM_INT,
	DATUM_UINT,
	DATUM_DOUBLE,
	DATUM_WORD,   /* text that no rule of quoting is for: a keyword, a statement */
	DATUM_STRING, /* bytes */
	DATUM_ARRAY,
	DATUM_MAP,    /* keys and values in turn */
};

enum {
	DATUM_SECRET = 1, /* shown to nobody who does not ask for secrets */
	DATUM_LISTED = 2, /* of an array: a line shows the items as words, with commas between */
};

enum { DATUM_DEPTH = 16 };

struct datum {
	uint8_t type, flags;
	uint32_t count; /* of ARRAY and MAP: items, so that a pair counts twice */
	uint64_t more;  /* bytes of a text, items of an array or map, that there were and are not kept */
	union {
		bool boolean;
		int64_t sint;
		uint64_t uint;
		double number;
		struct view text;
		const struct datum *items;
	};
};

static inline struct datum datum_word(struct view text)
{
	return (struct datum){ .type = DATUM_WORD, .text = text };
}

static inline struct datum datum_keyword(const char *text)
{
	return datum_word(view_text(text));
}

static inline struct datum datum_string(struct view bytes)
{
	return (struct datum){ .type = DATUM_STRING, .text = bytes };
}

static inline struct datum datum_uint(uint64_t value)
{
	return (struct datum){ .type = DATUM_UINT, .uint = value };
}

static inline struct datum datum_int(int64_t value)
{
	return (struct datum){ .type = DATUM_INT, .sint = value };
}

static inline struct datum datum_array(const struct datum *items, uint32_t count)
{
	return (struct datum){ .type = DATUM_ARRAY, .count = count, .items = items };
}

static inline bool datum_has_text(const struct datum *datum)
{
	return datum->type == DATUM_WORD || datum->type == DATUM_STRING;
}

static inline bool datum_has_items(const struct datum *datum)
{
	return datum->type == DATUM_ARRAY || datum->type == DATUM_MAP;
}

/* The first bytes of a text that is longer than `max`, without a part of a character at their end. */
struct datum datum_first(struct datum datum, uint64_t max);

/* What a copy of all that a datum borrows takes: items first, which want their alignment, then text. */
struct datum_room {
	size_t items, text;
};

void datum_measure(const struct datum *datum, struct datum_room *room);

/* Has the datum borrow from copies at these places, which move on by as much as datum_measure said. */
void datum_own(struct datum *datum, uint8_t **items, uint8_t **text);
