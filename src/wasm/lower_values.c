#include <stdlib.h>

#include "wasm/lowering.h"

/* Makes room for one more; keeps the old storage, and a use for it, when there is no memory: `failed` is looked at in the end. */
static bool grow(struct lowering *l, void **array, uint32_t *capacity, uint32_t count, size_t size)
{
	if (count < *capacity)
		return true;
	uint32_t more = *capacity ? *capacity * 2 : 64;
	void *bigger = realloc(*array, more * size);
	if (!bigger) {
		l->failed = true;
		return false;
	}
	*array = bigger;
	*capacity = more;
	return true;
}
#define GROW(l, items, count, capacity) grow((l), (void **)&(l)->items, &(l)->capacity, (l)->count, sizeof *(l)->items)

void emit_word(struct lowering *l, uint64_t value)
{
	if (GROW(l, words, word_count, word_capacity))
		l->words[l->word_count++].value = value;
}

static uint32_t emit_step(struct lowering *l, handler *handler, union word operands)
{
	uint32_t at = l->word_count;
	if (l->seeking && at <= l->wanted_word)
		l->found_offset = l->opcode_offset;
	if (GROW(l, steps, step_count, step_capacity))
		l->steps[l->step_count++] = (struct lowered_step){ at, UINT32_MAX };
	emit_word(l, (uint64_t)(uintptr_t)handler);
	emit_word(l, operands.value);
	l->last = (struct last_step){ .valid = true, .at = at };
	return at;
}

void free_behind(struct lowering *l)
{
	if (l->step_count)
		l->steps[l->step_count - 1].free = l->next_slot;
}

uint32_t emit(struct lowering *l, handler *handler, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return emit_step(l, handler, (union word){ .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)c, .d = (uint16_t)d });
}

uint32_t emit_imm(struct lowering *l, handler *handler, uint32_t a, uint32_t b, uint32_t imm)
{
	return emit_step(l, handler, (union word){ .a = (uint16_t)a, .b = (uint16_t)b, .offset = imm });
}

void fence(struct lowering *l)
{
	l->last.valid = false;
}

struct value *push(struct lowering *l, uint8_t type)
{
	static struct value spare;
	if (!GROW(l, values, value_count, value_capacity))
		return &spare;
	struct value *value = &l->values[l->value_count++];
	*value = (struct value){ .kind = VALUE_HOME, .type = type, .home = (uint16_t)l->next_slot };
	l->next_slot += valtype_slots(type);
	return value;
}

uint32_t push_result(struct lowering *l, uint8_t type)
{
	return push(l, type)->home;
}

void push_const(struct lowering *l, uint8_t type, uint64_t constant)
{
	struct value *value = push(l, type);
	value->kind = VALUE_CONST;
	value->constant = constant;
}

void push_local(struct lowering *l, uint8_t type, uint32_t slot)
{
	struct value *value = push(l, type);
	value->kind = VALUE_LOCAL;
	value->slot = (uint16_t)slot;
	l->pending[slot]++;
	l->pending_count++;
}

/* The value is in no local any more. */
static void forget_local(struct lowering *l, const struct value *value)
{
	if (value->kind == VALUE_LOCAL) {
		l->pending[value->slot]--;
		l->pending_count--;
	}
}

struct value pop(struct lowering *l)
{
	if (l->value_count == 0) /* only after a failure */
		return (struct value){ .type = VALTYPE_I32 };
	struct value value = l->values[--l->value_count];
	l->next_slot = value.home;
	forget_local(l, &value);
	return value;
}

static void emit_const(struct lowering *l, uint8_t type, uint32_t slot, uint64_t constant)
{
	enum kind kind = kind_of(type);
	emit_imm(l, control_steps.constant[kind], slot, 0, (uint32_t)constant);
	if (kind != KIND_I32)
		emit_word(l, constant);
}

void move_to(struct lowering *l, const struct value *value, uint32_t slot)
{
	uint32_t from = value->kind == VALUE_LOCAL ? value->slot : value->home;
	if (value->kind == VALUE_CONST)
		emit_const(l, value->type, slot, value->constant);
	else if (from != slot)
		emit(l, control_steps.copy[kind_of(value->type)], slot, from, 0, 0);
}

void go_home(struct lowering *l, struct value *value)
{
	if (value->kind != VALUE_HOME)
		move_to(l, value, value->home);
	forget_local(l, value);
	value->kind = VALUE_HOME;
}

uint32_t slot_of(struct lowering *l, const struct value *value)
{
	if (value->kind == VALUE_LOCAL)
		return value->slot;
	if (value->kind == VALUE_CONST)
		move_to(l, value, value->home);
	return value->home;
}

/* From the top, where they most likely are, and no further than needed: code may be hostile. */
void settle_local(struct lowering *l, uint32_t slot)
{
	for (uint32_t i = l->value_count; l->pending[slot] && i-- > 0;) {
		if (l->values[i].kind == VALUE_LOCAL && l->values[i].slot == slot)
			go_home(l, &l->values[i]);
	}
}

void settle(struct lowering *l)
{
	for (uint32_t i = l->value_count; l->pending_count && i-- > 0;) {
		if (l->values[i].kind == VALUE_LOCAL)
			go_home(l, &l->values[i]);
	}
}
