#include "wasm/stencil_set.h"

#include <pthread.h>

#include "wasm/stencil_table.h"

const uint8_t *const stencil_bytes = stencil_code;
const struct hole *const stencil_hole_list = stencil_holes;
const struct field *const stencil_field_list = stencil_fields;
const uint8_t *const stencil_register_codes = register_codes;
const uint8_t *const stencil_constant_bytes = stencil_constants;
const size_t stencil_constants_size = sizeof stencil_constants;
const struct stencil *const stencil_far = stencils;

/* Sets by handler, for memories that are not guarded and for those that are: open addressing, the place is the index plus one. */
enum { INDEX_SIZE = 4096 };
static uint16_t indexes[2][INDEX_SIZE];

static uint32_t place_of(handler *handler)
{
	return (uint32_t)(((uint64_t)(uintptr_t)handler >> 4) * 0x9e3779b97f4a7c15u >> 52);
}

static void index_sets(uint16_t *index, const struct stencil_set *sets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t at = place_of(sets[i].handler);
		while (index[at])
			at = (at + 1) % INDEX_SIZE;
		index[at] = (uint16_t)(i + 1);
	}
}

static void index_all(void)
{
	enum { SETS = sizeof stencil_sets / sizeof *stencil_sets };
	_Static_assert(SETS < INDEX_SIZE / 2, "the index stays sparse");
	index_sets(indexes[0], stencil_sets, SETS);
	index_sets(indexes[1], guarded_sets, sizeof guarded_sets / sizeof *guarded_sets);
}

static const struct stencil_set *find(const uint16_t *index, const struct stencil_set *sets, handler *handler)
{
	for (uint32_t at = place_of(handler); index[at]; at = (at + 1) % INDEX_SIZE) {
		if (sets[index[at] - 1].handler == handler)
			return &sets[index[at] - 1];
	}
	return NULL;
}

const struct stencil_set *stencil_set_of(handler *handler, bool guarded)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, index_all);
	const struct stencil_set *set = guarded ? find(indexes[1], guarded_sets, handler) : NULL;
	return set ? set : find(indexes[0], stencil_sets, handler);
}

const struct stencil *stencil_of(const struct stencil_set *set, uint32_t key)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (stencils[set->first + i].key == key)
			return &stencils[set->first + i];
	}
	return NULL;
}
