/* What the files of the reader of RESP share. */
#pragma once

#include "proto/resp.h"

/* An array, map or set under way. */
struct resp_frame {
	uint8_t type;
	bool streamed; /* it has an end of its own, and no length */
	bool kept;     /* as an item of what it is in */
	bool dropped;  /* not kept, or too deep: its items are counted alone */
	uint64_t left; /* items to come */
	size_t base;   /* where its items begin among the values */
	uint64_t more; /* items that were not kept */
};

/* resp_value.c. While a value is under way its datums refer to text and items by where they are, as these move. */
bool resp_keeps(const struct resp *r);           /* whether the item that comes is kept */
void resp_put(struct resp *r, struct datum item, bool kept); /* an item is whole, and with it perhaps what it is in */
bool resp_open(struct resp *r, uint8_t type, uint64_t items, bool streamed); /* false: too deep */
void resp_close(struct resp *r);                 /* the innermost one is whole, or as whole as it gets */
size_t resp_put_text(struct resp *r, struct view bytes); /* how many are kept */
struct datum resp_text(const struct resp *r, uint8_t type, size_t at, uint64_t bytes);
void resp_end_stream(struct resp *r);            /* the same, of one that has an end of its own */
void resp_end(struct resp *r);                   /* the value's datums refer to memory from now on */

/* resp_words.c: a line of words, with quotes. False: the quotes are not balanced. */
bool resp_put_words(struct resp *r, struct view line);

static inline struct resp_frame *resp_frame_of(const struct resp *r)
{
	return r->frames.size ? (struct resp_frame *)(r->frames.data + r->frames.size) - 1 : NULL;
}
