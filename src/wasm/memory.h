/*
 * A guest's linear memory, and the host's only way into it.
 *
 * The whole index space of the memory is reserved, so `base` never moves; pages beyond `size` are not accessible. `size` grows in
 * units of WASM_PAGE and only between host calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WASM_PAGE ((uint64_t)65536)

struct memory {
	uint8_t *base;
	uint64_t size;      /* bytes */
	uint64_t max_pages; /* the lesser of the type's maximum and the store's limit */
	/* What follows is the engine's own. */
	struct memory *next; /* of the store */
	uint64_t reserved;   /* bytes of address space */
	bool guarded;        /* as far as any access of compiled code reaches */
	uint64_t type_min, type_max; /* pages, as declared; type_max UINT64_MAX when there is none */
};

static inline bool memory_has(const struct memory *memory, uint64_t offset, uint64_t size)
{
	return offset <= memory->size && size <= memory->size - offset;
}

/* `size` bytes at `offset`, or NULL if any of them is out of bounds. */
static inline uint8_t *memory_at(const struct memory *memory, uint64_t offset, uint64_t size)
{
	return memory_has(memory, offset, size) ? memory->base + offset : NULL;
}

/* Little-endian loads of bytes that are known to be in bounds; on the hosts we build for they are plain loads. */
static inline uint32_t load_u32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

static inline uint64_t load_u64(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return value;
}
