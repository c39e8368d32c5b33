/* The table of stencils that stencils.py makes, and how to find one: for a handler, those for each choice of operands in registers. */
#pragma once

#include "wasm/word.h"

enum hole_kind {
	HOLE_A, /* slots, in bytes */
	HOLE_B,
	HOLE_C,
	HOLE_D,
	HOLE_SHORT_B,  /* constants */
	HOLE_IMM,
	HOLE_SHORT_B8, /* the low byte of one */
	HOLE_IMM8,
	HOLE_OFFSET,   /* the same as IMM, but not negative */
	HOLE_PC,       /* the step's words */
	HOLE_FAR,      /* a word that holds an address */
	HOLE_CONSTANT, /* among the stencils' constants */
	HOLE_NEXT,     /* the next step */
	HOLE_TAKEN,    /* where the step branches to */
	HOLE_COLD,     /* the part of the stencil that is out of the way */
#define TRAP_HOLE(name) HOLE_TRAP_##name,
#define TRAPS(X)                         \
	X(UNREACHABLE)                   \
	X(INTEGER_DIVIDE_BY_ZERO)        \
	X(INTEGER_OVERFLOW)              \
	X(INVALID_CONVERSION_TO_INTEGER) \
	X(OUT_OF_BOUNDS_MEMORY_ACCESS)   \
	X(OUT_OF_BOUNDS_TABLE_ACCESS)    \
	X(UNDEFINED_ELEMENT)             \
	X(UNINITIALIZED_ELEMENT)         \
	X(INDIRECT_CALL_TYPE_MISMATCH)   \
	X(CALL_STACK_EXHAUSTED)          \
	X(INTERRUPTED)
	TRAPS(TRAP_HOLE) HOLES
};
enum { FIRST_TRAP = HOLE_COLD + 1 };

struct hole {
	uint16_t at;
	uint8_t kind; /* enum hole_kind */
	bool relative;
	int32_t addend;
};

/* Three bits of the code that number the register of an operand. */
struct field {
	uint16_t at;
	uint8_t shift, operand;
};

/* Which operands are in registers, a bit each, and above them 1 or 2 if b or c is in the register of a. */
enum { KEY_TIE = 4 };

struct stencil {
	uint8_t key;
	uint32_t code, holes, fields; /* where they begin */
	uint16_t size, cold; /* of what stands where the step is, and of what follows it in the table but is out of the way */
	uint8_t hole_count, field_count;
};

/* Registers for integers, and behind them those for floating-point values. */
enum { INT_REGISTERS = 5, FLOAT_REGISTERS = 8, REGISTERS = INT_REGISTERS + FLOAT_REGISTERS };

/* What an operand of a handler is; 0: no slot. */
enum {
	OPERAND_READ = 1,
	OPERAND_WRITE = 2,
	OPERAND_VECTOR = 4, /* or anything else that is never in a register: two slots */
	WIDTH_32 = 0x10,
	WIDTH_64 = 0x20,
	WIDTH_F32 = 0x30,
	WIDTH_F64 = 0x40,
	WIDTH = 0x70,
};

enum {
	STENCIL_BARRIER = 1, /* leaves the function's code: no register keeps its value */
	STENCIL_BRANCHES = 2,
	STENCIL_GOES_ON = 4,
	STENCIL_OFFSET = 8, /* adds the constant to an address, which takes at most STENCIL_OFFSET_MAX */
};
static const uint32_t STENCIL_OFFSET_MAX = 0x7fffff00;

struct stencil_set {
	handler *handler;
	uint16_t first, count; /* of the stencils; the first one has all operands in slots */
	uint8_t operands[4];
	uint8_t flags;
};

extern const uint8_t *const stencil_bytes;
extern const struct hole *const stencil_hole_list;
extern const struct field *const stencil_field_list;
extern const uint8_t *const stencil_register_codes;
extern const uint8_t *const stencil_constant_bytes;
extern const size_t stencil_constants_size;

/* The stencil for steps that have none of their own, which the interpreter's handler is to run. */
extern const struct stencil *const stencil_far;

/* NULL: such a step is far. For a guarded memory the stencils are those that need not look at its size. */
const struct stencil_set *stencil_set_of(handler *handler, bool guarded);

/* NULL: there is none for this choice. */
const struct stencil *stencil_of(const struct stencil_set *set, uint32_t key);
