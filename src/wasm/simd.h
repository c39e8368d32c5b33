/*
 * Vectors of 128 bits: types, and what takes more than an operator of C. simd.def says with them what each instruction does.
 *
 * Comparisons of vectors give lanes of all ones or all zeros. Unsigned lanes wrap; signed ones must not overflow, so arithmetic that may
 * is done unsigned.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined __x86_64__
#include <tmmintrin.h>
#endif

#define LANES(size) __attribute__((vector_size(size)))
typedef int8_t i8x16 LANES(16);
typedef uint8_t u8x16 LANES(16);
typedef int16_t i16x8 LANES(16);
typedef uint16_t u16x8 LANES(16);
typedef int32_t i32x4 LANES(16);
typedef uint32_t u32x4 LANES(16);
typedef int64_t i64x2 LANES(16);
typedef uint64_t u64x2 LANES(16);
typedef float f32x4 LANES(16);
typedef double f64x2 LANES(16);
typedef u64x2 v128;

/* Halves of them. */
typedef int8_t i8x8 LANES(8);
typedef uint8_t u8x8 LANES(8);
typedef int16_t i16x4 LANES(8);
typedef uint16_t u16x4 LANES(8);
typedef int32_t i32x2 LANES(8);
typedef uint32_t u32x2 LANES(8);

/* Lanes of `a` where the mask is ones, of `b` where it is zeros. */
#define SELECT(mask, a, b) ((__typeof__(a))(((v128)(mask) & (v128)(a)) | (~(v128)(mask) & (v128)(b))))
#define MIN(a, b)          SELECT((a) < (b), a, b)
#define MAX(a, b)          SELECT((a) > (b), a, b)
#define WIDEN(half, type)  __builtin_convertvector(half, type)

static inline i8x8 low_i8(i8x16 v)
{
	return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
}
static inline i8x8 high_i8(i8x16 v)
{
	return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}
static inline i8x8 even_i8(i8x16 v)
{
	return __builtin_shufflevector(v, v, 0, 2, 4, 6, 8, 10, 12, 14);
}
static inline i8x8 odd_i8(i8x16 v)
{
	return __builtin_shufflevector(v, v, 1, 3, 5, 7, 9, 11, 13, 15);
}
static inline i16x4 low_i16(i16x8 v)
{
	return __builtin_shufflevector(v, v, 0, 1, 2, 3);
}
static inline i16x4 high_i16(i16x8 v)
{
	return __builtin_shufflevector(v, v, 4, 5, 6, 7);
}
static inline i16x4 even_i16(i16x8 v)
{
	return __builtin_shufflevector(v, v, 0, 2, 4, 6);
}
static inline i16x4 odd_i16(i16x8 v)
{
	return __builtin_shufflevector(v, v, 1, 3, 5, 7);
}
static inline i32x2 low_i32(i32x4 v)
{
	return __builtin_shufflevector(v, v, 0, 1);
}
static inline i32x2 high_i32(i32x4 v)
{
	return __builtin_shufflevector(v, v, 2, 3);
}
static inline u8x8 low_u8(u8x16 v)
{
	return (u8x8)low_i8((i8x16)v);
}
static inline u8x8 high_u8(u8x16 v)
{
	return (u8x8)high_i8((i8x16)v);
}
static inline u8x8 even_u8(u8x16 v)
{
	return (u8x8)even_i8((i8x16)v);
}
static inline u8x8 odd_u8(u8x16 v)
{
	return (u8x8)odd_i8((i8x16)v);
}
static inline u16x4 low_u16(u16x8 v)
{
	return (u16x4)low_i16((i16x8)v);
}
static inline u16x4 high_u16(u16x8 v)
{
	return (u16x4)high_i16((i16x8)v);
}
static inline u16x4 even_u16(u16x8 v)
{
	return (u16x4)even_i16((i16x8)v);
}
static inline u16x4 odd_u16(u16x8 v)
{
	return (u16x4)odd_i16((i16x8)v);
}
static inline u32x2 low_u32(u32x4 v)
{
	return (u32x2)low_i32((i32x4)v);
}
static inline u32x2 high_u32(u32x4 v)
{
	return (u32x2)high_i32((i32x4)v);
}

/* Where the specification leaves a NaN's bits open, it is positive, quiet, and has no payload: the same on every machine. */
static inline f32x4 canonical_f32x4(f32x4 v)
{
	i32x4 nan = v != v;
	return (f32x4)(((i32x4)v & ~nan) | (nan & 0x7fc00000));
}

static inline f64x2 canonical_f64x2(f64x2 v)
{
	i64x2 nan = v != v;
	return (f64x2)(((i64x2)v & ~nan) | (nan & INT64_C(0x7ff8000000000000)));
}

/* Equal operands are the same, or zeros of either sign: then the sign bits decide. */
static inline f32x4 min_f32x4(f32x4 a, f32x4 b)
{
	f32x4 least = SELECT(a < b, a, SELECT(b < a, b, (f32x4)((i32x4)a | (i32x4)b)));
	i32x4 nan = (a != a) | (b != b);
	return (f32x4)(((i32x4)least & ~nan) | (nan & 0x7fc00000));
}

static inline f32x4 max_f32x4(f32x4 a, f32x4 b)
{
	f32x4 most = SELECT(a > b, a, SELECT(b > a, b, (f32x4)((i32x4)a & (i32x4)b)));
	i32x4 nan = (a != a) | (b != b);
	return (f32x4)(((i32x4)most & ~nan) | (nan & 0x7fc00000));
}

static inline f64x2 min_f64x2(f64x2 a, f64x2 b)
{
	f64x2 least = SELECT(a < b, a, SELECT(b < a, b, (f64x2)((i64x2)a | (i64x2)b)));
	i64x2 nan = (a != a) | (b != b);
	return (f64x2)(((i64x2)least & ~nan) | (nan & INT64_C(0x7ff8000000000000)));
}

static inline f64x2 max_f64x2(f64x2 a, f64x2 b)
{
	f64x2 most = SELECT(a > b, a, SELECT(b > a, b, (f64x2)((i64x2)a & (i64x2)b)));
	i64x2 nan = (a != a) | (b != b);
	return (f64x2)(((i64x2)most & ~nan) | (nan & INT64_C(0x7ff8000000000000)));
}

#define EACH_F32(v, call) canonical_f32x4((f32x4){ call((v)[0]), call((v)[1]), call((v)[2]), call((v)[3]) })
#define EACH_F64(v, call) canonical_f64x2((f64x2){ call((v)[0]), call((v)[1]) })

static inline u8x16 popcnt_u8x16(u8x16 v)
{
	v = v - ((v >> 1) & 0x55);
	v = (v & 0x33) + ((v >> 2) & 0x33);
	return (v + (v >> 4)) & 0x0f;
}

/* Overflow is where both operands have the sign that the result has not; it saturates towards the operands' sign. */
static inline i8x16 add_sat_i8x16(i8x16 a, i8x16 b)
{
	i8x16 sum = (i8x16)((u8x16)a + (u8x16)b);
	return SELECT(((a ^ sum) & (b ^ sum)) < 0, (a >> 7) ^ 0x7f, sum);
}

static inline i8x16 sub_sat_i8x16(i8x16 a, i8x16 b)
{
	i8x16 difference = (i8x16)((u8x16)a - (u8x16)b);
	return SELECT(((a ^ b) & (a ^ difference)) < 0, (a >> 7) ^ 0x7f, difference);
}

static inline i16x8 add_sat_i16x8(i16x8 a, i16x8 b)
{
	i16x8 sum = (i16x8)((u16x8)a + (u16x8)b);
	return SELECT(((a ^ sum) & (b ^ sum)) < 0, (a >> 15) ^ 0x7fff, sum);
}

static inline i16x8 sub_sat_i16x8(i16x8 a, i16x8 b)
{
	i16x8 difference = (i16x8)((u16x8)a - (u16x8)b);
	return SELECT(((a ^ b) & (a ^ difference)) < 0, (a >> 15) ^ 0x7fff, difference);
}

/* Fixed-point product of 15 fraction bits, rounded; only -1 times -1 is too large. */
static inline i16x8 q15mulr_i16x8(i16x8 a, i16x8 b)
{
	i16x8 result;
	for (int i = 0; i < 8; i++) {
		int32_t product = (a[i] * b[i] + 0x4000) >> 15;
		result[i] = (int16_t)(product > INT16_MAX ? INT16_MAX : product);
	}
	return result;
}

static inline i32x4 dot_i16x8(i16x8 a, i16x8 b)
{
	u32x4 even = (u32x4)(WIDEN(even_i16(a), i32x4) * WIDEN(even_i16(b), i32x4));
	u32x4 odd = (u32x4)(WIDEN(odd_i16(a), i32x4) * WIDEN(odd_i16(b), i32x4));
	return (i32x4)(even + odd);
}

static inline i8x16 narrow_i16x8(i16x8 a, i16x8 b, int16_t least, int16_t most)
{
	i16x8 low = (i16x8){ 0 } + least, high = (i16x8){ 0 } + most;
	a = MIN(a, high), b = MIN(b, high);
	i8x8 first = __builtin_convertvector(MAX(a, low), i8x8), second = __builtin_convertvector(MAX(b, low), i8x8);
	return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

static inline i16x8 narrow_i32x4(i32x4 a, i32x4 b, int32_t least, int32_t most)
{
	i32x4 low = (i32x4){ 0 } + least, high = (i32x4){ 0 } + most;
	a = MIN(a, high), b = MIN(b, high);
	i16x4 first = __builtin_convertvector(MAX(a, low), i16x4), second = __builtin_convertvector(MAX(b, low), i16x4);
	return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7);
}

static inline bool any_true(v128 v)
{
	return (v[0] | v[1]) != 0;
}

/* The sign bits of the lanes, that of lane 0 lowest. */
static inline uint32_t bitmask_i8x16(i8x16 v)
{
	v128 bits = (v128)v & 0x8080808080808080;
	/* The product moves bit 8i + 7 to bit 56 + i; no two of its partial sums meet. */
	uint32_t low = (uint32_t)((bits[0] >> 7) * 0x0102040810204080 >> 56), high = (uint32_t)((bits[1] >> 7) * 0x0102040810204080 >> 56);
	return low | high << 8;
}

static inline uint32_t bitmask_i16x8(i16x8 v)
{
	return bitmask_i8x16(narrow_i16x8(v, (i16x8){ 0 }, INT8_MIN, INT8_MAX));
}

static inline uint32_t bitmask_i32x4(i32x4 v)
{
	u32x4 bits = (u32x4)v >> 31;
	return bits[0] | bits[1] << 1 | bits[2] << 2 | bits[3] << 3;
}

static inline uint32_t bitmask_i64x2(i64x2 v)
{
	u64x2 bits = (u64x2)v >> 63;
	return (uint32_t)(bits[0] | bits[1] << 1);
}

/* Towards zero; NaN is 0, and what does not fit is the nearest that does. */
static inline int32_t trunc_sat_s(double value)
{
	if (value != value)
		return 0;
	return value <= INT32_MIN ? INT32_MIN : value >= INT32_MAX ? INT32_MAX : (int32_t)value;
}

static inline uint32_t trunc_sat_u(double value)
{
	return value >= UINT32_MAX ? UINT32_MAX : value > 0 ? (uint32_t)value : 0;
}

/* These two index memory; a handler itself, which has no frame to align in sanitized builds, could not hold it. */

/* Lanes of `a` as the lanes of `b` say; 0 for those past its end. */
static __attribute__((noinline)) u8x16 swizzle(u8x16 a, u8x16 b)
{
	uint8_t from[16], lanes[16];
	memcpy(from, &a, sizeof from);
	for (int i = 0; i < 16; i++)
		lanes[i] = b[i] < 16 ? from[b[i]] : 0;
	u8x16 result;
	memcpy(&result, lanes, sizeof result);
	return result;
}

/* Lanes of `a` and, from 16, of `b`. */
static __attribute__((noinline)) u8x16 shuffle(u8x16 a, u8x16 b, const uint8_t lanes[16])
{
	uint8_t from[32], to[16];
	memcpy(from, &a, 16);
	memcpy(from + 16, &b, 16);
	for (int i = 0; i < 16; i++)
		to[i] = from[lanes[i] & 31];
	u8x16 result;
	memcpy(&result, to, sizeof result);
	return result;
}

/*
 * The same in a few instructions, for processors with SSSE3: its shuffle takes a lane's number from four bits, and gives 0 where the
 * highest is set.
 */
#if defined __x86_64__
#define HAS_SSSE3 __builtin_cpu_supports("ssse3")
#define SSSE3     __attribute__((target("ssse3")))

static inline SSSE3 u8x16 swizzle_ssse3(u8x16 a, u8x16 b)
{
	__m128i beyond = _mm_adds_epu8((__m128i)b, _mm_set1_epi8(0x70)); /* the highest bit where the lane is 16 or more */
	return (u8x16)_mm_shuffle_epi8((__m128i)a, beyond);
}

static inline SSSE3 u8x16 shuffle_ssse3(u8x16 a, u8x16 b, const uint8_t lanes[16])
{
	__m128i first = _mm_adds_epu8(_mm_loadu_si128((const __m128i *)lanes), _mm_set1_epi8(0x70));
	__m128i second = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)lanes), _mm_set1_epi8(16));
	return (u8x16)_mm_or_si128(_mm_shuffle_epi8((__m128i)a, first), _mm_shuffle_epi8((__m128i)b, second));
}
#endif
