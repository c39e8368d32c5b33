/* The operand stack of the validator, and its errors. */
#include "wasm/decode.h"
#include "wasm/validate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum err invalid(const struct validator *v, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)v;
	return err_set(ERR_MALFORMED, "%s", text);
}

static const char *instruction(const struct validator *v)
{
	return opcode_infos[opcode_index(v->opcode)].name;
}

enum err mismatch(const struct validator *v, uint8_t expected, uint8_t found)
{
	return err_set(ERR_MALFORMED, "type mismatch: %s expects %s, found %s", instruction(v), valtype_name(expected),
		valtype_name(found));
}

enum err missing(const struct validator *v, uint8_t expected)
{
	return err_set(ERR_MALFORMED, "type mismatch: %s expects %s, found nothing", instruction(v), valtype_name(expected));
}

enum err validate_index(const struct validator *v, const char *what, uint32_t index, uint32_t count)
{
	return index < count ? 0 : invalid(v, "unknown %s %u, of %u, named by %s", what, index, count, instruction(v));
}

enum err reserve_operands(struct validator *v, uint32_t more)
{
	uint32_t needed = v->operand_count + more + OPERAND_ROOM;
	if (__builtin_expect(needed <= v->operand_capacity, 1))
		return 0;
	if (needed > MAX_OPERANDS)
		return err_set(ERR_LIMIT, "an operand stack of more than %d values", MAX_OPERANDS);
	uint32_t capacity = needed * 2;
	uint8_t *operands = realloc(v->operands, capacity);
	if (!operands)
		return err_nomem();
	v->operands = operands;
	v->operand_capacity = capacity;
	return 0;
}

/* Operand by operand, from the top: the way for code behind a branch, and to say what is wrong. */
static enum err compare_types(const struct validator *v, const uint8_t *types, uint32_t count)
{
	uint32_t have = v->operand_count - v->top->height;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t expected = types[count - 1 - i];
		if (i == have)
			return v->top->unreachable ? 0 : missing(v, expected);
		uint8_t found = v->operands[v->operand_count - 1 - i];
		if (found != expected && found != TYPE_ANY)
			return mismatch(v, expected, found);
	}
	return 0;
}

enum err check_types(struct validator *v, const uint8_t *types, uint32_t count)
{
	uint32_t have = v->operand_count - v->top->height;
	if (count <= have && view_equal(view_of(v->operands + v->operand_count - count, count), view_of(types, count)))
		return 0;
	return compare_types(v, types, count);
}

enum err pop_types(struct validator *v, const uint8_t *types, uint32_t count, uint32_t slots)
{
	TRY(check_types(v, types, count));
	if (__builtin_expect(!v->top->unreachable, 1)) {
		v->operand_count -= count;
		v->slots -= slots;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint8_t type;
		TRY(pop_any(v, &type));
	}
	return 0;
}

enum err push_types(struct validator *v, const uint8_t *types, uint32_t count, uint32_t slots)
{
	TRY(reserve_operands(v, count));
	if (count)
		memcpy(v->operands + v->operand_count, types, count);
	v->operand_count += count;
	v->slots += slots;
	if (v->slots > v->max_slots)
		v->max_slots = v->slots;
	return 0;
}
