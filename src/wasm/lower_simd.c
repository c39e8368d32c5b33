/* Vector instructions: nearly all take slots and give one, and differ in their handlers only. */
#include "wasm/lowering.h"

static void lower_vector_const(struct lowering *l)
{
	uint64_t low = read_fixed(&l->reader, 8), high = read_fixed(&l->reader, 8);
	emit(l, control_steps.constant[KIND_V128], push_result(l, VALTYPE_V128), 0, 0, 0);
	emit_word(l, low);
	emit_word(l, high);
}

static void lower_shuffle(struct lowering *l, handler *step)
{
	uint64_t low = read_fixed(&l->reader, 8), high = read_fixed(&l->reader, 8);
	struct value y = pop(l), x = pop(l);
	uint32_t b = slot_of(l, &x), c = slot_of(l, &y);
	emit(l, step, push_result(l, VALTYPE_V128), b, c, 0);
	emit_word(l, low);
	emit_word(l, high);
}

/* Extraction: of one operand, or replacement: of two. */
static void lower_lane(struct lowering *l, handler *step, uint32_t operands, uint8_t result)
{
	uint32_t lane = read_byte(&l->reader);
	struct value y = operands == 2 ? pop(l) : (struct value){ 0 }, x = pop(l);
	uint32_t b = slot_of(l, &x);
	uint32_t c = operands == 2 ? slot_of(l, &y) : lane;
	emit(l, step, push_result(l, result), b, c, lane);
}

/* The word behind holds the vector's slot and the lane. */
static void lower_memory_lane(struct lowering *l, handler *step, bool load)
{
	read_u32(&l->reader);
	uint32_t offset = read_u32(&l->reader), lane = read_byte(&l->reader);
	struct value vector = pop(l), address = pop(l);
	uint32_t at = slot_of(l, &address), from = slot_of(l, &vector);
	if (load)
		emit_imm(l, step, push_result(l, VALTYPE_V128), at, offset);
	else
		emit_imm(l, step, at, 0, offset);
	emit_word(l, (union word){ .a = (uint16_t)from, .b = (uint16_t)lane }.value);
}

static void lower_memory(struct lowering *l, handler *step, bool load)
{
	read_u32(&l->reader);
	uint32_t offset = read_u32(&l->reader);
	struct value vector = load ? (struct value){ 0 } : pop(l), address = pop(l);
	uint32_t at = slot_of(l, &address);
	if (load)
		emit_imm(l, step, push_result(l, VALTYPE_V128), at, offset);
	else
		emit_imm(l, step, at, slot_of(l, &vector), offset);
}

/* One to three operands, in slots b, c and d. */
static void lower_slots(struct lowering *l, handler *step, uint32_t operands, uint8_t result)
{
	struct value values[3];
	uint32_t slots[3] = { 0 };
	for (uint32_t i = operands; i-- > 0;)
		values[i] = pop(l);
	for (uint32_t i = 0; i < operands; i++)
		slots[i] = slot_of(l, &values[i]);
	emit(l, step, push_result(l, result), slots[0], slots[1], slots[2]);
}

void lower_simd(struct lowering *l, uint32_t opcode)
{
	const struct opcode_info *info = &opcode_infos[opcode_index(opcode)];
	handler *step = steps[opcode_index(opcode)].slots;
	uint32_t operands = (uint32_t)strcspn(info->signature, ":");
	char letter = info->signature[operands + 1]; /* NUL: no result */
	switch ((enum immediates)info->immediates) {
	case IMM_V128: lower_vector_const(l); break;
	case IMM_SHUFFLE: lower_shuffle(l, step); break;
	case IMM_LANE: lower_lane(l, step, operands, signature_type(letter)); break;
	case IMM_MEMARG: lower_memory(l, step, letter); break;
	case IMM_MEMARG_LANE: lower_memory_lane(l, step, letter); break;
	default: lower_slots(l, step, operands, signature_type(letter)); break;
	}
	l->last.has_result = letter;
}
