#include "wasm/compile.h"

#include <stdlib.h>

#ifdef COMPILED_TIER

#include <pthread.h>

enum hole_kind {
	HOLE_A, /* slots, in bytes */
	HOLE_B,
	HOLE_C,
	HOLE_D,
	HOLE_PC,       /* the step's words */
	HOLE_FAR,      /* a word that holds an address */
	HOLE_CONSTANT, /* among the stencils' constants */
	HOLE_NEXT,     /* the next step */
	HOLE_TAKEN,    /* where the step branches to */
#define TRAP_HOLE(name) HOLE_TRAP_##name,
#define TRAPS(X)                         \
	X(UNREACHABLE)                   \
	X(INTEGER_DIVIDE_BY_ZERO)        \
	X(INTEGER_OVERFLOW)              \
	X(INVALID_CONVERSION_TO_INTEGER) \
	X(OUT_OF_BOUNDS_MEMORY_ACCESS)   \
	X(OUT_OF_BOUNDS_TABLE_ACCESS)    \
	X(UNDEFINED_ELEMENT)             \
	X(UNINITIALIZED_ELEMENT)         \
	X(INDIRECT_CALL_TYPE_MISMATCH)   \
	X(CALL_STACK_EXHAUSTED)          \
	X(INTERRUPTED)
	TRAPS(TRAP_HOLE) HOLES
};
enum { FIRST_TRAP = HOLE_TAKEN + 1, TRAP_HOLES = HOLES - FIRST_TRAP };

struct hole {
	uint16_t at;
	uint8_t kind; /* enum hole_kind */
	bool relative;
	int32_t addend;
};

struct stencil {
	handler *handler;
	uint32_t code, holes; /* where they begin */
	uint16_t size, hole_count;
};

#include "wasm/stencil_table.h"

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
	union word *traps;  /* the addresses of the trap steps */
};

/* A function being compiled. */
struct compiling {
	struct tier *tier;
	union word *words;       /* as kept */
	uint32_t *offsets;       /* of the steps in the code, by word */
	const struct stencil **stencils; /* by step */
	const uint32_t *starts;
	uint32_t step_count;
	union word *far;         /* the next free word for an address */
	uint8_t *write, *run;
	uint32_t size, exits;    /* the code up to the exits of traps, and with them */
};

/* Stencils by handler: open addressing, the place is the index plus one. */
enum { INDEX_SIZE = 4096 };
static uint16_t stencil_index[INDEX_SIZE];

static uint32_t place_of(handler *handler)
{
	return (uint32_t)(((uint64_t)(uintptr_t)handler >> 4) * 0x9e3779b97f4a7c15u >> 52);
}

static void index_stencils(void)
{
	_Static_assert(sizeof stencils / sizeof *stencils < INDEX_SIZE / 2, "the index stays sparse");
	for (uint32_t i = 1; i < sizeof stencils / sizeof *stencils; i++) {
		uint32_t at = place_of(stencils[i].handler);
		while (stencil_index[at])
			at = (at + 1) % INDEX_SIZE;
		stencil_index[at] = (uint16_t)(i + 1);
	}
}

/* The first stencil goes to the handler, for those that have none of their own. */
static const struct stencil *stencil_of(handler *handler)
{
	for (uint32_t at = place_of(handler); stencil_index[at]; at = (at + 1) % INDEX_SIZE) {
		const struct stencil *stencil = &stencils[stencil_index[at] - 1];
		if (stencil->handler == handler)
			return stencil;
	}
	return &stencils[0];
}

enum err tier_create(struct tier **ret_tier)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static handler *const traps[] = {
#define TRAP_ADDRESS(name) STEP(trap_##name),
		TRAPS(TRAP_ADDRESS)
	};
	pthread_once(&once, index_stencils);
	struct tier *tier = calloc(1, sizeof *tier);
	if (!tier)
		return err_nomem();
	enum err err = code_create(&tier->code);
	if (!err) {
		tier->constants = code_data(tier->code, sizeof stencil_constants);
		tier->traps = code_data(tier->code, sizeof traps);
		err = tier->constants && tier->traps ? ERR_NONE : err_nomem();
	}
	if (err) {
		tier_destroy(tier);
		return err;
	}
	memcpy(tier->constants, stencil_constants, sizeof stencil_constants);
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

static void fill(uint8_t *at, const struct hole *hole, uint64_t run, uint64_t value)
{
	uint32_t bits = (uint32_t)(value + (uint64_t)(int64_t)hole->addend - (hole->relative ? run : 0));
	memcpy(at, &bits, sizeof bits);
}

/* A step that leaves by way of a word with an address. */
static void emit_far(struct compiling *c, uint32_t offset, const union word *pc, const union word *address)
{
	const struct stencil *far = &stencils[0];
	memcpy(c->write + offset, stencil_code + far->code, far->size);
	for (uint32_t i = 0; i < far->hole_count; i++) {
		const struct hole *hole = &stencil_holes[far->holes + i];
		uint64_t value = (uint64_t)(uintptr_t)(hole->kind == HOLE_PC ? pc : address);
		fill(c->write + offset + hole->at, hole, (uint64_t)(uintptr_t)(c->run + offset + hole->at), value);
	}
}

/* What a hole of the step at `pc` is filled with. */
static uint64_t value_of(struct compiling *c, const struct hole *hole, const struct stencil *stencil, const union word *pc, uint32_t offset)
{
	switch ((enum hole_kind)hole->kind) {
	case HOLE_A: return (uint64_t)pc[1].a * 8;
	case HOLE_B: return (uint64_t)pc[1].b * 8;
	case HOLE_C: return (uint64_t)pc[1].c * 8;
	case HOLE_D: return (uint64_t)pc[1].d * 8;
	case HOLE_PC: return (uint64_t)(uintptr_t)pc;
	case HOLE_CONSTANT: return (uint64_t)(uintptr_t)c->tier->constants;
	case HOLE_NEXT: return (uint64_t)(uintptr_t)(c->run + offset + stencil->size);
	case HOLE_TAKEN: return (uint64_t)(uintptr_t)(c->run + c->offsets[pc - c->words + pc[1].imm]);
	default: break;
	}
	uint32_t exit = c->exits;
	emit_far(c, exit, pc, c->tier->traps + (hole->kind - FIRST_TRAP));
	c->exits += stencils[0].size;
	return (uint64_t)(uintptr_t)(c->run + exit);
}

static void emit_step(struct compiling *c, uint32_t step)
{
	union word *pc = c->words + c->starts[step];
	const struct stencil *stencil = c->stencils[step];
	uint32_t offset = c->offsets[c->starts[step]];
	if (stencil == &stencils[0]) {
		c->far->handler = pc->handler;
		emit_far(c, offset, pc, c->far++);
	} else {
		memcpy(c->write + offset, stencil_code + stencil->code, stencil->size);
		for (uint32_t i = 0; i < stencil->hole_count; i++) {
			const struct hole *hole = &stencil_holes[stencil->holes + i];
			fill(c->write + offset + hole->at, hole, (uint64_t)(uintptr_t)(c->run + offset + hole->at),
				value_of(c, hole, stencil, pc, offset));
		}
	}
	pc->pointer = c->run + offset;
}

/* Finds the stencils, where each begins, and how much room all want; how many steps are far. False: more than there is. */
static bool lay_out(struct compiling *c, const union word *words, uint32_t *ret_far)
{
	uint64_t size = 0, far = 0, exits = 0;
	for (uint32_t i = 0; i < c->step_count; i++) {
		const struct stencil *stencil = stencil_of(words[c->starts[i]].handler);
		c->stencils[i] = stencil;
		c->offsets[c->starts[i]] = (uint32_t)size;
		size += stencil->size;
		far += stencil == &stencils[0];
		for (uint32_t j = 0; j < stencil->hole_count; j++)
			exits += stencil_holes[stencil->holes + j].kind >= FIRST_TRAP;
	}
	c->exits = (uint32_t)size;
	size += exits * stencils[0].size;
	c->size = (uint32_t)size;
	*ret_far = (uint32_t)far;
	return size <= INT32_MAX;
}

static const union word *compile(struct compiling *c, const union word *words, uint32_t word_count)
{
	uint32_t far;
	if (!lay_out(c, words, &far))
		return NULL;
	c->words = code_data(c->tier->code, ((size_t)word_count + far) * sizeof *words);
	if (!c->words || !code_text(c->tier->code, c->size, &c->write, &c->run))
		return NULL;
	memcpy(c->words, words, word_count * sizeof *words);
	c->far = c->words + word_count;
	for (uint32_t i = 0; i < c->step_count; i++)
		emit_step(c, i);
	return c->words;
}

const union word *tier_compile(struct tier *tier, const union word *words, uint32_t word_count, const uint32_t *starts, uint32_t step_count)
{
	struct compiling c = { .tier = tier, .starts = starts, .step_count = step_count };
	c.offsets = malloc((word_count + 1) * sizeof *c.offsets);
	c.stencils = malloc((step_count + 1) * sizeof(void *));
	const union word *kept = c.offsets && c.stencils ? compile(&c, words, word_count) : NULL;
	free(c.offsets);
	free(c.stencils);
	return kept;
}

#else

enum err tier_create(struct tier **ret_tier)
{
	(void)ret_tier;
	return err_set(ERR_UNSUPPORTED, "this build has no compiled tier: it takes Clang 19 or later, on x86-64");
}

void tier_destroy(struct tier *tier)
{
	(void)tier;
}

const union word *tier_compile(struct tier *tier, const union word *words, uint32_t word_count, const uint32_t *starts, uint32_t step_count)
{
	(void)tier, (void)words, (void)word_count, (void)starts, (void)step_count;
	return NULL;
}

#endif
