/*
 * Memory that is given back all at once. An arena that is all zero is empty and valid.
 */
#pragma once

#include "base/view.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	uint8_t *next, *end;
};

void arena_finish(struct arena *arena); /* frees everything; empty and valid after; NULL allowed */

void arena_clear(struct arena *arena);  /* what was there is gone, but for memory that is worth keeping */

/* `count` objects of `size` bytes, zeroed and aligned to 16; NULL when there is no memory or the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc));

/* A copy with a NUL behind it; NULL when there is no memory. */
char *arena_text(struct arena *arena, struct view text);

#define ARENA_NEW(arena, type)          ((type *)arena_array((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))
