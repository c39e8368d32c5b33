/*
 * The types of WebAssembly 2.0 as values of C. Names follow the specification.
 */
#pragma once

#include "base/view.h"

enum valtype {
	VALTYPE_I32 = 0x7f,
	VALTYPE_I64 = 0x7e,
	VALTYPE_F32 = 0x7d,
	VALTYPE_F64 = 0x7c,
	VALTYPE_V128 = 0x7b,
	VALTYPE_FUNCREF = 0x70,
	VALTYPE_EXTERNREF = 0x6f,
};

/* Values travel in slots of 8 bytes; a v128 takes two, low half first. */
static inline uint32_t valtype_slots(enum valtype type)
{
	return type == VALTYPE_V128 ? 2 : 1;
}

struct functype {
	const uint8_t *params;  /* enum valtype, one byte each */
	const uint8_t *results;
	uint32_t param_count, result_count;
	uint32_t param_slots, result_slots;
	uint32_t canonical; /* within a module, equal types have equal numbers */
};

bool functype_equal(const struct functype *a, const struct functype *b);

struct limits {
	uint64_t min;
	uint64_t max; /* UINT64_MAX: none */
};

struct tabletype {
	enum valtype element;
	struct limits limits;
};

struct memtype {
	struct limits limits; /* pages */
};

struct globaltype {
	enum valtype type;
	bool mutable;
};

enum extern_kind { EXTERN_FUNC, EXTERN_TABLE, EXTERN_MEMORY, EXTERN_GLOBAL };

struct externtype {
	enum extern_kind kind;
	union {
		const struct functype *func;
		struct tabletype table;
		struct memtype memory;
		struct globaltype global;
	};
};

/* The type in the text format: "(func (param i32 i64) (result i32))", "(memory 1 2)", "(global (mut i32))", "(table 1 funcref)". */
struct buf;
void externtype_print(struct buf *out, const struct externtype *type);
