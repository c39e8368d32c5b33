#include "wasm/compile.h"

#include <stdlib.h>

#ifdef COMPILED_TIER

#include "wasm/fault.h"
#include "wasm/registers.h"

/* What a trap's exit leads to. */
#define TRAP_STEP(name)            \
	HANDLER(trap_##name)       \
	{                          \
		TRAP(TRAP_##name); \
	}
TRAPS(TRAP_STEP)

struct tier {
	struct code *code;
	uint8_t *constants;
	union word *traps; /* the addresses of the trap steps */
};

/* A function being compiled. */
struct compiling {
	struct tier *tier;
	const struct lowered *lowered;
	struct pieces pieces;
	uint32_t *offsets;    /* of the steps in the code, by word */
	union word *words;    /* as kept */
	union word *far;      /* the next free word for an address */
	uint8_t *write, *run;
	uint32_t size, exits; /* of the code with the exits behind it; where the next exit goes */
};

enum err tier_create(struct tier **ret_tier)
{
	static handler *const traps[] = {
#define TRAP_ADDRESS(name) STEP(trap_##name),
		TRAPS(TRAP_ADDRESS)
	};
	struct tier *tier = calloc(1, sizeof *tier);
	if (!tier)
		return err_nomem();
	fault_install();
	enum err err = code_create(&tier->code);
	if (!err) {
		tier->constants = code_data(tier->code, stencil_constants_size);
		tier->traps = code_data(tier->code, sizeof traps);
		err = tier->constants && tier->traps ? ERR_NONE : err_nomem();
	}
	if (err) {
		tier_destroy(tier);
		return err;
	}
	memcpy(tier->constants, stencil_constant_bytes, stencil_constants_size);
	memcpy(tier->traps, traps, sizeof traps);
	*ret_tier = tier;
	return ERR_NONE;
}

void tier_destroy(struct tier *tier)
{
	if (!tier)
		return;
	code_destroy(tier->code);
	free(tier);
}

bool tier_contains(const struct tier *tier, const void *address)
{
	return code_contains(tier->code, address);
}

static void fill(uint8_t *at, const struct hole *hole, uint64_t run, uint64_t value)
{
	uint32_t bits = (uint32_t)(value + (uint64_t)(int64_t)hole->addend - (hole->relative ? run : 0));
	memcpy(at, &bits, hole->kind == HOLE_IMM8 || hole->kind == HOLE_SHORT_B8 ? 1 : sizeof bits);
}

/* A step that leaves by way of a word with an address. */
static void emit_far(struct compiling *c, uint32_t offset, const union word *pc, const union word *address)
{
	const struct stencil *far = stencil_far;
	memcpy(c->write + offset, stencil_bytes + far->code, far->size);
	for (uint32_t i = 0; i < far->hole_count; i++) {
		const struct hole *hole = &stencil_hole_list[far->holes + i];
		uint64_t value = (uint64_t)(uintptr_t)(hole->kind == HOLE_PC ? pc : address);
		fill(c->write + offset + hole->at, hole, (uint64_t)(uintptr_t)(c->run + offset + hole->at), value);
	}
}

/* Where a piece is: its cold part is among the exits. */
struct place {
	uint32_t offset, cold;
};

static uint32_t place_of(const struct place *place, const struct stencil *stencil, uint32_t at)
{
	return at < stencil->size ? place->offset + at : place->cold + at - stencil->size;
}

static uint64_t exit_of(struct compiling *c, const union word *pc, uint32_t trap)
{
	uint32_t exit = c->exits;
	emit_far(c, exit, pc, c->tier->traps + trap);
	c->exits += stencil_far->size;
	return exit;
}

/* What a hole of a piece, whose step is at `pc`, is filled with. */
static uint64_t value_of(struct compiling *c, const struct hole *hole, const struct piece *piece, const union word *pc,
	const struct place *place)
{
	switch ((enum hole_kind)hole->kind) {
	case HOLE_A: return (uint64_t)(piece->moves ? piece->slot : pc[1].a) * 8;
	case HOLE_B: return (uint64_t)(piece->moves ? piece->slot : pc[1].b) * 8;
	case HOLE_C: return (uint64_t)pc[1].c * 8;
	case HOLE_D: return (uint64_t)pc[1].d * 8;
	case HOLE_SHORT_B:
	case HOLE_SHORT_B8: return (uint64_t)(int64_t)(int16_t)pc[1].b;
	case HOLE_IMM:
	case HOLE_IMM8:
	case HOLE_OFFSET: return pc[1].offset;
	case HOLE_PC: return (uint64_t)(uintptr_t)pc;
	case HOLE_CONSTANT: return (uint64_t)(uintptr_t)c->tier->constants;
	default: break;
	}
	uint64_t offset = hole->kind == HOLE_NEXT ? place->offset + piece->stencil->size
		: hole->kind == HOLE_TAKEN        ? c->offsets[pc - c->words + pc[1].imm]
		: hole->kind == HOLE_COLD         ? place->cold
						  : exit_of(c, pc, hole->kind - FIRST_TRAP);
	return (uint64_t)(uintptr_t)c->run + offset;
}

static void emit_piece(struct compiling *c, const struct piece *piece, uint32_t offset)
{
	const struct stencil *stencil = piece->stencil;
	const union word *pc = c->words + c->lowered->steps[piece->step].word;
	struct place place = { offset, c->exits };
	if (stencil == stencil_far) {
		c->far->handler = c->lowered->words[c->lowered->steps[piece->step].word].handler;
		emit_far(c, offset, pc, c->far++);
		return;
	}
	memcpy(c->write + offset, stencil_bytes + stencil->code, stencil->size);
	memcpy(c->write + place.cold, stencil_bytes + stencil->code + stencil->size, stencil->cold);
	c->exits += stencil->cold;
	for (uint32_t i = 0; i < stencil->field_count; i++) {
		const struct field *field = &stencil_field_list[stencil->fields + i];
		uint8_t *at = c->write + place_of(&place, stencil, field->at);
		*at = (uint8_t)((*at & ~(7 << field->shift)) | piece->registers[field->operand] << field->shift);
	}
	for (uint32_t i = 0; i < stencil->hole_count; i++) {
		const struct hole *hole = &stencil_hole_list[stencil->holes + i];
		uint32_t at = place_of(&place, stencil, hole->at);
		fill(c->write + at, hole, (uint64_t)(uintptr_t)(c->run + at), value_of(c, hole, piece, pc, &place));
	}
}

/* Where each step begins, and how much room all want; how many steps are far. False: more than there is. */
static bool lay_out(struct compiling *c, uint32_t *ret_far)
{
	uint64_t size = 0, far = 0, exits = 0;
	uint32_t step = 0;
	for (uint32_t i = 0; i <= c->pieces.count; i++) {
		for (; step < c->lowered->step_count && c->pieces.firsts[step] == i; step++)
			c->offsets[c->lowered->steps[step].word] = (uint32_t)size;
		if (i == c->pieces.count)
			break;
		const struct stencil *stencil = c->pieces.items[i].stencil;
		size += stencil->size;
		far += stencil == stencil_far;
		exits += stencil->cold;
		for (uint32_t j = 0; j < stencil->hole_count; j++)
			exits += stencil_hole_list[stencil->holes + j].kind >= FIRST_TRAP ? stencil_far->size : 0;
	}
	c->exits = (uint32_t)size;
	size += exits;
	c->size = (uint32_t)size;
	*ret_far = (uint32_t)far;
	return size <= INT32_MAX;
}

static const union word *compile(struct compiling *c)
{
	uint32_t far;
	const struct lowered *lowered = c->lowered;
	if (!lay_out(c, &far))
		return NULL;
	c->words = code_data(c->tier->code, ((size_t)lowered->word_count + far) * sizeof *c->words);
	if (!c->words || !code_text(c->tier->code, c->size, &c->write, &c->run))
		return NULL;
	memcpy(c->words, lowered->words, lowered->word_count * sizeof *c->words);
	c->far = c->words + lowered->word_count;
	uint32_t offset = 0;
	for (uint32_t i = 0; i < c->pieces.count; i++) {
		emit_piece(c, &c->pieces.items[i], offset);
		offset += c->pieces.items[i].stencil->size;
	}
	for (uint32_t i = 0; i < lowered->step_count; i++)
		c->words[lowered->steps[i].word].pointer = c->run + c->offsets[lowered->steps[i].word];
	return c->words;
}

const union word *tier_compile(struct tier *tier, const struct lowered *lowered)
{
	struct compiling c = { .tier = tier, .lowered = lowered };
	c.offsets = malloc((lowered->word_count + 1) * sizeof *c.offsets);
	const union word *kept = pieces_plan(&c.pieces, lowered) && c.offsets ? compile(&c) : NULL;
	pieces_free(&c.pieces);
	free(c.offsets);
	return kept;
}

#else

bool tier_contains(const struct tier *tier, const void *address)
{
	(void)tier, (void)address;
	return false;
}

enum err tier_create(struct tier **ret_tier)
{
	(void)ret_tier;
	return err_set(ERR_UNSUPPORTED, "this build has no compiled tier: it takes Clang 19 or later, on x86-64");
}

void tier_destroy(struct tier *tier)
{
	(void)tier;
}

const union word *tier_compile(struct tier *tier, const struct lowered *lowered)
{
	(void)tier, (void)lowered;
	return NULL;
}

#endif
