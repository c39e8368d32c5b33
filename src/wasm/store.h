/*
 * Running code: a store owns instances, their functions, memories, tables and globals, the stack they run on, and the count of what
 * they did. One thread at a time may use a store; store_interrupt alone may come from elsewhere.
 *
 * The same module, imports and limits give the same execution on every machine and tier: see docs/architecture.md.
 */
#pragma once

#include "base/err.h"
#include "wasm/memory.h"
#include "wasm/module.h"

struct store;
struct instance;
struct func;
struct table;
struct global;

/* Limits that the guest can meet, hence part of a recording. */
struct store_limits {
	uint64_t memory_pages;   /* per memory */
	uint64_t table_elements; /* per table */
	uint64_t stack_bytes;    /* of all frames together; what a frame costs follows from the function's bytecode alone */
};
#define STORE_LIMITS_DEFAULT ((struct store_limits){ .memory_pages = 65536, .table_elements = 10000000, .stack_bytes = 16 << 20 })

enum trap {
	TRAP_NONE = 0,
	TRAP_UNREACHABLE,
	TRAP_INTEGER_DIVIDE_BY_ZERO,
	TRAP_INTEGER_OVERFLOW,
	TRAP_INVALID_CONVERSION_TO_INTEGER,
	TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS,
	TRAP_OUT_OF_BOUNDS_TABLE_ACCESS,
	TRAP_UNDEFINED_ELEMENT,
	TRAP_UNINITIALIZED_ELEMENT,
	TRAP_INDIRECT_CALL_TYPE_MISMATCH,
	TRAP_CALL_STACK_EXHAUSTED,
	/* Not of the specification: */
	TRAP_HOST,        /* a host function stopped the execution: it exited, or the host failed */
	TRAP_INTERRUPTED, /* store_interrupt, or the count of store_stop_at was reached */
	TRAP_COUNT
};

/* The specification's words: "integer divide by zero", "out of bounds memory access", ... */
const char *trap_text(enum trap trap);

enum err store_create(const struct store_limits *limits, struct store **ret_store);

/* Functions are compiled to machine code when first called, from now on; ERR_UNSUPPORTED where that cannot be. They do the same. */
enum err store_compile(struct store *store);

void store_destroy(struct store *store); /* with all its instances; modules stay their owners' */

/*
 * A function of the host. `args` holds the parameters in slots, and takes the results in their place. Anything but TRAP_NONE ends the
 * execution. The guest's memory must be looked up anew after calling back into the store.
 */
typedef enum trap host_func(void *data, struct store *store, uint64_t *args);

enum err store_add_func(struct store *store, const struct functype *type, host_func *call, void *data, struct func **ret_func);
enum err store_add_memory(struct store *store, struct memtype type, struct memory **ret_memory);
enum err store_add_table(struct store *store, struct tabletype type, uint64_t init, struct table **ret_table);
enum err store_add_global(struct store *store, struct globaltype type, const uint64_t *value, struct global **ret_global);

/* Something imported or exported. References are pointers to struct func (funcref) or any non-zero number (externref); 0 is null. */
struct extern_value {
	enum extern_kind kind;
	union {
		struct func *func;
		struct table *table;
		struct memory *memory;
		struct global *global;
	};
};

/*
 * Instantiates: checks that `imports`, one for each of the module's, fit ("incompatible import type"), applies segments and runs the start
 * function. ERR_TRAP with store_trap set when a segment does not fit or the start function traps; what was written before that stays
 * written, as the specification has it.
 */
enum err instance_create(struct store *store, struct module *module, const struct extern_value *imports, struct instance **ret_instance);

/* Whether an extern value fits an import's type, by the specification's rules of matching. */
bool extern_matches(const struct extern_value *value, const struct externtype *type);
struct externtype extern_type(const struct extern_value *value);

bool instance_export(struct instance *instance, struct view name, struct extern_value *ret_value);
struct memory *instance_memory(struct instance *instance); /* memory 0, or NULL */
struct module *instance_module(struct instance *instance);

const struct functype *func_type(const struct func *func);

/* Calls `func` with parameters in `slots`, which take the results: room for the larger of the two. ERR_TRAP on a trap. */
enum err func_call(struct store *store, struct func *func, uint64_t *slots);

void global_get(const struct global *global, uint64_t *ret_slots);
void global_set(struct global *global, const uint64_t *slots);

/* The last trap, and the stack where it happened: these stay until the next func_call or instance_create. In a host function the stack is
 * that of its caller; host functions that call back have frames in it. */
enum trap store_trap(const struct store *store);

struct stack_frame {
	const struct module *module; /* NULL for a function of the host */
	uint32_t func;               /* index in the module */
	uint32_t offset;             /* of the instruction, in the module's bytes; for a caller, of its call */
};

/* In a host function: the instance whose function called it. */
struct instance *store_caller(const struct store *store);

/* Up to `max` frames, innermost first; returns how many there are in all. */
size_t store_stack(const struct store *store, struct stack_frame *ret_frames, size_t max);

/* Stops the guest at the next loop head or function entry. May be called from a signal handler or another thread. */
void store_interrupt(struct store *store);
/* Takes back an interrupt that has not been seen yet, so that the store can be used again. */
void store_interrupt_clear(struct store *store);

/* How many loop heads and function entries of the guest were passed, the same on every tier. */
uint64_t store_position(const struct store *store);

/* The guest stops with TRAP_INTERRUPTED when the position reaches `position`; UINT64_MAX: never. */
void store_stop_at(struct store *store, uint64_t position);

/* Told of every memory.grow that succeeded: a record of the execution. */
typedef void store_grow_func(void *data, uint64_t old_pages, uint64_t new_pages);
void store_on_grow(struct store *store, store_grow_func *call, void *data);
