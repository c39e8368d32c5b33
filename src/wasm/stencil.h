/*
 * Handlers as stencils: the same sources, compiled so that what a step's words say is left open. Operands and the step's own place are
 * addresses of symbols that nobody defines; the relocations against them are the holes that compiling a function fills. docs/engine.md
 *
 * The state is that of the interpreter's handlers, in the same registers, so that code and handlers may jump to each other: where those
 * have their word and the memory's size, a stencil has two of the registers r and f, in which compiled code keeps what slots hold. All of
 * r are among the upper eight of the machine, and none of them is r12 or r13: so whichever of them an instruction uses, it is as long, and
 * differs in three bits. Behind `count` come two that no stencil passes on, as shifts and divisions want them.
 */
#pragma once

typedef float register_float __attribute__((vector_size(16)));
typedef double register_double __attribute__((vector_size(16)));

#define STATE                                                                                                                         \
	struct store *store, uint64_t *frame, uint64_t r0, uint64_t r1, uint8_t *mem, uint64_t count, uint64_t free0, uint64_t free1, \
		uint64_t r2, uint64_t r3, uint64_t r4, register_float f0, register_float f1, register_float f2, register_float f3,    \
		register_float f4, register_float f5, register_float f6, register_float f7
typedef void handler(STATE) __attribute__((preserve_none));
#ifdef GUARDED
#define STEP(name) guarded_##name
#else
#define STEP(name) stencil_##name
#endif
#define HANDLER(name)       \
	handler STEP(name); \
	__attribute__((preserve_none)) void STEP(name)(STATE)

/* The holes: slots as bytes from the frame, constants, the address of the step's words, that of a table of addresses outside. */
extern char hole_a[], hole_b[], hole_c[], hole_d[], hole_short_b[], hole_imm[], hole_offset[], hole_pc[], hole_far[];
/* And where to go on: behind the stencil, where the step branches to, a trap of this step. */
extern handler hole_next, hole_taken, hole_TRAP_UNREACHABLE, hole_TRAP_INTEGER_DIVIDE_BY_ZERO, hole_TRAP_INTEGER_OVERFLOW,
	hole_TRAP_INVALID_CONVERSION_TO_INTEGER, hole_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS, hole_TRAP_OUT_OF_BOUNDS_TABLE_ACCESS,
	hole_TRAP_UNDEFINED_ELEMENT, hole_TRAP_UNINITIALIZED_ELEMENT, hole_TRAP_INDIRECT_CALL_TYPE_MISMATCH, hole_TRAP_CALL_STACK_EXHAUSTED,
	hole_TRAP_INTERRUPTED;

#define S        store
#define PC       ((const union word *)hole_pc)
#define FRAME    frame
#define MEM      mem
#define MEM_SIZE (S->memory_size)
#define COUNT    count
#define LEAVE()  return
/* What is passed as free0 and free1 is not set. */
#define JUMP_WITH(to, first, second)                                                                                                       \
	do {                                                                                                                               \
		uint64_t any0, any1;                                                                                                       \
		__attribute__((musttail)) return (to)(store, frame, first, second, mem, count, any0, any1, r2, r3, r4, f0, f1, f2, f3, f4, \
			f5, f6, f7);                                                                                                       \
	} while (0)
#define JUMP(to)    JUMP_WITH(to, r0, r1)
#define NEXT(words) JUMP(hole_next)
#define BRANCH()    JUMP(hole_taken)
#define TRAP(kind)  JUMP(hole_##kind)
/* To a word's step, which may be of the interpreter. */
#define GO(where)                                                          \
	do {                                                               \
		const union word *to = (where);                            \
		JUMP_WITH(to->handler, (uint64_t)(uintptr_t)to, MEM_SIZE); \
	} while (0)
#define GO_WITHIN(where) JUMP((where)->handler)

#define A                      ((uintptr_t)hole_a)
#define B                      ((uintptr_t)hole_b)
#define C                      ((uintptr_t)hole_c)
#define D                      ((uintptr_t)hole_d)
#define SLOT_AT(slot)          ((uint64_t *)((uintptr_t)FRAME + (slot)))
#define GET(type, slot)        (*(const type *)SLOT_AT(slot))
#define SET(type, slot, value) (*(type *)SLOT_AT(slot) = (value))

/* Operands in registers, where the upper half of a 32-bit value is zero. */
#define GET_32(type, r)                              \
	({                                           \
		__builtin_assume((r) <= UINT32_MAX); \
		(type)(r);                           \
	})
#define GET_64(type, r)         ((type)(r))
#define SET_32(type, r, value)  ((r) = (uint32_t)(value))
#define SET_64(type, r, value)  ((r) = (uint64_t)(value))
#define GET_F32(type, f)        ((f)[0])
#define GET_F64(type, f)        (((register_double)(f))[0])
#define SET_F32(type, f, value) ((f) = __builtin_shufflevector((register_float){ (value) }, (f), 0, -1, -1, -1))
#define SET_F64(type, f, value) ((f) = (register_float)__builtin_shufflevector((register_double){ (value) }, (register_double)(f), 0, -1))

#define NUMBER(operand) NUMBER_##operand
#define NUMBER_A        (PC[1].a)
#define NUMBER_B        (PC[1].b)
#define NUMBER_C        (PC[1].c)
#define NUMBER_D        (PC[1].d)
#define SHORT(operand)  ((int32_t)(uintptr_t)hole_short_b)
#define IMM             ((int32_t)(uintptr_t)hole_imm)
#define OFFSET          ((uintptr_t)hole_offset)
