/*
 * What a block repeats of the blocks before it: programs read the same files again and again, and write the same pages. A repeated piece is
 * named instead of stored; the rest of the block are its literals. Pieces are those of inputs and spans: 4 KiB each, counted from where the
 * input or span begins, and what is left at its end.
 *
 * Only literals are referred to, so that a reader needs to know no more than the literals of a few blocks.
 */
#pragma once

#include "log/format.h"

#include <stdbool.h>

struct repeats;

struct repeats *repeats_create(void); /* NULL: no memory */
void repeats_destroy(struct repeats *repeats);

struct parted {
	const uint8_t *literals; /* until the next block */
	uint32_t literal_size;
	const struct reference *references; /* in order; empty: the literals are all */
	uint32_t reference_count;
};

enum { REFERENCES_MAX = BUFFER_SIZE / 512 }; /* that a block of this writer's has */

/* Parts the frames of the block `ordinal`, without their checks. False: they are not sound, somebody else wrote there. */
bool repeats_part(struct repeats *repeats, uint64_t ordinal, const uint8_t *frames, uint32_t size, struct parted *ret_parted);
