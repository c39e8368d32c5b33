/*
 * Which handlers stand for an instruction, by family. Each handlers_*.c fills in its own instructions; lower.c picks among the variants.
 */
#pragma once

#include "wasm/opcodes.h"
#include "wasm/word.h"

struct step {
	handler *slots;    /* all operands in slots */
	handler *constant; /* the last operand is the constant imm; NULL: none such */
	/* Comparisons: a branch when it holds, by the distance imm; with `constant` its second operand is the 16-bit constant b. */
	handler *branch, *branch_constant;
	handler *back, *back_constant; /* the same to a loop's head, which counts */
	handler *unless, *unless_back; /* a branch when it does not hold, for those without a negation */
	uint16_t negation;  /* the comparison that holds when this one does not; 0: none */
	uint16_t mirror;    /* the instruction that gives the same with its operands exchanged; 0: none */
};

void steps_add_int(struct step *steps);
void steps_add_float(struct step *steps);
void steps_add_memory(struct step *steps);
void steps_add_simd(struct step *steps);

/* What steps that only move values tell apart; references count as i64. */
enum kind { KIND_I32, KIND_I64, KIND_F32, KIND_F64, KIND_V128, KINDS_OF_VALUES };

static inline enum kind kind_of(uint8_t type)
{
	switch (type) {
	case VALTYPE_I32: return KIND_I32;
	case VALTYPE_F32: return KIND_F32;
	case VALTYPE_F64: return KIND_F64;
	case VALTYPE_V128: return KIND_V128;
	default: return KIND_I64;
	}
}

/* Steps that are no instruction of the bytecode, or have a form of their own. */
struct control_steps {
	/* By kind of value. */
	handler *copy[KINDS_OF_VALUES];           /* a = b */
	handler *select[KINDS_OF_VALUES];         /* a = d ? b : c */
	handler *constant[KINDS_OF_VALUES];       /* a = imm for i32, the words behind for others */
	handler *global_get[KINDS_OF_VALUES], *global_set[KINDS_OF_VALUES];
	handler *leave_with[KIND_V128];           /* returns slot a */
	handler *loop;       /* counts */
	handler *jump, *jump_back;                /* by imm */
	handler *branch_if, *branch_unless;       /* a is not 0, is 0 */
	handler *back_if, *back_unless;
	handler *table;      /* a: index; imm: how many distances follow, four bytes each, the default last */
	handler *enter;      /* a function: a locals from slot b on to zero; counts */
	handler *leave, *leave_many;              /* return nothing; imm slots from a on */
	handler *unreachable;
	handler *call, *call_indirect;            /* frame at a; function, or type and table, in the words behind */
	handler *call_host;                       /* as call, to a function of the host */
	handler *lower;      /* not lowered yet */
	handler *host;       /* the code of a function of the host */
	handler *stop;       /* the end of the outermost call */
	handler *memory_size, *memory_grow, *memory_fill, *memory_copy, *memory_init, *data_drop;
	handler *table_get, *table_set, *table_size, *table_grow, *table_fill, *table_copy, *table_init, *elem_drop;
	handler *ref_func;
};
extern const struct control_steps control_steps;

/* Lowers `func`'s body and sets its code; ERR_NOMEM. */
enum err lower(struct func *func);

/* The step of `func`'s code whose machine code is at this address. */
const union word *lower_step_of(struct func *func, const void *address);

/* The offset in the module's bytes of the instruction that the step at `pc` of `func` stands for. */
uint32_t lower_offset_of(struct func *func, const union word *pc);
