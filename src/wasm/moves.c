#include <stdlib.h>

#include "wasm/registers_parts.h"
#include "wasm/steps.h"

void put(struct plan *p, struct piece piece)
{
	struct pieces *pieces = p->pieces;
	if (pieces->count == pieces->capacity) {
		uint32_t capacity = pieces->capacity ? pieces->capacity * 2 : 256;
		struct piece *items = realloc(pieces->items, capacity * sizeof *items);
		if (!items) {
			p->failed = true;
			return;
		}
		pieces->items = items;
		pieces->capacity = capacity;
	}
	piece.step = p->step;
	pieces->items[pieces->count++] = piece;
}

/* A copy between a register and its slot: of the handlers that copy, with one operand in a register. */
static void move(struct plan *p, int at, uint32_t slot, uint32_t width, bool load)
{
	static const uint8_t kinds[] = { KIND_I32, KIND_I64, KIND_F32, KIND_F64 };
	const struct stencil_set *set = stencil_set_of(control_steps.copy[kinds[width / WIDTH_32 - 1]], false);
	uint8_t number = stencil_register_codes[at];
	put(p,
		(struct piece){
			.stencil = stencil_of(set, load ? 1 : 2), .moves = true, .slot = (uint16_t)slot, .registers = { number, number } });
}

void store(struct plan *p, int at)
{
	if (p->now.dirty >> at & 1)
		move(p, at, p->now.slots[at], p->now.widths[at], false);
	p->now.dirty &= (uint16_t)~(1 << at);
}

void load(struct plan *p, int at, uint32_t slot, uint32_t width)
{
	move(p, at, slot, width, true);
	hold(&p->now, at, slot, width);
}

void give_up(struct plan *p, int at)
{
	store(p, at);
	drop(&p->now, at);
}

static bool is_wanted(const struct plan *p, uint32_t slot, uint32_t free)
{
	return is_local(p, slot) || slot < free;
}

void store_all(struct plan *p, uint32_t free)
{
	for (uint32_t left = p->now.dirty; left; left &= left - 1) {
		if (is_wanted(p, p->now.slots[__builtin_ctz(left)], free))
			store(p, __builtin_ctz(left));
	}
}

void drop_unwanted(struct plan *p, uint32_t free)
{
	for (uint32_t left = p->now.held; left; left &= left - 1) {
		if (!is_wanted(p, p->now.slots[__builtin_ctz(left)], free))
			drop(&p->now, __builtin_ctz(left));
	}
}

const struct contents *pins(const struct plan *p)
{
	static const struct contents none;
	return p->loop == NONE ? &none : &loop_of(p, p->loop)->pins;
}

void keep_to_pins(struct plan *p, const struct contents *pins)
{
	for (uint32_t left = p->now.held; left; left &= left - 1) {
		int at = __builtin_ctz(left), pin = find(pins, p->now.slots[at]);
		bool taken = pins->held >> at & 1 && pins->slots[at] != p->now.slots[at];
		if (taken || (pin != NONE && pin != at))
			give_up(p, at);
	}
}

void load_pins(struct plan *p, const struct contents *pins)
{
	keep_to_pins(p, pins);
	for (uint32_t left = pins->held & ~p->now.held; left; left &= left - 1) {
		int at = __builtin_ctz(left);
		load(p, at, pins->slots[at], pins->widths[at]);
	}
}
