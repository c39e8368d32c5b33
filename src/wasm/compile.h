/* The compiled tier: the lowered words of a function become machine code, a stencil a step. */
#pragma once

#include "wasm/code.h"
#include "wasm/word.h"

struct tier;

/* ERR_UNSUPPORTED where this build or this host has none. */
enum err tier_create(struct tier **ret_tier);
void tier_destroy(struct tier *tier);

/*
 * Keeps the words and compiles them; `starts` has the word of each step, in order. Gives the kept words, whose steps lead to machine code;
 * NULL when there is no room for more: then the function is interpreted.
 */
const union word *tier_compile(struct tier *tier, const union word *words, uint32_t word_count, const uint32_t *starts,
	uint32_t step_count);
