/*
 * Which values are in registers: from the steps of a function to the stencils to copy for them, with those that load and store registers in
 * between. Slots are where values live; a register holds what a slot holds, or will hold when it is stored. One pass in the order of the
 * code: branches go forward to where control structures end, so what is in registers there is known when it is reached, and backward to the
 * heads of loops only, for which it is decided beforehand: the locals that the loop uses most, which keep their registers all through it.
 */
#pragma once

#include "wasm/compile.h"
#include "wasm/stencil_set.h"

/* A stencil to copy. */
struct piece {
	const struct stencil *stencil;
	uint32_t step;          /* that it belongs to */
	bool moves;             /* it only loads or stores a register; its slot is this */
	uint16_t slot;
	uint8_t registers[4];   /* of the operands that are in any */
};

struct pieces {
	struct piece *items;
	uint32_t count, capacity;
	uint32_t *firsts;       /* by step: where those begin that whoever comes to it runs */
};

/* False: no memory. */
bool pieces_plan(struct pieces *pieces, const struct lowered *lowered);
void pieces_free(struct pieces *pieces);
