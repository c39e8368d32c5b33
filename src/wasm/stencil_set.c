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

/* Sets by handler: open addressing, the place is the index plus one. */
enum { INDEX_SIZE = 4096, SETS = sizeof stencil_sets / sizeof *stencil_sets };
static uint16_t stencil_index[INDEX_SIZE];

static uint32_t place_of(handler *handler)
{
	return (uint32_t)(((uint64_t)(uintptr_t)handler >> 4) * 0x9e3779b97f4a7c15u >> 52);
}

static void index_sets(void)
{
	_Static_assert(SETS < INDEX_SIZE / 2, "the index stays sparse");
	for (uint32_t i = 0; i < SETS; i++) {
		uint32_t at = place_of(stencil_sets[i].handler);
		while (stencil_index[at])
			at = (at + 1) % INDEX_SIZE;
		stencil_index[at] = (uint16_t)(i + 1);
	}
}

const struct stencil_set *stencil_set_of(handler *handler)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, index_sets);
	for (uint32_t at = place_of(handler); stencil_index[at]; at = (at + 1) % INDEX_SIZE) {
		const struct stencil_set *set = &stencil_sets[stencil_index[at] - 1];
		if (set->handler == handler)
			return set;
	}
	return NULL;
}

const struct stencil *stencil_of(const struct stencil_set *set, uint32_t key)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (stencils[set->first + i].key == key)
			return &stencils[set->first + i];
	}
	return NULL;
}
