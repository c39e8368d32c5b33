#include "wasm/lowering.h"

void lower_simd(struct lowering *l, uint32_t opcode)
{
	(void)opcode;
	l->failed = true;
}

void steps_add_simd(struct step *table)
{
	(void)table;
}
