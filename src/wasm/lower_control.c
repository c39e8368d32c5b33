#include <stdlib.h>

#include "wasm/lowering.h"

/* What a conditional branch depends on: a comparison taken off the end of the code, or a slot. */
struct condition {
	const struct step *step; /* NULL: slot a is or is not 0 */
	uint16_t a, b;
	bool constant;
	bool negated;            /* branch when it does not hold */
};

static struct label *label_at(struct lowering *l, uint32_t depth)
{
	return &l->labels[l->label_count - 1 - depth];
}

void push_label(struct lowering *l, uint16_t opcode, const uint8_t *params, uint32_t param_count, const uint8_t *results,
	uint32_t result_count)
{
	if (l->label_count == l->label_capacity) {
		uint32_t capacity = l->label_capacity ? l->label_capacity * 2 : 64;
		struct label *labels = realloc(l->labels, capacity * sizeof *labels);
		if (!labels) {
			l->failed = true;
			return;
		}
		l->labels = labels;
		l->label_capacity = capacity;
	}
	uint32_t height = l->value_count - param_count;
	l->labels[l->label_count++] = (struct label){ .opcode = opcode,
		.height = height,
		.base = param_count ? l->values[height].home : l->next_slot,
		.params = params,
		.results = results,
		.param_count = param_count,
		.result_count = result_count };
}

static void patch_distance(struct lowering *l, uint32_t origin, uint32_t at, uint32_t target)
{
	int32_t distance = (int32_t)(target - origin);
	if (!l->failed)
		memcpy((uint8_t *)l->words + at, &distance, sizeof distance);
}

/* Makes the distance at byte `at`, of the step at `origin`, that to a place which `list` will be told of. */
static void patch_later(struct lowering *l, uint32_t *list, uint32_t origin, uint32_t at)
{
	if (l->patch_count == l->patch_capacity) {
		uint32_t capacity = l->patch_capacity ? l->patch_capacity * 2 : 64;
		struct patch *patches = realloc(l->patches, capacity * sizeof *patches);
		if (!patches) {
			l->failed = true;
			return;
		}
		l->patches = patches;
		l->patch_capacity = capacity;
	}
	l->patches[l->patch_count++] = (struct patch){ *list, origin, at };
	*list = l->patch_count;
}

static void patch_here(struct lowering *l, uint32_t list)
{
	while (list) {
		struct patch *patch = &l->patches[list - 1];
		patch_distance(l, patch->origin, patch->at, l->word_count);
		list = patch->next;
	}
}

/* The byte in the words where a step keeps its distance. */
static uint32_t imm_of(uint32_t step)
{
	return (step + 1) * 8 + 4;
}

/* Pops the operand of a conditional branch. A comparison just made is taken back, to become part of the branch. */
static struct condition pop_condition(struct lowering *l, bool negated)
{
	struct value value = pop(l);
	struct last_step last = l->last;
	if (value.kind != VALUE_HOME || !last.valid || !last.opcode || l->failed)
		return (struct condition){ .a = (uint16_t)slot_of(l, &value), .negated = negated };
	union word operands = l->words[last.at + 1];
	const struct step *step = &steps[opcode_index(last.opcode)];
	bool fits = last.constant ? operands.imm == (int16_t)operands.imm && step->branch_constant != NULL : step->branch != NULL;
	if (!fits || operands.a != value.home)
		return (struct condition){ .a = value.home, .negated = negated };
	l->word_count = last.at;
	l->step_count--;
	fence(l);
	if (negated && step->negation) {
		step = &steps[opcode_index(step->negation)];
		negated = false;
	}
	uint16_t second = last.constant ? (uint16_t)operands.imm : operands.c;
	return (struct condition){ step, operands.b, second, last.constant, negated };
}

/* Emits the branch, its distance still to be filled in; returns the step. */
static uint32_t emit_branch(struct lowering *l, const struct condition *condition, bool back)
{
	const struct step *step = condition->step;
	handler *handler;
	if (!step && condition->negated)
		handler = back ? control_steps.back_unless : control_steps.branch_unless;
	else if (!step)
		handler = back ? control_steps.back_if : control_steps.branch_if;
	else if (condition->constant)
		handler = back ? step->back_constant : step->branch_constant;
	else if (condition->negated)
		handler = back ? step->unless_back : step->unless;
	else
		handler = back ? step->back : step->branch;
	uint32_t at = emit_imm(l, handler, condition->a, condition->b, 0);
	free_behind(l);
	fence(l);
	return at;
}

/* What a branch to the label carries. */
static uint32_t arity(const struct label *label, const uint8_t **ret_types)
{
	bool loop = label->opcode == OP_loop;
	*ret_types = loop ? label->params : label->results;
	return loop ? label->param_count : label->result_count;
}

/* Whether the values that a branch to the label carries are already where it wants them. */
static bool in_place(struct lowering *l, const struct label *label)
{
	const uint8_t *types;
	uint32_t count = arity(label, &types);
	if (count == 0)
		return true;
	for (uint32_t i = l->value_count - count; i < l->value_count; i++) {
		if (l->values[i].kind != VALUE_HOME)
			return false;
	}
	return l->values[l->value_count - count].home == label->base;
}

/* Moves what a branch carries to where the label wants it: downwards, so in order nothing is overwritten that is still to be moved. */
static void move_carried(struct lowering *l, const struct label *label)
{
	const uint8_t *types;
	uint32_t count = arity(label, &types);
	uint32_t slot = label->base;
	for (uint32_t i = 0; i < count; i++) {
		const struct value *value = &l->values[l->value_count - count + i];
		move_to(l, value, slot);
		slot += valtype_slots(types[i]);
	}
	fence(l);
}

/* Goes to the label without condition; what it carries is in place. */
static void emit_jump(struct lowering *l, struct label *label)
{
	bool loop = label->opcode == OP_loop;
	uint32_t at = emit_imm(l, loop ? control_steps.jump_back : control_steps.jump, 0, 0, 0);
	fence(l);
	if (loop)
		patch_distance(l, at, imm_of(at), label->target);
	else
		patch_later(l, &label->patches, at, imm_of(at));
}

void lower_return(struct lowering *l)
{
	const struct functype *type = l->func->type;
	uint32_t count = type->result_count;
	if (count == 0) {
		emit(l, control_steps.leave, 0, 0, 0, 0);
	} else if (count == 1 && type->results[0] != VALTYPE_V128) {
		uint32_t slot = slot_of(l, &l->values[l->value_count - 1]);
		emit(l, control_steps.leave_with[kind_of(type->results[0])], slot, 0, 0, 0);
	} else {
		for (uint32_t i = l->value_count - count; i < l->value_count; i++)
			move_to(l, &l->values[i], l->values[i].home);
		emit_imm(l, control_steps.leave_many, l->values[l->value_count - count].home, 0, type->result_slots);
	}
	fence(l);
}

/* The outermost label is the function's: to branch to it is to return. */
static void branch_always(struct lowering *l, uint32_t depth)
{
	struct label *label = label_at(l, depth);
	if (depth == l->label_count - 1) {
		lower_return(l);
		return;
	}
	if (!in_place(l, label))
		move_carried(l, label);
	emit_jump(l, label);
}

static void lower_br_if(struct lowering *l, uint32_t depth)
{
	struct label *label = label_at(l, depth);
	struct condition condition = pop_condition(l, false);
	bool outermost = depth == l->label_count - 1;
	if (!outermost && in_place(l, label)) {
		bool loop = label->opcode == OP_loop;
		uint32_t at = emit_branch(l, &condition, loop);
		if (loop)
			patch_distance(l, at, imm_of(at), label->target);
		else
			patch_later(l, &label->patches, at, imm_of(at));
		return;
	}
	/* Around the moves. The condition's operands are not among what moves: they were above it, or are locals. */
	condition.negated = true;
	if (condition.step && condition.step->negation) {
		condition.step = &steps[opcode_index(condition.step->negation)];
		condition.negated = false;
	}
	uint32_t around = 0;
	uint32_t at = emit_branch(l, &condition, false);
	patch_later(l, &around, at, imm_of(at));
	branch_always(l, depth);
	patch_here(l, around);
	fence(l);
}

/* A branch of a table that has more to do than jump goes to a stub behind the table that does it. */
static void table_entry(struct lowering *l, uint32_t origin, uint32_t at, uint32_t depth)
{
	struct label *label = label_at(l, depth);
	bool outermost = depth == l->label_count - 1;
	if (!outermost && label->opcode != OP_loop && in_place(l, label)) {
		patch_later(l, &label->patches, origin, at);
		return;
	}
	if (label->stub_owner != l->tables) {
		label->stub_owner = l->tables;
		label->stub = l->word_count;
		branch_always(l, depth);
		label = label_at(l, depth);
	}
	patch_distance(l, origin, at, label->stub);
}

static void lower_br_table(struct lowering *l)
{
	struct value index = pop(l);
	uint32_t slot = slot_of(l, &index);
	uint32_t count = read_u32(&l->reader) + 1;
	uint32_t origin = emit_imm(l, control_steps.table, slot, 0, count);
	free_behind(l);
	fence(l);
	l->tables++;
	for (uint32_t i = 0; i < (count + 1) / 2; i++)
		emit_word(l, 0);
	for (uint32_t i = 0; i < count && !l->failed; i++)
		table_entry(l, origin, (origin + 2) * 8 + i * 4, read_u32(&l->reader));
}

/* The parameters and results of a block's type. */
static void read_block_type(struct lowering *l, struct functype *ret_type)
{
	static const uint8_t single[] = { 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f };
	*ret_type = (struct functype){ 0 };
	int64_t type = read_s33(&l->reader);
	if (type >= 0) {
		*ret_type = l->module->types[type];
	} else if ((type & 0x7f) != 0x40) {
		ret_type->result_count = 1;
		ret_type->results = memchr(single, (int)(type & 0x7f), sizeof single);
	}
}

static void lower_block(struct lowering *l, uint32_t opcode)
{
	struct functype type;
	read_block_type(l, &type);
	struct condition condition = { 0 };
	if (opcode == OP_if_)
		condition = pop_condition(l, true);
	settle(l);
	for (uint32_t i = l->value_count - type.param_count; i < l->value_count; i++)
		go_home(l, &l->values[i]);
	push_label(l, (uint16_t)opcode, type.params, type.param_count, type.results, type.result_count);
	if (l->failed)
		return;
	struct label *label = label_at(l, 0);
	if (opcode == OP_loop) {
		emit(l, control_steps.loop, 0, 0, 0, 0);
		label->target = l->word_count;
	} else if (opcode == OP_if_) {
		uint32_t at = emit_branch(l, &condition, false);
		patch_later(l, &label->otherwise, at, imm_of(at));
	}
	fence(l);
}

/* The stack becomes that of the label's start or end. */
static void reset_stack(struct lowering *l, const struct label *label, const uint8_t *types, uint32_t count)
{
	while (l->value_count > label->height)
		pop(l);
	l->next_slot = label->base;
	for (uint32_t i = 0; i < count; i++)
		push(l, types[i]);
}

static void lower_else(struct lowering *l)
{
	struct label *label = label_at(l, 0);
	if (!label->dead) {
		if (!in_place(l, label))
			move_carried(l, label);
		emit_jump(l, label);
	}
	patch_here(l, label->otherwise);
	label->otherwise = 0;
	label->dead = false;
	reset_stack(l, label, label->params, label->param_count);
	fence(l);
}

static void lower_end(struct lowering *l)
{
	struct label *label = label_at(l, 0);
	if (l->label_count == 1) {
		if (!label->dead)
			lower_return(l);
		l->label_count = 0;
		return;
	}
	uint32_t count = label->result_count;
	if (!label->dead) {
		for (uint32_t i = l->value_count - count; i < l->value_count; i++)
			go_home(l, &l->values[i]);
	}
	patch_here(l, label->otherwise);
	patch_here(l, label->patches);
	reset_stack(l, label, label->results, count);
	l->label_count--;
	fence(l);
}

static void lower_call(struct lowering *l, const struct functype *type)
{
	for (uint32_t i = l->value_count - type->param_count; i < l->value_count; i++)
		go_home(l, &l->values[i]);
	for (uint32_t i = 0; i < type->param_count; i++)
		pop(l);
}

static void push_results(struct lowering *l, const struct functype *type)
{
	fence(l);
	for (uint32_t i = 0; i < type->result_count; i++)
		push(l, type->results[i]);
}

static void lower_call_direct(struct lowering *l)
{
	struct func *callee = l->func->instance->funcs[read_u32(&l->reader)];
	lower_call(l, callee->type);
	emit(l, callee->host ? control_steps.call_host : control_steps.call, l->next_slot, 0, 0, 0);
	emit_word(l, (uint64_t)(uintptr_t)callee);
	push_results(l, callee->type);
}

static void lower_call_indirect(struct lowering *l)
{
	uint32_t index = read_u32(&l->reader);
	uint64_t table = read_u32(&l->reader);
	const struct functype *type = &l->module->types[index];
	struct value value = pop(l);
	uint32_t slot = slot_of(l, &value);
	lower_call(l, type);
	emit(l, control_steps.call_indirect, l->next_slot, slot, 0, 0);
	emit_word(l, l->func->instance->types[index] | table << 32);
	push_results(l, type);
}

static void die(struct lowering *l)
{
	label_at(l, 0)->dead = true;
	skip_dead(l);
}

void lower_control(struct lowering *l, uint32_t opcode)
{
	switch (opcode) {
	case OP_unreachable:
		emit(l, control_steps.unreachable, 0, 0, 0, 0);
		die(l);
		break;
	case OP_block:
	case OP_loop:
	case OP_if_: lower_block(l, opcode); break;
	case OP_else_: lower_else(l); break;
	case OP_end: lower_end(l); break;
	case OP_br:
		branch_always(l, read_u32(&l->reader));
		die(l);
		break;
	case OP_br_if: lower_br_if(l, read_u32(&l->reader)); break;
	case OP_br_table:
		lower_br_table(l);
		die(l);
		break;
	case OP_return_:
		lower_return(l);
		die(l);
		break;
	case OP_call: lower_call_direct(l); break;
	case OP_call_indirect: lower_call_indirect(l); break;
	default: break;
	}
}
