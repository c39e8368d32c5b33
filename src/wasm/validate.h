/*
 * The validator's inside. It follows the algorithm in the specification's appendix: a stack of operand types and a stack of control
 * frames, one pass over the code.
 */
#pragma once

#include "wasm/module_parts.h"
#include "wasm/opcodes.h"
#include "wasm/reader.h"

/* Types are borrowed: from the module's types, or from the block type itself, whose byte is the type. */
struct control {
	const uint8_t *params, *results;
	uint16_t param_count, result_count;
	uint16_t param_slots, result_slots;
	uint32_t height; /* operands below this belong to frames outside */
	uint32_t slots;  /* that those take */
	uint8_t opcode;  /* block, loop, if, else; block for the function itself */
	bool unreachable; /* behind a branch: operands are there as needed, of any type */
};

/* Kept from one function to the next, so that its arrays are allocated a few times only. All zero is empty. */
struct validator {
	struct reader r;
	const struct module *module;
	uint8_t *operands; /* enum valtype, or TYPE_ANY; always has room for one instruction's results */
	uint32_t operand_count, operand_capacity;
	uint32_t slots, max_slots;
	struct control *controls;
	uint32_t depth, control_capacity;
	struct control *top; /* of controls */
	uint8_t *locals;     /* enum valtype; MAX_LOCALS of them */
	uint32_t local_count;
	uint32_t opcode;  /* of the instruction being validated */
	uint32_t at;      /* its offset */
};

enum {
	TYPE_ANY = 0,
	OPERAND_ROOM = 4, /* for what a single instruction pushes, blocks and calls apart */
};

/* Fail with the text alone: where it is, validate_funcs adds. */
enum err invalid(const struct validator *v, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
enum err mismatch(const struct validator *v, uint8_t expected, uint8_t found) __attribute__((cold));
enum err missing(const struct validator *v, uint8_t expected) __attribute__((cold));
enum err validate_index(const struct validator *v, const char *what, uint32_t index, uint32_t count);

/* Makes room for `more` operands, and OPERAND_ROOM behind them. */
enum err reserve_operands(struct validator *v, uint32_t more);

/* The operands on top are `types`; the second form leaves them there. */
enum err pop_types(struct validator *v, const uint8_t *types, uint32_t count, uint32_t slots);
enum err check_types(struct validator *v, const uint8_t *types, uint32_t count);
enum err push_types(struct validator *v, const uint8_t *types, uint32_t count, uint32_t slots);

static inline void push(struct validator *v, uint8_t type)
{
	v->operands[v->operand_count++] = type;
	v->slots += valtype_slots((enum valtype)type);
	if (v->slots > v->max_slots)
		v->max_slots = v->slots;
}

/* An operand of any type; TYPE_ANY behind a branch. */
static inline enum err pop_any(struct validator *v, uint8_t *ret_type)
{
	if (__builtin_expect(v->operand_count == v->top->height, 0)) {
		*ret_type = TYPE_ANY;
		return v->top->unreachable ? 0 : missing(v, TYPE_ANY);
	}
	*ret_type = v->operands[--v->operand_count];
	v->slots -= valtype_slots((enum valtype) * ret_type);
	return 0;
}

static inline enum err pop(struct validator *v, uint8_t type)
{
	if (__builtin_expect(v->operand_count == v->top->height, 0))
		return v->top->unreachable ? 0 : missing(v, type);
	uint8_t found = v->operands[--v->operand_count];
	v->slots -= valtype_slots((enum valtype)found);
	if (__builtin_expect(found != type && found != TYPE_ANY, 0))
		return mismatch(v, type, found);
	return 0;
}

/* Begins a body: a block of the function's results. */
enum err push_function(struct validator *v, const struct functype *type);

/* Blocks, branches and calls; false in ret_more when the function's own `end` was met. */
enum err validate_control(struct validator *v, bool *ret_more);

/* The other instructions, whose types depend on their immediates or operands. */
enum err validate_special(struct validator *v);

/* One whole body: fills in what it tells of `func`. */
enum err validate_body(struct validator *v, struct module_func *func);
void validator_finish(struct validator *v);
