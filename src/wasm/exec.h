/*
 * What runs: functions, tables, globals, instances and the store that owns them, for the engine's own files.
 *
 * The stack of values is one mapping; a frame is a function's parameters, locals and operands in slots of 8 bytes, and overlaps its
 * caller's operands, so that arguments and results are passed without copying. What calls need to return by is on a stack of activations
 * beside it.
 */
#pragma once

#include "base/arena.h"
#include "wasm/module_parts.h"
#include "wasm/store.h"

struct store;
struct instance;

/* A word of lowered code; see word.h. */
union word;

struct func {
	const struct functype *type;
	uint32_t canonical;          /* of the type, within the store: equal types have equal numbers */
	uint32_t index;              /* in its module */
	struct instance *instance;   /* NULL for a function of the host */
	const union word *code;      /* at first that which lowers the function */
	uint32_t frame_slots;        /* locals and operands */
	uint32_t local_slots, param_slots;
	host_func *host;
	void *host_data;
};

struct table {
	struct table *next;  /* of the store */
	struct tabletype type;
	uint64_t *elements; /* references */
	uint32_t size, capacity;
	uint32_t max;       /* the lesser of the type's maximum and the store's limit */
};

struct global {
	uint64_t value[2];
	struct globaltype type;
};

struct instance {
	struct store *store;
	struct module *module;
	struct instance *next;
	struct func **funcs;
	struct table **tables;
	struct memory **memories;
	struct global **globals;
	uint32_t *types;      /* the canonical numbers of the module's types */
	bool *elem_dropped, *data_dropped;
	struct func *own_funcs;
	struct arena arena;
};

/*
 * A function that has been entered: how to go back to its caller. A function of the host has one only while it calls back: then it is the
 * caller, and where its own caller goes on is there for who looks at the stack.
 */
struct activation {
	const union word *return_pc; /* in the caller */
	uint64_t *frame;             /* the caller's */
	struct func *func;           /* that was entered */
};

enum { MAX_CALLS_BACK = 100 }; /* of func_call inside functions of the host, which take the native stack */

/* What a frame costs beside its slots, so that empty functions cannot recurse for ever. */
enum { FRAME_COST = 64 };

struct canonical_types {
	struct functype *types; /* by number */
	uint32_t *index;        /* open addressing: number plus one, by hash; 0: free */
	uint32_t count, capacity, index_size;
};

struct store {
	/* What handlers touch. */
	struct instance *instance;     /* whose code runs */
	struct memory *memory;         /* its memory 0, or one of size 0 */
	uint64_t memory_size;          /* of it, in bytes, while code runs */
	struct activation *activation; /* the innermost */
	int64_t stack_left;            /* bytes, by the count that every tier shares */
	uint64_t count;                /* loop heads and function entries; in a register while code runs */
	volatile uint64_t stop_at;     /* 0 when somebody interrupts */
	const union word *pc;          /* where code left off */
	uint64_t *frame;
	enum trap trap;
	struct func *caller;           /* the function of the host that runs; NULL: none */

	uint64_t planned_stop;
	volatile bool interrupted;
	struct store_limits limits;
	uint64_t *stack;
	struct activation *activations;
	size_t stack_size, activations_size; /* bytes mapped */
	struct activation *trap_top;   /* where the last trap happened; NULL: nowhere */
	const union word *trap_pc;
	uint32_t depth;                /* of func_call inside functions of the host */
	struct func bottom;            /* of the first activation, which nothing returns from */
	struct memory no_memory;
	struct tier *tier;             /* that compiles functions; NULL: they are interpreted */
	const void *fault;             /* the machine code whose access to guarded memory failed */

	struct canonical_types types;
	struct instance *instances;
	struct memory *memories;
	struct table *tables;
	struct arena arena;

	store_grow_func *on_grow;
	void *on_grow_data;
};

/* The number that stands for a type in the whole store; UINT32_MAX without memory. */
uint32_t store_canonical(struct store *store, const struct functype *type);

/* Growth as memory.grow has it: the pages before, or UINT32_MAX. -2 as int64 when the host has no more pages: then the execution ends. */
int64_t memory_grow(struct store *store, struct memory *memory, uint64_t pages);
int64_t table_grow(struct table *table, uint64_t count, uint64_t init);

/* The value of a constant expression, in slots. */
void init_value(struct instance *instance, const struct init *init, uint64_t *ret_value);

/* Bulk instructions; TRAP_NONE on success. */
enum trap table_init(struct instance *instance, uint32_t table, uint32_t elem, uint32_t to, uint32_t from, uint32_t count);
enum trap memory_init(struct instance *instance, uint32_t memory, uint32_t data, uint32_t to, uint32_t from, uint32_t count);
enum trap table_copy(struct table *to_table, struct table *from_table, uint32_t to, uint32_t from, uint32_t count);
enum trap table_fill(struct table *table, uint32_t at, uint64_t value, uint32_t count);

/* Runs code until it reaches `stop_code` or something ends it; the trap is in the store. */
void exec_run(struct store *store, const union word *pc, uint64_t *frame);

enum err memory_init_pages(struct store *store, struct memory *memory, struct memtype type);
void memory_finish(struct memory *memory);
enum err table_init_size(struct store *store, struct table *table, struct tabletype type, uint64_t init);

static inline struct memory *instance_main_memory(struct instance *instance)
{
	return instance->module->memory_count ? instance->memories[0] : &instance->store->no_memory;
}
