/* The step whose meaning is elsewhere: at the address that a word holds. */
#include "wasm/word.h"

HANDLER(far)
{
	handler *to = *(handler **)hole_far;
	JUMP_WITH(to, (uintptr_t)hole_pc, MEM_SIZE);
}
