/* The instructions as constants, and what is known of each: from opcodes.def. */
#pragma once

#include <stdint.h>

enum opcode {
#define OP(code, ident, name, immediates, signature, ...) OP_##ident = code,
#include "wasm/opcodes.def"
};

enum immediates {
	IMM_NONE,
	IMM_BLOCK,         /* block type: s33 */
	IMM_LABEL,         /* u32 */
	IMM_BR_TABLE,      /* vector of u32, u32 */
	IMM_FUNC,          /* u32 */
	IMM_CALL_INDIRECT, /* type u32, table u32 */
	IMM_SELECT,        /* vector of value types */
	IMM_LOCAL,         /* u32 */
	IMM_GLOBAL,        /* u32 */
	IMM_TABLE,         /* u32 */
	IMM_TABLE_TABLE,   /* u32 to, u32 from */
	IMM_ELEM_TABLE,    /* u32 segment, u32 table */
	IMM_ELEM,          /* u32 segment */
	IMM_DATA_MEMORY,   /* u32 segment, memory */
	IMM_DATA,          /* u32 segment */
	IMM_MEMORY,        /* a zero byte */
	IMM_MEMORY_MEMORY, /* two zero bytes */
	IMM_MEMARG,        /* align u32, offset u32 */
	IMM_MEMARG_LANE,   /* align u32, offset u32, lane byte */
	IMM_LANE,          /* byte */
	IMM_SHUFFLE,       /* 16 bytes */
	IMM_REFTYPE,       /* byte */
	IMM_I32,           /* s32 */
	IMM_I64,           /* s64 */
	IMM_F32,           /* 4 bytes */
	IMM_F64,           /* 8 bytes */
	IMM_V128,          /* 16 bytes */
};

struct opcode_info {
	const char *name;
	const char *signature; /* NULL: no such instruction */
	uint8_t immediates;    /* enum immediates */
	uint8_t width;         /* see opcodes.def */
};

/* Indexed by opcode_index. */
extern const struct opcode_info opcode_infos[3 * 256];

/* Where an opcode stands in a table of all: single bytes first, then those behind 0xfc, then those behind 0xfd. */
static inline uint32_t opcode_index(uint32_t opcode)
{
	return opcode < 0x100 ? opcode : (((opcode >> 8) - 0xfb) << 8) + (opcode & 0xff);
}

/* The value type (enum valtype) that a letter of a signature stands for. */
uint8_t signature_type(char letter);
