/*
 * Lowering a function: from the bytecode of a stack machine to words (word.h), in one pass over code that is known to be valid.
 *
 * The operand stack is gone at run time. While lowering, each value on it is known to be in its *home* (the slot that its height gives it),
 * in a local that has not been written since, or a constant; only where control joins, or a call wants its arguments in a row, is it moved
 * home. So local.get and constants cost nothing, and a result goes straight to the local that takes it.
 */
#pragma once

#include "base/buf.h"
#include "wasm/compile.h"
#include "wasm/reader.h"
#include "wasm/steps.h"

enum value_kind { VALUE_HOME, VALUE_LOCAL, VALUE_CONST };

struct value {
	uint8_t kind;  /* enum value_kind */
	uint8_t type;  /* enum valtype */
	uint16_t home; /* slot */
	uint16_t slot; /* of the local */
	uint64_t constant;
};

/* A branch whose target is not known yet. */
struct patch {
	uint32_t next;   /* the label's next one, plus one; 0: none */
	uint32_t origin; /* word of the step that branches */
	uint32_t at;     /* byte of the distance in the words */
};

struct label {
	uint16_t opcode;      /* OP_block, OP_loop, OP_if_ */
	bool has_else;
	bool dead;            /* the end was not reached by falling through */
	uint32_t height;      /* values below the parameters */
	uint32_t base;        /* slot of the first parameter or result */
	const uint8_t *params, *results;
	uint32_t param_count, result_count;
	uint32_t patches;     /* to the end; plus one */
	uint32_t otherwise;   /* of an if, to its else: a patch plus one */
	uint32_t target;      /* of a loop: word behind its head */
	uint32_t stub, stub_owner; /* for br_table: where this label's moves are, if made for that table */
};

/* The last step emitted, while nothing can branch between it and the next. */
struct last_step {
	bool valid;
	uint32_t at;        /* word */
	uint16_t opcode;    /* of a comparison, else 0 */
	bool constant;      /* the comparison's second operand is imm */
	bool has_result;    /* its result goes to slot a */
};

struct lowering {
	struct func *func;
	struct module *module;
	const struct module_func *body;
	struct reader reader;
	uint32_t opcode_offset;   /* of the instruction being lowered, in the module */

	union word *words;
	uint32_t word_count, word_capacity;
	struct lowered_step *steps;
	uint32_t step_count, step_capacity;
	struct value *values;
	uint32_t value_count, value_capacity;
	struct label *labels;
	uint32_t label_count, label_capacity;
	struct patch *patches;
	uint32_t patch_count, patch_capacity;
	uint8_t *local_types;
	uint32_t *local_slots;
	uint16_t *pending;        /* by slot of a local: how many values are in it */
	uint32_t pending_count;   /* of all locals */
	uint32_t next_slot;
	uint32_t tables;          /* br_tables so far */
	struct last_step last;
	bool failed;              /* no memory */

	/* When looking for the offset that belongs to a word. */
	uint32_t wanted_word, found_offset;
	bool seeking;
};

/* lower_values.c: words and values. */
uint32_t emit(struct lowering *l, handler *handler, uint32_t a, uint32_t b, uint32_t c, uint32_t d); /* returns the word */
uint32_t emit_imm(struct lowering *l, handler *handler, uint32_t a, uint32_t b, uint32_t imm);
void emit_word(struct lowering *l, uint64_t value);
void free_behind(struct lowering *l); /* the last step is the last that reads what is not on the stack any more */
void fence(struct lowering *l); /* control may arrive here */
struct value *push(struct lowering *l, uint8_t type);
uint32_t push_result(struct lowering *l, uint8_t type); /* of the step about to be emitted; returns its slot */
void push_const(struct lowering *l, uint8_t type, uint64_t constant);
struct value pop(struct lowering *l);
uint32_t slot_of(struct lowering *l, const struct value *value); /* puts a constant home first */
void go_home(struct lowering *l, struct value *value);
void move_to(struct lowering *l, const struct value *value, uint32_t slot);
void push_local(struct lowering *l, uint8_t type, uint32_t slot);
void settle_local(struct lowering *l, uint32_t slot); /* before the local is written: its values go home */
void settle(struct lowering *l); /* all values that are in locals go home */

/* lower_control.c */
void lower_control(struct lowering *l, uint32_t opcode);
void lower_return(struct lowering *l);
void push_label(struct lowering *l, uint16_t opcode, const uint8_t *params, uint32_t param_count, const uint8_t *results,
	uint32_t result_count);
void skip_dead(struct lowering *l); /* to the else or end that makes code reachable again */

/* lower_simd.c */
void lower_simd(struct lowering *l, uint32_t opcode);

extern struct step steps[3 * 256];
