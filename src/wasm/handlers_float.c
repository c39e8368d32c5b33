/*
 * Floating-point arithmetic. Where the specification leaves the bits of a NaN open, the result is the positive quiet NaN with no other
 * payload, so that executions agree to the bit.
 */
#include <math.h>

#include "wasm/steps.h"

static inline float canonical_f32(float x)
{
	return unlikely(x != x) ? __builtin_nanf("") : x;
}

static inline double canonical_f64(double x)
{
	return unlikely(x != x) ? __builtin_nan("") : x;
}

/* Zeros are told apart: the lesser is -0. */
static inline float min_f32(float x, float y)
{
	return x < y ? x : x > y ? y : x == y ? (signbit(x) ? x : y) : NAN;
}

static inline float max_f32(float x, float y)
{
	return x > y ? x : x < y ? y : x == y ? (signbit(x) ? y : x) : NAN;
}

static inline double min_f64(double x, double y)
{
	return x < y ? x : x > y ? y : x == y ? (signbit(x) ? x : y) : NAN;
}

static inline double max_f64(double x, double y)
{
	return x > y ? x : x < y ? y : x == y ? (signbit(x) ? y : x) : NAN;
}

#define BINARY(name, type, expression)                   \
	HANDLER(name##_slots)                            \
	{                                                \
		type x = GET(type, B), y = GET(type, C); \
		SET(type, A, expression);                \
		NEXT(2);                                 \
	}
#define ARITHMETIC_OF(X, p, type)                      \
	X(p##_add, type, canonical_##p(x + y))         \
	X(p##_sub, type, canonical_##p(x - y))         \
	X(p##_mul, type, canonical_##p(x *y))          \
	X(p##_div, type, canonical_##p(x / y))         \
	X(p##_min, type, canonical_##p(min_##p(x, y))) \
	X(p##_max, type, canonical_##p(max_##p(x, y)))
#define ARITHMETIC(X) ARITHMETIC_OF(X, f32, float) ARITHMETIC_OF(X, f64, double)
ARITHMETIC(BINARY)

/* A value's bits: a NaN keeps its payload, as it does when a value is only moved. */
static inline uint32_t bits_f32(float x)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static inline uint64_t bits_f64(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static inline float of_bits_f32(uint32_t bits)
{
	float x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

static inline double of_bits_f64(uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

#define COPYSIGNS(X)                                                                                   \
	X(f32_copysign, float, of_bits_f32((bits_f32(x) & 0x7fffffffu) | (bits_f32(y) & 0x80000000u))) \
	X(f64_copysign, double, of_bits_f64((bits_f64(x) & ~(1ull << 63)) | (bits_f64(y) & 1ull << 63)))
COPYSIGNS(BINARY)

/* The comparison, and branches when it holds and when it does not: with a NaN no comparison is the negation of another. */
#define COMPARE(name, type, operator, mirrored)                      \
	HANDLER(name##_slots)                                        \
	{                                                            \
		uint32_t holds = GET(type, B) operator GET(type, C); \
		SET(uint32_t, A, holds);                             \
		NEXT(2);                                             \
	}                                                            \
	HANDLER(name##_branch)                                       \
	{                                                            \
		if (GET(type, A) operator GET(type, B))              \
			BRANCH();                                    \
		NEXT(2);                                             \
	}                                                            \
	HANDLER(name##_back)                                         \
	{                                                            \
		if (!(GET(type, A) operator GET(type, B)))           \
			NEXT(2);                                     \
		COUNT_OR_STOP();                                     \
		BRANCH();                                            \
	}                                                            \
	HANDLER(name##_unless)                                       \
	{                                                            \
		if (!(GET(type, A) operator GET(type, B)))           \
			BRANCH();                                    \
		NEXT(2);                                             \
	}                                                            \
	HANDLER(name##_unless_back)                                  \
	{                                                            \
		if (GET(type, A) operator GET(type, B))              \
			NEXT(2);                                     \
		COUNT_OR_STOP();                                     \
		BRANCH();                                            \
	}
#define COMPARISONS_OF(X, p, type)  \
	X(p##_eq, type, ==, p##_eq) \
	X(p##_ne, type, !=, p##_ne) \
	X(p##_lt, type, <, p##_gt)  \
	X(p##_gt, type, >, p##_lt)  \
	X(p##_le, type, <=, p##_ge) \
	X(p##_ge, type, >=, p##_le)
#define COMPARISONS(X) COMPARISONS_OF(X, f32, float) COMPARISONS_OF(X, f64, double)
COMPARISONS(COMPARE)

#define UNARY(name, result, type, expression)         \
	HANDLER(name##_slots)                         \
	{                                             \
		type x = GET(type, B);                \
		SET(result, A, (result)(expression)); \
		NEXT(2);                              \
	}
#define ROUNDINGS_OF(X, p, type, suffix)                           \
	X(p##_ceil, type, type, canonical_##p(ceil##suffix(x)))    \
	X(p##_floor, type, type, canonical_##p(floor##suffix(x)))  \
	X(p##_trunc, type, type, canonical_##p(trunc##suffix(x)))  \
	X(p##_nearest, type, type, canonical_##p(rint##suffix(x))) \
	X(p##_sqrt, type, type, canonical_##p(sqrt##suffix(x)))
#define UNARIES(X)                                                           \
	ROUNDINGS_OF(X, f32, float, f)                                       \
	ROUNDINGS_OF(X, f64, double, )                                       \
	X(f32_abs, float, float, of_bits_f32(bits_f32(x) & 0x7fffffffu))     \
	X(f32_neg, float, float, of_bits_f32(bits_f32(x) ^ 0x80000000u))     \
	X(f64_abs, double, double, of_bits_f64(bits_f64(x) & ~(1ull << 63))) \
	X(f64_neg, double, double, of_bits_f64(bits_f64(x) ^ 1ull << 63))    \
	X(i32_reinterpret_f32, uint32_t, float, bits_f32(x))                 \
	X(i64_reinterpret_f64, uint64_t, double, bits_f64(x))                \
	X(f32_reinterpret_i32, float, uint32_t, of_bits_f32(x))              \
	X(f64_reinterpret_i64, double, uint64_t, of_bits_f64(x))             \
	X(f32_convert_i32_s, float, int32_t, x)                              \
	X(f32_convert_i32_u, float, uint32_t, x)                             \
	X(f32_convert_i64_s, float, int64_t, x)                              \
	X(f32_convert_i64_u, float, uint64_t, x)                             \
	X(f64_convert_i32_s, double, int32_t, x)                             \
	X(f64_convert_i32_u, double, uint32_t, x)                            \
	X(f64_convert_i64_s, double, int64_t, x)                             \
	X(f64_convert_i64_u, double, uint64_t, x)                            \
	X(f32_demote_f64, float, double, canonical_f32((float)x))            \
	X(f64_promote_f32, double, float, canonical_f64((double)x))
UNARIES(UNARY)

/* Truncation traps, or saturates, when the value is a NaN or not below `limit` and above `least` (exclusive: the first that do not fit). */
#define TRUNCATE(name, sat, result, type, least, limit, min, max)                                         \
	HANDLER(name##_slots)                                                                             \
	{                                                                                                 \
		type x = GET(type, B);                                                                    \
		if (unlikely(x != x))                                                                     \
			TRAP(TRAP_INVALID_CONVERSION_TO_INTEGER);                                         \
		if (unlikely(!(x > (least) && x < (limit))))                                              \
			TRAP(TRAP_INTEGER_OVERFLOW);                                                      \
		SET(result, A, (result)x);                                                                \
		NEXT(2);                                                                                  \
	}                                                                                                 \
	HANDLER(sat##_slots)                                                                              \
	{                                                                                                 \
		type x = GET(type, B);                                                                    \
		SET(result, A, x != x ? 0 : !(x > (least)) ? (min) : !(x < (limit)) ? (max) : (result)x); \
		NEXT(2);                                                                                  \
	}
#define TRUNCATIONS(X)                                                                                                                 \
	X(i32_trunc_f32_s, i32_trunc_sat_f32_s, int32_t, float, -2147483904.0f, 2147483648.0f, INT32_MIN, INT32_MAX)                   \
	X(i32_trunc_f32_u, i32_trunc_sat_f32_u, uint32_t, float, -1.0f, 4294967296.0f, 0, UINT32_MAX)                                  \
	X(i32_trunc_f64_s, i32_trunc_sat_f64_s, int32_t, double, -2147483649.0, 2147483648.0, INT32_MIN, INT32_MAX)                    \
	X(i32_trunc_f64_u, i32_trunc_sat_f64_u, uint32_t, double, -1.0, 4294967296.0, 0, UINT32_MAX)                                   \
	X(i64_trunc_f32_s, i64_trunc_sat_f32_s, int64_t, float, -9223373136366403584.0f, 9223372036854775808.0f, INT64_MIN, INT64_MAX) \
	X(i64_trunc_f32_u, i64_trunc_sat_f32_u, uint64_t, float, -1.0f, 18446744073709551616.0f, 0, UINT64_MAX)                        \
	X(i64_trunc_f64_s, i64_trunc_sat_f64_s, int64_t, double, -9223372036854777856.0, 9223372036854775808.0, INT64_MIN, INT64_MAX)  \
	X(i64_trunc_f64_u, i64_trunc_sat_f64_u, uint64_t, double, -1.0, 18446744073709551616.0, 0, UINT64_MAX)
TRUNCATIONS(TRUNCATE)

void steps_add_float(struct step *steps)
{
#define ADD(name, ...) steps[opcode_index(OP_##name)] = (struct step){ .slots = STEP(name##_slots) };
	ARITHMETIC(ADD)
	COPYSIGNS(ADD)
	UNARIES(ADD)
#undef ADD
#define ADD(name, type, operator, mirrored)                                          \
	steps[opcode_index(OP_##name)] = (struct step){ .slots = STEP(name##_slots), \
		.branch = STEP(name##_branch),                                       \
		.back = STEP(name##_back),                                           \
		.unless = STEP(name##_unless),                                       \
		.unless_back = STEP(name##_unless_back),                             \
		.mirror = OP_##mirrored };
	COMPARISONS(ADD)
#undef ADD
#define ADD(name, sat, ...)                                                            \
	steps[opcode_index(OP_##name)] = (struct step){ .slots = STEP(name##_slots) }; \
	steps[opcode_index(OP_##sat)] = (struct step){ .slots = STEP(sat##_slots) };
	TRUNCATIONS(ADD)
}
