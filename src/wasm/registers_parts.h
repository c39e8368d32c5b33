/* The parts of planning registers, for their own files. */
#pragma once

#include "base/buf.h"
#include "wasm/registers.h"

enum { NONE = -1 };
static const uint32_t INTS = (1 << INT_REGISTERS) - 1, FLOATS = ((1 << FLOAT_REGISTERS) - 1) << INT_REGISTERS;

/* What is in registers at a place. */
struct contents {
	uint16_t held, dirty; /* by bits; dirty: the slot does not have it yet */
	uint16_t slots[REGISTERS];
	uint8_t widths[REGISTERS];
};

struct loop {
	uint32_t head, end; /* steps: the first, and the last that branches back to it */
	int32_t outer;      /* the loop around it; NONE */
	struct contents pins;
};

struct plan {
	const struct lowered *lowered;
	const struct stencil_set **sets; /* by step; NULL: far */
	struct contents **joins;         /* by step: what forward branches to it agree on; NULL: none yet */
	bool *targets;                   /* by step: it is branched to */
	uint32_t *step_at;               /* by word */
	int32_t *loop_at;                /* by step: of which loop it is the head; NONE */
	uint8_t *depths;                 /* by step: in how many loops it is */
	struct buf loops;                /* struct loop */
	uint32_t *uses;                  /* by slot, while a loop's pins are chosen */
	uint64_t budget;                 /* steps that may yet be looked at for that: loops in loops are looked at again */
	struct pieces *pieces;
	uint32_t step;
	int32_t loop;                    /* the innermost that the step is in */
	struct contents now;
	uint32_t turn;                   /* whose register is next to be given up */
	bool reached, failed;
};

static inline struct loop *loop_of(const struct plan *p, int32_t index)
{
	return (struct loop *)p->loops.data + index;
}

static inline const union word *word_of(const struct plan *p, uint32_t step)
{
	return p->lowered->words + p->lowered->steps[step].word;
}

static inline uint16_t operand_slot(const union word *word, uint32_t operand)
{
	const uint16_t slots[4] = { word[1].a, word[1].b, word[1].c, word[1].d };
	return slots[operand];
}

static inline bool is_local(const struct plan *p, uint32_t slot)
{
	return slot < p->lowered->local_slots;
}

static inline uint32_t class_of(uint32_t width)
{
	return width >= WIDTH_F32 ? FLOATS : INTS;
}

static inline int find(const struct contents *contents, uint32_t slot)
{
	for (uint32_t left = contents->held; left; left &= left - 1) {
		int at = __builtin_ctz(left);
		if (contents->slots[at] == slot)
			return at;
	}
	return NONE;
}

static inline void hold(struct contents *contents, int at, uint32_t slot, uint32_t width)
{
	contents->held |= (uint16_t)(1 << at);
	contents->slots[at] = (uint16_t)slot;
	contents->widths[at] = (uint8_t)width;
}

static inline void drop(struct contents *contents, int at)
{
	contents->held &= (uint16_t)~(1 << at);
	contents->dirty &= (uint16_t)~(1 << at);
}

/* loops.c: finds stencils, branches and loops of the whole function. */
void loops_survey(struct plan *p);
/* Chooses the locals that are in registers all through a loop. */
void loop_pin(struct plan *p, struct loop *loop);
/* Calls `visit` for each place that the step may branch to. */
void each_target(struct plan *p, uint32_t step, void visit(struct plan *p, uint32_t target));
uint32_t target_of(const struct plan *p, uint32_t step);

/* moves.c: steps, and moves between registers and slots. */
void put(struct plan *p, struct piece piece);
void store(struct plan *p, int at);
void load(struct plan *p, int at, uint32_t slot, uint32_t width);
void give_up(struct plan *p, int at);
void store_all(struct plan *p, uint32_t free);     /* that is wanted behind the step */
void drop_unwanted(struct plan *p, uint32_t free);
const struct contents *pins(const struct plan *p); /* of the loop that the step is in */
/* A pinned local is in its register or in none, and nothing else is in there. */
void keep_to_pins(struct plan *p, const struct contents *pins);
void load_pins(struct plan *p, const struct contents *pins);
