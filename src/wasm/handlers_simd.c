/*
 * Vector instructions. What each computes is said in simd.def; here are the shapes they come in, and those that access memory or take
 * immediates.
 */
#include "wasm/simd.h"
#include "wasm/steps.h"

/* Slots are aligned to 8 bytes, vectors would want 16. */
static inline v128 load_vector(const void *at)
{
	v128 vector;
	memcpy(&vector, at, sizeof vector);
	return vector;
}

#define VECTOR(slot) load_vector(SLOT_AT(slot))
#define SET_VECTOR(slot, value)                          \
	do {                                             \
		v128 set = (v128)(value);                \
		memcpy(SLOT_AT(slot), &set, sizeof set); \
	} while (0)

/* A lane of the vector in a slot, as it lies in memory. */
#define LANE(type, slot, lane) ((type *)SLOT_AT(slot))[lane]
#define LANE_TYPE(type)        __typeof__(((type){ 0 })[0])

#define UNARY(name, type, result)         \
	HANDLER(name##_slots)             \
	{                                 \
		type a = (type)VECTOR(B); \
		SET_VECTOR(A, result);    \
		NEXT(2);                  \
	}
#define BINARY(name, type, result)                             \
	HANDLER(name##_slots)                                  \
	{                                                      \
		type a = (type)VECTOR(B), b = (type)VECTOR(C); \
		SET_VECTOR(A, result);                         \
		NEXT(2);                                       \
	}
#define SHIFT(name, type, result)                                                         \
	HANDLER(name##_slots)                                                             \
	{                                                                                 \
		type a = (type)VECTOR(B);                                                 \
		LANE_TYPE(type) n = (LANE_TYPE(type))(GET(uint32_t, C) % (8 * sizeof n)); \
		SET_VECTOR(A, result);                                                    \
		NEXT(2);                                                                  \
	}
#define TEST(name, type, result)                      \
	HANDLER(name##_slots)                         \
	{                                             \
		type a = (type)VECTOR(B);             \
		SET(uint32_t, A, (uint32_t)(result)); \
		NEXT(2);                              \
	}
#define SPLAT(name, type, scalar)                                             \
	HANDLER(name##_slots)                                                 \
	{                                                                     \
		SET_VECTOR(A, (type){ 0 } + (LANE_TYPE(type))GET(scalar, B)); \
		NEXT(2);                                                      \
	}
/* c: lane */
#define EXTRACT(name, type, scalar)                                          \
	HANDLER(name##_slots)                                                \
	{                                                                    \
		SET(scalar, A, (scalar)LANE(LANE_TYPE(type), B, NUMBER(C))); \
		NEXT(2);                                                     \
	}
/* d: lane */
#define REPLACE(name, type, scalar)                                      \
	HANDLER(name##_slots)                                            \
	{                                                                \
		LANE_TYPE(type) value = (LANE_TYPE(type))GET(scalar, C); \
		SET_VECTOR(A, VECTOR(B));                                \
		LANE(LANE_TYPE(type), A, NUMBER(D)) = value;             \
		NEXT(2);                                                 \
	}
#include "wasm/simd.def"

HANDLER(v128_bitselect_slots)
{
	SET_VECTOR(A, SELECT(VECTOR(D), VECTOR(B), VECTOR(C)));
	NEXT(2);
}

/* The words behind are the lanes. */
HANDLER(i8x16_shuffle_slots)
{
	SET_VECTOR(A, shuffle((u8x16)VECTOR(B), (u8x16)VECTOR(C), (const uint8_t *)(PC + 2)));
	NEXT(4);
}

#if defined __x86_64__
SSSE3 HANDLER(i8x16_swizzle_ssse3)
{
	SET_VECTOR(A, swizzle_ssse3((u8x16)VECTOR(B), (u8x16)VECTOR(C)));
	NEXT(2);
}

SSSE3 HANDLER(i8x16_shuffle_ssse3)
{
	SET_VECTOR(A, shuffle_ssse3((u8x16)VECTOR(B), (u8x16)VECTOR(C), (const uint8_t *)(PC + 2)));
	NEXT(4);
}
#endif

/* a = what `result` makes of the loaded `value`, at slot b plus the constant offset. */
#define LOAD(name, type, result)                        \
	HANDLER(name##_slots)                           \
	{                                               \
		ADDRESS(at, B, sizeof(type));           \
		type value;                             \
		memcpy(&value, MEM + at, sizeof value); \
		SET_VECTOR(A, result);                  \
		NEXT(2);                                \
	}
#define LOADS(X)                                             \
	X(v128_load, v128, value)                            \
	X(v128_load8x8_s, i8x8, WIDEN(value, i16x8))         \
	X(v128_load8x8_u, u8x8, WIDEN(value, u16x8))         \
	X(v128_load16x4_s, i16x4, WIDEN(value, i32x4))       \
	X(v128_load16x4_u, u16x4, WIDEN(value, u32x4))       \
	X(v128_load32x2_s, i32x2, WIDEN(value, i64x2))       \
	X(v128_load32x2_u, u32x2, WIDEN(value, u64x2))       \
	X(v128_load8_splat, uint8_t, (u8x16){ 0 } + value)   \
	X(v128_load16_splat, uint16_t, (u16x8){ 0 } + value) \
	X(v128_load32_splat, uint32_t, (u32x4){ 0 } + value) \
	X(v128_load64_splat, uint64_t, (u64x2){ 0 } + value) \
	X(v128_load32_zero, uint32_t, ((u32x4){ value }))    \
	X(v128_load64_zero, uint64_t, ((u64x2){ value }))
LOADS(LOAD)

/* Slot a plus the constant offset: the vector in slot b. */
HANDLER(v128_store_slots)
{
	ADDRESS(at, A, sizeof(v128));
	v128 value = VECTOR(B);
	memcpy(MEM + at, &value, sizeof value);
	NEXT(2);
}

/* The word behind: the vector's slot, and the lane. a = the vector with that lane loaded from slot b plus the constant offset. */
#define LOAD_LANE(name, type)                                \
	HANDLER(name##_slots)                                \
	{                                                    \
		ADDRESS(at, B, sizeof(type));                \
		type value;                                  \
		memcpy(&value, MEM + at, sizeof value);      \
		SET_VECTOR(A, load_vector(FRAME + PC[2].a)); \
		LANE(type, A, PC[2].b) = value;              \
		NEXT(3);                                     \
	}
/* Slot a plus the constant offset: that lane of the vector. */
#define STORE_LANE(name, type)                                     \
	HANDLER(name##_slots)                                      \
	{                                                          \
		ADDRESS(at, A, sizeof(type));                      \
		type value = ((type *)(FRAME + PC[2].a))[PC[2].b]; \
		memcpy(MEM + at, &value, sizeof value);            \
		NEXT(3);                                           \
	}
#define LOAD_LANES(X)                 \
	X(v128_load8_lane, uint8_t)   \
	X(v128_load16_lane, uint16_t) \
	X(v128_load32_lane, uint32_t) \
	X(v128_load64_lane, uint64_t)
#define STORE_LANES(X)                 \
	X(v128_store8_lane, uint8_t)   \
	X(v128_store16_lane, uint16_t) \
	X(v128_store32_lane, uint32_t) \
	X(v128_store64_lane, uint64_t)
LOAD_LANES(LOAD_LANE)
STORE_LANES(STORE_LANE)

void steps_add_simd(struct step *steps)
{
#define ADD(name, ...) steps[opcode_index(OP_##name)] = (struct step){ .slots = STEP(name##_slots) };
#define UNARY          ADD
#define BINARY         ADD
#define SHIFT          ADD
#define TEST           ADD
#define SPLAT          ADD
#define EXTRACT        ADD
#define REPLACE        ADD
#include "wasm/simd.def"
	ADD(v128_bitselect)
	ADD(i8x16_shuffle)
	ADD(v128_store)
	LOADS(ADD)
	LOAD_LANES(ADD)
	STORE_LANES(ADD)
#if defined __x86_64__
	if (HAS_SSSE3) {
		steps[opcode_index(OP_i8x16_swizzle)].slots = STEP(i8x16_swizzle_ssse3);
		steps[opcode_index(OP_i8x16_shuffle)].slots = STEP(i8x16_shuffle_ssse3);
	}
#endif
}
