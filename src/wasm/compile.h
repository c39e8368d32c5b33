/* The compiled tier: the lowered words of a function become machine code, a stencil a step. */
#pragma once

#include "wasm/code.h"
#include "wasm/word.h"

struct tier;

/* A step of lowered code. */
struct lowered_step {
	uint32_t word;  /* where it begins */
	uint32_t free;  /* from this slot on nothing that is in slots is wanted behind it; UINT32_MAX: not known */
};

/* A lowered function. */
struct lowered {
	const union word *words;
	uint32_t word_count;
	const struct lowered_step *steps;
	uint32_t step_count;
	uint32_t local_slots;
	bool guarded; /* the memory that it accesses */
};

/* ERR_UNSUPPORTED where this build or this host has none. */
enum err tier_create(struct tier **ret_tier);
void tier_destroy(struct tier *tier);

/* Whether the tier's machine code is at this address. */
bool tier_contains(const struct tier *tier, const void *address);

/* Keeps the words and compiles them. Gives the kept words, whose steps lead to machine code; NULL when there is no room for more: then the
 * function is interpreted. */
const union word *tier_compile(struct tier *tier, const struct lowered *lowered);
