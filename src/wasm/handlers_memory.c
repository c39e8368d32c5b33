/* Loads and stores. */
#include "wasm/steps.h"

/* a = the value at slot b plus the constant offset. */
#define LOAD(name, result, type)                        \
	HANDLER(name##_slots)                           \
	{                                               \
		ADDRESS(at, B, sizeof(type));           \
		type value;                             \
		memcpy(&value, MEM + at, sizeof value); \
		SET(result, A, (result)value);          \
		NEXT(2);                                \
	}

/* Slot a plus the constant offset: the value of slot b, or its low bits. */
#define STORE(name, type, from)                         \
	HANDLER(name##_slots)                           \
	{                                               \
		ADDRESS(at, A, sizeof(type));           \
		type value = (type)GET(from, B);        \
		memcpy(MEM + at, &value, sizeof value); \
		NEXT(2);                                \
	}

#define LOADS(X)                            \
	X(i32_load, uint32_t, uint32_t)     \
	X(i64_load, uint64_t, uint64_t)     \
	X(f32_load, float, float)           \
	X(f64_load, double, double)         \
	X(i32_load8_s, int32_t, int8_t)     \
	X(i32_load8_u, uint32_t, uint8_t)   \
	X(i32_load16_s, int32_t, int16_t)   \
	X(i32_load16_u, uint32_t, uint16_t) \
	X(i64_load8_s, int64_t, int8_t)     \
	X(i64_load8_u, uint64_t, uint8_t)   \
	X(i64_load16_s, int64_t, int16_t)   \
	X(i64_load16_u, uint64_t, uint16_t) \
	X(i64_load32_s, int64_t, int32_t)   \
	X(i64_load32_u, uint64_t, uint32_t)
#define STORES(X)                          \
	X(i32_store, uint32_t, uint32_t)   \
	X(i64_store, uint64_t, uint64_t)   \
	X(f32_store, float, float)         \
	X(f64_store, double, double)       \
	X(i32_store8, uint8_t, uint32_t)   \
	X(i32_store16, uint16_t, uint32_t) \
	X(i64_store8, uint8_t, uint64_t)   \
	X(i64_store16, uint16_t, uint64_t) \
	X(i64_store32, uint32_t, uint64_t)
LOADS(LOAD)
STORES(STORE)

void steps_add_memory(struct step *steps)
{
#define ADD(name, ...) steps[opcode_index(OP_##name)] = (struct step){ .slots = STEP(name##_slots) };
	LOADS(ADD)
	STORES(ADD)
}
