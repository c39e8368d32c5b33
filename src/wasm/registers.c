#include "wasm/registers.h"

#include <stdlib.h>

#include "wasm/registers_parts.h"
#include "wasm/steps.h"

/* What is in the same registers in both. */
static void intersect(struct contents *contents, const struct contents *other)
{
	for (uint32_t left = contents->held; left; left &= left - 1) {
		int at = __builtin_ctz(left);
		if (!(other->held >> at & 1) || other->slots[at] != contents->slots[at] || other->widths[at] != contents->widths[at])
			drop(contents, at);
	}
}

/* What the step's branch forward brings there; all of it is stored. */
static void join(struct plan *p, uint32_t target)
{
	struct contents now = p->now;
	now.held &= (uint16_t)~now.dirty; /* not wanted there */
	now.dirty = 0;
	if (p->joins[target]) {
		intersect(p->joins[target], &now);
		return;
	}
	p->joins[target] = malloc(sizeof now);
	if (p->joins[target])
		*p->joins[target] = now;
	else
		p->failed = true;
}

/* The operands of a step: which are in registers, as bits, and in which. */
struct chosen {
	uint32_t key;
	int registers[4];
};

/* The operand is read from its slot instead. */
static void use_slot(struct plan *p, struct chosen *chosen, uint32_t operand)
{
	store(p, chosen->registers[operand]);
	chosen->key &= ~(1u << operand);
	chosen->registers[operand] = NONE;
}

static void choose_reads(struct plan *p, const struct stencil_set *set, const union word *word, struct chosen *chosen)
{
	for (uint32_t x = 0; x < 4; x++) {
		uint32_t operand = set->operands[x], width = operand & WIDTH, slot = operand_slot(word, x);
		if (operand & OPERAND_VECTOR) {
			for (uint32_t i = 0; i < 2; i++) {
				int at = find(&p->now, slot + i);
				if (at != NONE)
					give_up(p, at);
			}
		}
		if (!(operand & OPERAND_READ))
			continue;
		int at = find(&p->now, slot);
		if (at != NONE && p->now.widths[at] != width) {
			give_up(p, at);
			at = NONE;
		} else if (at == NONE) {
			at = find(pins(p), slot);
			if (at != NONE && pins(p)->widths[at] == width)
				load(p, at, slot, width);
			else
				at = NONE;
		}
		if (at != NONE) {
			chosen->registers[x] = at;
			chosen->key |= 1u << x;
		}
	}
}

/* A register for a result: one that is free, or else one that can be had for a store. */
static int choose_register(struct plan *p, struct chosen *chosen, uint32_t width)
{
	uint32_t open = class_of(width) & ~(uint32_t)pins(p)->held, busy = 0;
	for (uint32_t x = 1; x < 4; x++) {
		if (chosen->registers[x] != NONE)
			busy |= 1u << chosen->registers[x];
	}
	uint32_t from = open & ~p->now.held & ~busy;
	if (from)
		return __builtin_ctz(from);
	from = open & ~busy & ~(uint32_t)p->now.dirty ? open & ~busy & ~(uint32_t)p->now.dirty : open & ~busy;
	for (uint32_t x = 3; !from && x > 0; x--) {
		if (chosen->registers[x] != NONE && open >> chosen->registers[x] & 1) {
			from = 1u << chosen->registers[x];
			use_slot(p, chosen, x);
		}
	}
	p->turn = (p->turn + 1) % REGISTERS;
	uint32_t later = from >> p->turn << p->turn;
	int at = __builtin_ctz(later ? later : from);
	give_up(p, at);
	return at;
}

static void choose_result(struct plan *p, const struct stencil_set *set, const union word *word, struct chosen *chosen)
{
	uint32_t width = set->operands[0] & WIDTH, slot = word[1].a;
	int pin = find(pins(p), slot), at = find(&p->now, slot);
	if (at != NONE && class_of(p->now.widths[at]) != class_of(width))
		at = NONE; /* the caller drops it */
	if (pin != NONE && pins(p)->widths[pin] == width)
		at = pin;
	else if (at != NONE && pins(p)->held >> at & 1)
		at = NONE;
	if (at == NONE)
		at = choose_register(p, chosen, width);
	chosen->registers[0] = at;
	chosen->key |= 1;
	bool tied = false;
	for (uint32_t x = 1; x < 4; x++) {
		if (chosen->registers[x] != at)
			continue;
		if (tied || x == 3) {
			use_slot(p, chosen, x);
		} else {
			chosen->key |= x << KEY_TIE;
			tied = true;
		}
	}
}

static void put_step(struct plan *p, const struct stencil_set *set, struct chosen *chosen)
{
	const struct stencil *stencil = stencil_of(set, chosen->key);
	if (!stencil) {
		for (uint32_t x = set->operands[0] & OPERAND_WRITE ? 1 : 0; x < 4; x++) {
			if (chosen->registers[x] != NONE)
				use_slot(p, chosen, x);
		}
		chosen->key = 0;
		chosen->registers[0] = NONE;
		stencil = stencil_of(set, 0);
	}
	struct piece piece = { .stencil = stencil };
	for (uint32_t x = 0; x < 4; x++) {
		if (chosen->registers[x] != NONE)
			piece.registers[x] = stencil_register_codes[chosen->registers[x]];
	}
	put(p, piece);
}

/* What the step wrote. */
static void take_result(struct plan *p, const struct stencil_set *set, const union word *word, const struct chosen *chosen)
{
	uint32_t slot = word[1].a;
	int before = find(&p->now, slot);
	if (before != NONE)
		drop(&p->now, before);
	int at = chosen->registers[0];
	if (at == NONE)
		return;
	hold(&p->now, at, slot, set->operands[0] & WIDTH);
	p->now.dirty |= (uint16_t)(1 << at);
}

static void plan_far(struct plan *p)
{
	store_all(p, UINT32_MAX);
	put(p, (struct piece){ .stencil = stencil_far });
	p->now.held = 0;
}

static bool is_return(handler *handler)
{
	for (uint32_t kind = 0; kind < KIND_V128; kind++) {
		if (handler == control_steps.leave_with[kind])
			return true;
	}
	return handler == control_steps.leave;
}

static void plan_step(struct plan *p)
{
	const struct stencil_set *set = p->sets[p->step];
	const union word *word = word_of(p, p->step);
	uint32_t free = p->lowered->steps[p->step].free;
	if (!set) {
		plan_far(p);
		return;
	}
	bool comes_back = set->flags & STENCIL_BARRIER && !is_return(word->handler);
	if (word->handler == control_steps.table || set->flags & STENCIL_BRANCHES || comes_back)
		store_all(p, free);
	uint32_t target = set->flags & STENCIL_BRANCHES ? target_of(p, p->step) : UINT32_MAX;
	bool back = target <= p->step;
	if (back)
		load_pins(p, &loop_of(p, p->loop_at[target])->pins);
	struct chosen chosen = { .registers = { NONE, NONE, NONE, NONE } };
	choose_reads(p, set, word, &chosen);
	if (set->operands[0] & OPERAND_WRITE)
		choose_result(p, set, word, &chosen);
	put_step(p, set, &chosen);
	if (set->operands[0] & OPERAND_WRITE)
		take_result(p, set, word, &chosen);
	if (free != UINT32_MAX)
		drop_unwanted(p, free);
	if (!back)
		each_target(p, p->step, join);
	if (set->flags & STENCIL_BARRIER)
		p->now.held = p->now.dirty = 0;
	p->reached = set->flags & STENCIL_GOES_ON || comes_back;
}

/* Where control joins: at a loop's head the loop's pins are in registers, and nothing else. */
static void arrive(struct plan *p)
{
	static const struct contents none;
	uint32_t step = p->step;
	if (p->reached)
		store_all(p, UINT32_MAX);
	if (p->joins[step]) {
		if (p->reached)
			intersect(&p->now, p->joins[step]);
		else
			p->now = *p->joins[step];
	} else if (!p->reached) {
		p->now = none;
	}
	if (p->loop_at[step] != NONE) {
		p->loop = p->loop_at[step];
		loop_pin(p, loop_of(p, p->loop));
		load_pins(p, pins(p));
		p->now.held &= pins(p)->held;
	} else {
		keep_to_pins(p, pins(p));
	}
	p->reached = true;
}

static void plan_all(struct plan *p)
{
	for (p->step = 0; p->step < p->lowered->step_count && !p->failed; p->step++) {
		if (p->targets[p->step] || !p->reached)
			arrive(p);
		p->pieces->firsts[p->step] = p->pieces->count;
		plan_step(p);
		while (p->loop != NONE && loop_of(p, p->loop)->end == p->step)
			p->loop = loop_of(p, p->loop)->outer;
		if (p->reached)
			keep_to_pins(p, pins(p));
	}
	p->pieces->firsts[p->lowered->step_count] = p->pieces->count;
}

bool pieces_plan(struct pieces *pieces, const struct lowered *lowered)
{
	uint32_t steps = lowered->step_count;
	struct plan p = { .lowered = lowered, .pieces = pieces, .loop = NONE, .reached = true, .budget = 64 * (uint64_t)steps + 4096 };
	*pieces = (struct pieces){ .firsts = malloc((steps + 1) * sizeof *pieces->firsts) };
	p.sets = malloc((steps + 1) * sizeof(void *));
	p.joins = calloc(steps + 1, sizeof(void *));
	p.targets = calloc(steps + 1, sizeof *p.targets);
	p.step_at = malloc((lowered->word_count + 1) * sizeof *p.step_at);
	p.loop_at = malloc((steps + 1) * sizeof *p.loop_at);
	p.depths = malloc(steps + 1);
	p.uses = malloc((lowered->local_slots + 1) * sizeof *p.uses);
	p.failed = !pieces->firsts || !p.sets || !p.joins || !p.targets || !p.step_at || !p.loop_at || !p.depths || !p.uses;
	if (!p.failed) {
		loops_survey(&p);
		plan_all(&p);
	}
	for (uint32_t i = 0; p.joins && i < steps; i++)
		free(p.joins[i]);
	free(p.sets);
	free(p.joins);
	free(p.targets);
	free(p.step_at);
	free(p.loop_at);
	free(p.depths);
	buf_finish(&p.loops);
	free(p.uses);
	return !p.failed;
}

void pieces_free(struct pieces *pieces)
{
	free(pieces->items);
	free(pieces->firsts);
}
