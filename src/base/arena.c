#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, FIRST_CHUNK = 4 * 1024, CHUNK = 64 * 1024 }; /* many arenas never have more than the first */

struct arena_chunk {
	_Alignas(ALIGN) struct arena_chunk *previous;
	size_t capacity;
};

void arena_finish(struct arena *arena)
{
	if (!arena)
		return;
	for (struct arena_chunk *chunk = arena->chunks, *previous; chunk; chunk = previous) {
		previous = chunk->previous;
		free(chunk);
	}
	*arena = (struct arena){ 0 };
}

void arena_clear(struct arena *arena)
{
	struct arena_chunk *kept = NULL;
	for (struct arena_chunk *chunk = arena->chunks, *previous; chunk; chunk = previous) {
		previous = chunk->previous;
		if (chunk->capacity == FIRST_CHUNK)
			kept = chunk;
		else
			free(chunk);
	}
	if (kept)
		kept->previous = NULL;
	*arena = (struct arena){ kept, kept ? (uint8_t *)(kept + 1) : NULL, kept ? (uint8_t *)(kept + 1) + FIRST_CHUNK : NULL };
}

/* Objects larger than a quarter of a chunk get a chunk of their own, so that the current one is not wasted. */
static void *arena_chunk(struct arena *arena, size_t size)
{
	size_t capacity = arena->end ? CHUNK : FIRST_CHUNK;
	bool own = size > capacity / 4;
	capacity = own ? size : capacity;
	struct arena_chunk *chunk = own ? calloc(1, sizeof *chunk + capacity) : malloc(sizeof *chunk + capacity);
	if (!chunk)
		return NULL;
	chunk->previous = arena->chunks;
	chunk->capacity = own ? 0 : capacity;
	arena->chunks = chunk;
	uint8_t *data = (uint8_t *)(chunk + 1);
	if (own)
		return data;
	arena->next = data + size;
	arena->end = data + capacity;
	return memset(data, 0, size); /* not all of it: most arenas are small */
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total) || total > SIZE_MAX / 2)
		return NULL;
	total = total ? (total + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN; /* no bytes are not NULL: that says no memory */
	if (total > (size_t)(arena->end - arena->next))
		return arena_chunk(arena, total);
	void *data = arena->next;
	arena->next += total;
	return memset(data, 0, total);
}

char *arena_text(struct arena *arena, struct view text)
{
	char *copy = arena_array(arena, text.size + 1, 1);
	if (copy && text.size)
		memcpy(copy, text.data, text.size);
	return copy;
}
