/* Integer arithmetic, comparison and conversion. */
#include "wasm/steps.h"

/* Two operands: in slots b and c, or in slot b and the constant. */
#define BINARY(name, result, type, expression)           \
	HANDLER(name##_slots)                            \
	{                                                \
		type x = GET(type, B), y = GET(type, C); \
		SET(result, A, (result)(expression));    \
		NEXT(2);                                 \
	}                                                \
	HANDLER(name##_constant)                         \
	{                                                \
		type x = GET(type, B), y = (type)IMM;    \
		SET(result, A, (result)(expression));    \
		NEXT(2);                                 \
	}

#define BRANCHES(name, type, expression)                   \
	HANDLER(name##_branch)                             \
	{                                                  \
		type x = GET(type, A), y = GET(type, B);   \
		if (expression)                            \
			BRANCH();                          \
		NEXT(2);                                   \
	}                                                  \
	HANDLER(name##_branch_constant)                    \
	{                                                  \
		type x = GET(type, A), y = (type)SHORT(B); \
		if (expression)                            \
			BRANCH();                          \
		NEXT(2);                                   \
	}                                                  \
	HANDLER(name##_back)                               \
	{                                                  \
		type x = GET(type, A), y = GET(type, B);   \
		if (!(expression))                         \
			NEXT(2);                           \
		COUNT_OR_STOP();                           \
		BRANCH();                                  \
	}                                                  \
	HANDLER(name##_back_constant)                      \
	{                                                  \
		type x = GET(type, A), y = (type)SHORT(B); \
		if (!(expression))                         \
			NEXT(2);                           \
		COUNT_OR_STOP();                           \
		BRANCH();                                  \
	}

#define COMPARE(name, type, expression, negated, mirrored) \
	BINARY(name, uint32_t, type, expression)           \
	BRANCHES(name, type, expression)

/* name, type, expression, what it is with operands exchanged (0: nothing) */
#define ARITHMETIC_OF(X, p, u, s, bits)                                      \
	X(p##_add, u, u, x + y, OP_##p##_add)                                \
	X(p##_sub, u, u, x - y, 0)                                           \
	X(p##_mul, u, u, x *y, OP_##p##_mul)                                 \
	X(p##_and, u, u, x &y, OP_##p##_and)                                 \
	X(p##_or, u, u, x | y, OP_##p##_or)                                  \
	X(p##_xor, u, u, x ^ y, OP_##p##_xor)                                \
	X(p##_shl, u, u, x << (y & (bits - 1)), 0)                           \
	X(p##_shr_s, u, u, (s)x >> (y & (bits - 1)), 0)                      \
	X(p##_shr_u, u, u, x >> (y & (bits - 1)), 0)                         \
	X(p##_rotl, u, u, x << (y & (bits - 1)) | x >> (-y & (bits - 1)), 0) \
	X(p##_rotr, u, u, x >> (y & (bits - 1)) | x << (-y & (bits - 1)), 0)

#define COMPARISONS_OF(X, p, u, s)                 \
	X(p##_eq, u, x == y, p##_ne, p##_eq)       \
	X(p##_ne, u, x != y, p##_eq, p##_ne)       \
	X(p##_lt_s, s, x < y, p##_ge_s, p##_gt_s)  \
	X(p##_lt_u, u, x < y, p##_ge_u, p##_gt_u)  \
	X(p##_gt_s, s, x > y, p##_le_s, p##_lt_s)  \
	X(p##_gt_u, u, x > y, p##_le_u, p##_lt_u)  \
	X(p##_le_s, s, x <= y, p##_gt_s, p##_ge_s) \
	X(p##_le_u, u, x <= y, p##_gt_u, p##_ge_u) \
	X(p##_ge_s, s, x >= y, p##_lt_s, p##_le_s) \
	X(p##_ge_u, u, x >= y, p##_lt_u, p##_le_u)

#define ARITHMETIC(X)  ARITHMETIC_OF(X, i32, uint32_t, int32_t, 32) ARITHMETIC_OF(X, i64, uint64_t, int64_t, 64)
#define COMPARISONS(X) COMPARISONS_OF(X, i32, uint32_t, int32_t) COMPARISONS_OF(X, i64, uint64_t, int64_t)

#define DEFINE(name, result, type, expression, mirrored) BINARY(name, result, type, expression)
ARITHMETIC(DEFINE)
#undef DEFINE
COMPARISONS(COMPARE)

/* Division traps on zero, and where the quotient does not fit; the remainder there is zero. */
#define DIVIDE(name, type, least, quotient)                                     \
	HANDLER(name##_slots)                                                   \
	{                                                                       \
		type x = GET(type, B), y = GET(type, C);                        \
		if (unlikely(y == 0))                                           \
			TRAP(TRAP_INTEGER_DIVIDE_BY_ZERO);                      \
		if (least && unlikely(x == (type)(least) && y == (type) - 1)) { \
			if (quotient)                                           \
				TRAP(TRAP_INTEGER_OVERFLOW);                    \
			SET(type, A, 0);                                        \
			NEXT(2);                                                \
		}                                                               \
		SET(type, A, quotient ? x / y : x % y);                         \
		NEXT(2);                                                        \
	}
#define DIVISIONS(X)                            \
	X(i32_div_s, int32_t, INT32_MIN, true)  \
	X(i32_div_u, uint32_t, 0, true)         \
	X(i32_rem_s, int32_t, INT32_MIN, false) \
	X(i32_rem_u, uint32_t, 0, false)        \
	X(i64_div_s, int64_t, INT64_MIN, true)  \
	X(i64_div_u, uint64_t, 0, true)         \
	X(i64_rem_s, int64_t, INT64_MIN, false) \
	X(i64_rem_u, uint64_t, 0, false)
DIVISIONS(DIVIDE)

#define UNARY(name, result, type, expression)         \
	HANDLER(name##_slots)                         \
	{                                             \
		type x = GET(type, B);                \
		SET(result, A, (result)(expression)); \
		NEXT(2);                              \
	}
#define UNARIES(X) /* eqz is eq with the constant 0 */              \
	X(i32_clz, uint32_t, uint32_t, x ? __builtin_clz(x) : 32)   \
	X(i32_ctz, uint32_t, uint32_t, x ? __builtin_ctz(x) : 32)   \
	X(i32_popcnt, uint32_t, uint32_t, __builtin_popcount(x))    \
	X(i64_clz, uint64_t, uint64_t, x ? __builtin_clzll(x) : 64) \
	X(i64_ctz, uint64_t, uint64_t, x ? __builtin_ctzll(x) : 64) \
	X(i64_popcnt, uint64_t, uint64_t, __builtin_popcountll(x))  \
	X(i32_wrap_i64, uint32_t, uint64_t, x)                      \
	X(i64_extend_i32_s, int64_t, int32_t, x)                    \
	X(i64_extend_i32_u, uint64_t, uint32_t, x)                  \
	X(i32_extend8_s, int32_t, uint32_t, (int8_t)x)              \
	X(i32_extend16_s, int32_t, uint32_t, (int16_t)x)            \
	X(i64_extend8_s, int64_t, uint64_t, (int8_t)x)              \
	X(i64_extend16_s, int64_t, uint64_t, (int16_t)x)            \
	X(i64_extend32_s, int64_t, uint64_t, (int32_t)x)            \
	X(ref_is_null, uint32_t, uint64_t, x == 0)
UNARIES(UNARY)

void steps_add_int(struct step *steps)
{
#define ADD(name, result, type, expression, mirrored) \
	steps[opcode_index(OP_##name)] =              \
		(struct step){ .slots = STEP(name##_slots), .constant = STEP(name##_constant), .mirror = mirrored };
	ARITHMETIC(ADD)
#undef ADD
#define ADD(name, type, expression, negated, mirrored)                               \
	steps[opcode_index(OP_##name)] = (struct step){ .slots = STEP(name##_slots), \
		.constant = STEP(name##_constant),                                   \
		.branch = STEP(name##_branch),                                       \
		.branch_constant = STEP(name##_branch_constant),                     \
		.back = STEP(name##_back),                                           \
		.back_constant = STEP(name##_back_constant),                         \
		.negation = OP_##negated,                                            \
		.mirror = OP_##mirrored };
	COMPARISONS(ADD)
#undef ADD
#define ADD(name, ...) steps[opcode_index(OP_##name)] = (struct step){ .slots = STEP(name##_slots) };
	DIVISIONS(ADD)
	UNARIES(ADD)
}
