/*
 * What a decoded module holds, for the engine's own files. Everybody else includes module.h.
 *
 * Offsets count from the start of the module's bytes. Index spaces begin with what is imported.
 */
#pragma once

#include "base/arena.h"
#include "wasm/module.h"

/*
 * Limits of this implementation, so that memory and time stay in proportion to the bytes; past them decoding is ERR_LIMIT. They
 * are at or above those of the JavaScript API, which toolchains keep to.
 */
enum {
	MAX_ENTRIES = 1000000,       /* types, functions, imports, exports, ... each */
	MAX_PARAMS = 1000,           /* of a function type; results likewise */
	MAX_LOCALS = 50000,          /* parameters included */
	MAX_OPERANDS = 1 << 20,      /* held by the operand stack of a function */
	MAX_FRAME = UINT16_MAX,      /* slots of a function's locals and operands: what a step can name */
	MAX_NESTING = 1000000,       /* of blocks */
};

enum init_kind { INIT_CONST, INIT_GLOBAL, INIT_FUNC, INIT_NULL };

/* A constant expression of WebAssembly 2.0 is one instruction. */
struct init {
	uint8_t kind; /* enum init_kind */
	uint8_t type; /* enum valtype of the value */
	uint32_t index;       /* INIT_GLOBAL, INIT_FUNC */
	uint64_t value[2];    /* INIT_CONST, in slots */
};

struct module_func {
	uint32_t type;        /* in types */
	uint32_t body;        /* offset of the body: its local declarations; 0 for an imported one */
	uint32_t body_size;
	uint32_t code;        /* offset of the first instruction, behind the declarations */
	uint32_t local_count; /* parameters included */
	uint32_t local_slots; /* likewise, in slots of 8 bytes */
	uint32_t max_height;  /* most slots that the operand stack ever holds, found by the validator */
	bool referenced;      /* declared by an element segment, global or export: ref.func may name it */
};

struct module_global {
	struct globaltype type;
	struct init init; /* not for imported ones */
};

enum segment_mode { SEGMENT_ACTIVE, SEGMENT_PASSIVE, SEGMENT_DECLARED };

/* An item of an element segment: the index of a function, ELEM_NULL, or ELEM_GLOBAL | the index of a global. */
#define ELEM_NULL   UINT32_MAX
#define ELEM_GLOBAL (UINT32_C(1) << 31)

struct module_elem {
	uint8_t mode;
	uint8_t type; /* enum valtype */
	uint32_t table;
	struct init offset; /* active */
	uint32_t count;
	uint32_t *items;
};

struct module_data {
	uint8_t mode;
	uint32_t memory;
	struct init offset;
	struct view bytes;
};

struct module {
	struct view bytes;
	struct arena arena; /* everything below */

	struct functype *types;
	uint32_t type_count;

	struct module_import *imports;
	uint32_t import_count;
	struct module_export *exports;
	uint32_t export_count;

	struct module_func *funcs;
	uint32_t func_count, imported_funcs;
	struct tabletype *tables;
	uint32_t table_count, imported_tables;
	struct memtype *memories;
	uint32_t memory_count, imported_memories;
	struct module_global *globals;
	uint32_t global_count, imported_globals;

	struct module_elem *elems;
	uint32_t elem_count;
	struct module_data *datas;
	uint32_t data_count;
	bool has_data_count;

	bool has_start;
	uint32_t start;

	size_t code_offset; /* of the code section's contents */
	struct view name_section; /* its contents; empty when there is none */

	uint32_t *export_order; /* indices of exports, sorted by name */
	struct view *func_names; /* made when first asked for */
};
