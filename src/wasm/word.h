/*
 * Lowered code: a sequence of 8-byte words. A step is its handler's address, a word of operands, and for some steps one or two words more.
 *
 *     | handler | a:u16 b:u16 c:u16 d:u16                      |          three slots: a is the destination
 *     | handler | a:u16 b:u16 imm:i32                          |          slots and a constant, offset or branch distance
 *     | handler | a:u16 b:u16 imm:i32     | value or pointer   |
 *
 * Slots count from the frame. Distances are in words, from the word of the handler.
 *
 * A handler is written once, between HANDLER and one of NEXT, GO, TRAP. Its operands are reached through the macros below only, so that the
 * same source can be compiled for another way to run it.
 */
#pragma once

#include "wasm/exec.h"

#if defined __clang__ && __clang_major__ >= 19 && defined __x86_64__ || defined __clang__ && __clang_major__ >= 19 && defined __aarch64__
#define TAIL_CALLS 1
#else
#define TAIL_CALLS 0
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifdef STENCILS
#include "wasm/stencil.h" /* the same for machine code that is copied */
#elif !defined STENCIL_TEXT /* where they stay as they are written, for stencils.py to read */

#if TAIL_CALLS

/* The state of the machine travels in registers, from handler to handler. */
#define STATE                                                                                                       \
	struct store *store, uint64_t *frame __attribute__((unused)), const union word *pc __attribute__((unused)), \
		uint64_t mem_size __attribute__((unused)), uint8_t *mem __attribute__((unused)), uint64_t count
typedef void handler(STATE) __attribute__((preserve_none));
#define HANDLER(name)        \
	handler step_##name; \
	__attribute__((preserve_none)) void step_##name(STATE)
#define S          store
#define PC         pc
#define FRAME      frame
#define MEM        mem
#define MEM_SIZE   mem_size
#define COUNT      count
#define DISPATCH() __attribute__((musttail)) return PC->handler(store, frame, pc, mem_size, mem, count)
#define LEAVE()    return

#else

/* Without tail calls a handler returns to a loop, and the state lives in memory. */
struct machine {
	struct store *store;
	const union word *pc;
	uint64_t *frame;
	uint8_t *mem;
	uint64_t mem_size, count;
};
typedef bool handler(struct machine *machine); /* false: leave */
#define HANDLER(name)        \
	handler step_##name; \
	bool step_##name(struct machine *machine)
#define S          (machine->store)
#define PC         (machine->pc)
#define FRAME      (machine->frame)
#define MEM        (machine->mem)
#define MEM_SIZE   (machine->mem_size)
#define COUNT      (machine->count)
#define DISPATCH() return true
#define LEAVE()    return false

#endif

/* Goes on with the step at `word`, with the one `words` further, with the one that the distance says. */
#define GO(where)             \
	do {                  \
		PC = (where); \
		DISPATCH();   \
	} while (0)
#define GO_WITHIN(where) GO(where) /* the same function */
#define NEXT(words)      GO(PC + (words))
#define BRANCH()         GO(PC + IMM)

#define TRAP(kind)             FAIL(kind)

/* Operands of the step: its slots, ... */
#define A                      (PC[1].a)
#define B                      (PC[1].b)
#define C                      (PC[1].c)
#define D                      (PC[1].d)
/* ... values in them by type, of which 32-bit ones occupy the low half and leave the other unspecified, and where they are, ... */
#define SLOT_AT(slot)          (FRAME + (slot))
#define GET(type, slot)        (*(const type *)SLOT_AT(slot))
#define SET(type, slot, value) (*(type *)SLOT_AT(slot) = (value))
/* ... and what is no slot. */
#define NUMBER(operand)        (operand)
#define SHORT(operand)         ((int16_t)(operand))
#define IMM                    (PC[1].imm)
#define OFFSET                 (PC[1].offset)

#define STEP(name) step_##name

#endif

union word {
	handler *handler;
	struct {
		uint16_t a, b;
		union {
			struct {
				uint16_t c, d;
			};
			int32_t imm;
			uint32_t offset;
		};
	};
	uint64_t value;
	float f32;
	double f64;
	void *pointer;
};
_Static_assert(sizeof(union word) == 8, "a word is eight bytes");

/* The code of functions that are not lowered yet, of those of the host, and what the outermost call returns to. */
extern const union word lower_code[2], host_code[2], stop_code[2];

/* What must be in memory when code outside of handlers looks, and what may have changed when it returns. */
#define SAVE_AT(where)            \
	do {                      \
		S->pc = (where);  \
		S->frame = FRAME; \
		S->count = COUNT; \
	} while (0)
#define SAVE() SAVE_AT(PC)
#define LOAD_MEMORY()                                        \
	do {                                                 \
		MEM = S->memory->base;                       \
		MEM_SIZE = S->memory_size = S->memory->size; \
	} while (0)

/* Ends the execution at this step. */
#define FAIL(kind)                \
	do {                      \
		S->trap = (kind); \
		SAVE();           \
		LEAVE();          \
	} while (0)

/*
 * `name`: where the address in a slot points with the constant offset added; neither has more than 32 bits, so the sum cannot overflow.
 * Code for guarded memories need not look whether so many bytes are there: what it may reach behind such a memory is not mapped.
 */
#ifdef GUARDED
#define ADDRESS(name, slot, size) uint64_t name = (uint64_t)GET(uint32_t, slot) + OFFSET
#else
#define ADDRESS(name, slot, size)                               \
	uint64_t name = (uint64_t)GET(uint32_t, slot) + OFFSET; \
	if (unlikely(name + (size) > MEM_SIZE))                 \
	TRAP(TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
#endif

/* Loop heads and function entries are counted, and are where a guest can be stopped. */
#define COUNT_OR_STOP()                              \
	do {                                         \
		if (unlikely(++COUNT >= S->stop_at)) \
			TRAP(TRAP_INTERRUPTED);      \
	} while (0)

/* Of another frame or of host memory, without regard to alignment. */
#define COPY_SLOTS(to, from, slots) memmove((to), (from), (size_t)(slots) * sizeof(uint64_t))
