#include <stdlib.h>

#include "wasm/registers_parts.h"
#include "wasm/steps.h"

enum { PINNED_INTS = 3, PINNED_FLOATS = 5 };

uint32_t target_of(const struct plan *p, uint32_t step)
{
	return p->step_at[(int64_t)p->lowered->steps[step].word + word_of(p, step)[1].imm];
}

void each_target(struct plan *p, uint32_t step, void visit(struct plan *p, uint32_t target))
{
	const union word *word = word_of(p, step);
	if (word->handler == control_steps.table) {
		for (uint32_t i = 0; i < word[1].offset; i++) {
			int32_t distance;
			memcpy(&distance, (const char *)(word + 2) + 4 * (size_t)i, sizeof distance);
			visit(p, p->step_at[(int64_t)p->lowered->steps[step].word + distance]);
		}
	} else if (p->sets[step] && p->sets[step]->flags & STENCIL_BRANCHES) {
		visit(p, target_of(p, step));
	}
}

static void note_target(struct plan *p, uint32_t target)
{
	p->targets[target] = true;
	if (target > p->step)
		return;
	if (p->loop_at[target] == NONE) {
		struct loop loop = { .head = target, .outer = NONE };
		p->loop_at[target] = (int32_t)(p->loops.size / sizeof loop);
		buf_append(&p->loops, &loop, sizeof loop);
		p->failed |= p->loops.failed;
	}
	if (!p->failed)
		loop_of(p, p->loop_at[target])->end = p->step;
}

static const struct stencil_set *set_for(const union word *word, bool guarded)
{
	const struct stencil_set *set = stencil_set_of(word->handler, guarded);
	return set && set->flags & STENCIL_OFFSET && word[1].offset > STENCIL_OFFSET_MAX ? NULL : set;
}

void loops_survey(struct plan *p)
{
	const struct lowered *lowered = p->lowered;
	for (uint32_t i = 0; i < lowered->step_count; i++) {
		p->loop_at[i] = NONE;
		p->step_at[lowered->steps[i].word] = i;
		p->sets[i] = set_for(lowered->words + lowered->steps[i].word, lowered->guarded);
	}
	for (p->step = 0; p->step < lowered->step_count; p->step++)
		each_target(p, p->step, note_target);
	int32_t loop = NONE;
	uint8_t depth = 0;
	for (uint32_t i = 0; i < lowered->step_count && !p->failed; i++) {
		if (p->loop_at[i] != NONE) {
			loop_of(p, p->loop_at[i])->outer = loop;
			loop = p->loop_at[i];
			depth += depth < UINT8_MAX;
		}
		p->depths[i] = depth;
		for (; loop != NONE && loop_of(p, loop)->end == i; depth -= depth > 0)
			loop = loop_of(p, loop)->outer;
	}
}

static void count_uses(struct plan *p, const struct loop *loop, uint8_t *widths)
{
	for (uint32_t i = loop->head; i <= loop->end; i++) {
		const union word *word = word_of(p, i);
		uint32_t deeper = p->depths[i] - p->depths[loop->head];
		for (uint32_t x = 0; x < 4 && p->sets[i]; x++) {
			uint32_t operand = p->sets[i]->operands[x], slot = operand_slot(word, x);
			if (!(operand & WIDTH) || !is_local(p, slot))
				continue;
			p->uses[slot] += 1u << (deeper < 3 ? 3 * deeper : 9);
			widths[slot] = operand & WIDTH;
		}
	}
}

/* The register for a pin: the one that the outer loop has it in, if that is still to be had. */
static int place_pin(const struct plan *p, const struct loop *loop, uint32_t slot, uint32_t class)
{
	int outer = loop->outer == NONE ? NONE : find(&loop_of(p, loop->outer)->pins, slot);
	uint32_t open = class & ~loop->pins.held;
	if (outer != NONE && open >> outer & 1)
		return outer;
	uint32_t apart = loop->outer == NONE ? open : open & ~loop_of(p, loop->outer)->pins.held;
	return __builtin_ctz(apart ? apart : open);
}

static void pin_most_used(struct plan *p, struct loop *loop, const uint8_t *widths, uint32_t class, uint32_t count)
{
	for (; count; count--) {
		uint32_t most = 1, slot = 0;
		for (uint32_t i = 0; i < p->lowered->local_slots; i++) {
			if (p->uses[i] > most && class_of(widths[i]) == class) {
				most = p->uses[i];
				slot = i;
			}
		}
		if (most == 1)
			return;
		p->uses[slot] = 0;
		hold(&loop->pins, place_pin(p, loop, slot, class), slot, widths[slot]);
	}
}

void loop_pin(struct plan *p, struct loop *loop)
{
	uint64_t cost = (uint64_t)(loop->end - loop->head) + (PINNED_INTS + PINNED_FLOATS) * (uint64_t)p->lowered->local_slots;
	if (cost > p->budget)
		return;
	p->budget -= cost;
	uint8_t *widths = calloc(p->lowered->local_slots + 1, sizeof *widths);
	if (!widths) {
		p->failed = true;
		return;
	}
	memset(p->uses, 0, p->lowered->local_slots * sizeof *p->uses);
	count_uses(p, loop, widths);
	pin_most_used(p, loop, widths, INTS, PINNED_INTS);
	pin_most_used(p, loop, widths, FLOATS, PINNED_FLOATS);
	free(widths);
}
