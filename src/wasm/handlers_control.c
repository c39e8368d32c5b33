/* Control, calls, variables, and the bulk instructions, which call out. */
#include "wasm/steps.h"

/* By what kind of value they move: see steps.h. */
#define KINDS(X) X(i32, uint32_t) X(i64, uint64_t) X(f32, float) X(f64, double)

#define MOVE(kind, type)                                                      \
	HANDLER(copy_##kind)                                                  \
	{                                                                     \
		SET(type, A, GET(type, B));                                   \
		NEXT(2);                                                      \
	}                                                                     \
	HANDLER(select_##kind) /* a = d ? b : c */                            \
	{                                                                     \
		SET(type, A, GET(uint32_t, D) ? GET(type, B) : GET(type, C)); \
		NEXT(2);                                                      \
	}                                                                     \
	HANDLER(global_get_##kind)                                            \
	{                                                                     \
		const struct global *global = PC[2].pointer;                  \
		SET(type, A, *(const type *)global->value);                   \
		NEXT(3);                                                      \
	}                                                                     \
	HANDLER(global_set_##kind)                                            \
	{                                                                     \
		struct global *global = PC[2].pointer;                        \
		*(type *)global->value = GET(type, A);                        \
		NEXT(3);                                                      \
	}
KINDS(MOVE)

HANDLER(copy_v128)
{
	memcpy(SLOT_AT(A), SLOT_AT(B), 16);
	NEXT(2);
}

HANDLER(select_v128)
{
	memcpy(SLOT_AT(A), GET(uint32_t, D) ? SLOT_AT(B) : SLOT_AT(C), 16);
	NEXT(2);
}

HANDLER(global_get_v128)
{
	memcpy(SLOT_AT(A), ((struct global *)PC[2].pointer)->value, 16);
	NEXT(3);
}

HANDLER(global_set_v128)
{
	memcpy(((struct global *)PC[2].pointer)->value, SLOT_AT(A), 16);
	NEXT(3);
}

HANDLER(const_i32)
{
	SET(int32_t, A, IMM);
	NEXT(2);
}

HANDLER(const_i64)
{
	SET(uint64_t, A, PC[2].value);
	NEXT(3);
}

HANDLER(const_f32)
{
	SET(float, A, PC[2].f32);
	NEXT(3);
}

HANDLER(const_f64)
{
	SET(double, A, PC[2].f64);
	NEXT(3);
}

HANDLER(const_v128)
{
	SLOT_AT(A)[0] = PC[2].value;
	SLOT_AT(A)[1] = PC[3].value;
	NEXT(4);
}

HANDLER(loop)
{
	COUNT_OR_STOP();
	NEXT(2);
}

HANDLER(jump)
{
	BRANCH();
}

HANDLER(jump_back)
{
	COUNT_OR_STOP();
	BRANCH();
}

HANDLER(branch_if)
{
	if (GET(uint32_t, A))
		BRANCH();
	NEXT(2);
}

HANDLER(branch_unless)
{
	if (!GET(uint32_t, A))
		BRANCH();
	NEXT(2);
}

HANDLER(back_if)
{
	if (!GET(uint32_t, A))
		NEXT(2);
	COUNT_OR_STOP();
	BRANCH();
}

HANDLER(back_unless)
{
	if (GET(uint32_t, A))
		NEXT(2);
	COUNT_OR_STOP();
	BRANCH();
}

HANDLER(table_branch)
{
	uint32_t index = GET(uint32_t, A);
	uint32_t last = PC[1].offset - 1;
	int32_t distance;
	memcpy(&distance, (const char *)(PC + 2) + 4 * (size_t)(index < last ? index : last), sizeof distance);
	GO_WITHIN(PC + distance);
}

HANDLER(enter)
{
	COUNT_OR_STOP();
	uint64_t *local = SLOT_AT(B);
	for (uint32_t left = NUMBER(A); left; left--)
		*local++ = 0;
	NEXT(2);
}

/* Back to the caller, whose instance may be another one. */
#define RETURN()                                                                           \
	do {                                                                               \
		struct activation *done = S->activation--;                                 \
		S->stack_left += FRAME_COST + (int64_t)done->func->frame_slots * 8;        \
		FRAME = done->frame;                                                       \
		struct instance *caller = S->activation->func->instance;                   \
		if (unlikely(caller != done->func->instance)) {                            \
			S->instance = caller;                                              \
			S->memory = caller ? instance_main_memory(caller) : &S->no_memory; \
			LOAD_MEMORY();                                                     \
		}                                                                          \
		GO(done->return_pc);                                                       \
	} while (0)

HANDLER(leave)
{
	RETURN();
}

/* The upper half of a 32-bit result is zero, for the host's sake. */
#define LEAVE_WITH(kind, type)                         \
	HANDLER(leave_##kind)                          \
	{                                              \
		uint64_t result = 0;                   \
		type value = GET(type, A);             \
		memcpy(&result, &value, sizeof value); \
		FRAME[0] = result;                     \
		RETURN();                              \
	}
KINDS(LEAVE_WITH)

HANDLER(leave_many)
{
	COPY_SLOTS(FRAME, SLOT_AT(A), PC[1].offset);
	RETURN();
}

HANDLER(unreachable)
{
	TRAP(TRAP_UNREACHABLE);
}

/* Enters `to`, whose frame begins at slot `at`, and comes back `words` further. */
#define ENTER(to, at, words)                                                             \
	do {                                                                             \
		struct func *entered = (to);                                             \
		S->stack_left -= FRAME_COST + (int64_t)entered->frame_slots * 8;         \
		if (unlikely(S->stack_left < 0)) {                                       \
			S->stack_left += FRAME_COST + (int64_t)entered->frame_slots * 8; \
			TRAP(TRAP_CALL_STACK_EXHAUSTED);                                 \
		}                                                                        \
		struct activation *activation = ++S->activation;                         \
		activation->return_pc = PC + (words);                                    \
		activation->frame = FRAME;                                               \
		activation->func = entered;                                              \
		FRAME = (at);                                                            \
		GO(entered->code);                                                       \
	} while (0)

/* As ENTER for a function that may be of another instance. */
#define ENTER_ANY(to, at, words)                                                     \
	do {                                                                         \
		struct func *callee = (to);                                          \
		if (unlikely(callee->instance != S->instance && callee->instance)) { \
			S->instance = callee->instance;                              \
			S->memory = instance_main_memory(callee->instance);          \
			LOAD_MEMORY();                                               \
		}                                                                    \
		ENTER(callee, at, words);                                            \
	} while (0)

HANDLER(call)
{
	ENTER_ANY(PC[2].pointer, SLOT_AT(A), 3);
}

/* a: frame, b: slot of the index; then the type's number in the store (32 bits) and the table's index (32 bits). */
HANDLER(call_indirect)
{
	uint32_t index = GET(uint32_t, B);
	struct table *table = S->instance->tables[PC[2].value >> 32];
	if (unlikely(index >= table->size))
		TRAP(TRAP_UNDEFINED_ELEMENT);
	struct func *func = (struct func *)(uintptr_t)table->elements[index];
	if (unlikely(!func))
		TRAP(TRAP_UNINITIALIZED_ELEMENT);
	if (unlikely(func->canonical != (uint32_t)PC[2].value))
		TRAP(TRAP_INDIRECT_CALL_TYPE_MISMATCH);
	ENTER_ANY(func, SLOT_AT(A), 3);
}

HANDLER(lower_func)
{
	SAVE();
	struct func *func = S->activation->func;
	if (lower(func))
		FAIL(TRAP_HOST);
	GO(func->code);
}

/* Calls a function of the host; a trap is at the call's step, not at the one behind it. */
#define CALL_HOST(func, args, behind)                                        \
	do {                                                                 \
		SAVE_AT(behind);                                             \
		struct func *outer = S->caller;                              \
		S->caller = (func);                                          \
		enum trap trap = (func)->host((func)->host_data, S, (args)); \
		S->caller = outer;                                           \
		COUNT = S->count;                                            \
		LOAD_MEMORY();                                               \
		if (unlikely(trap)) {                                        \
			S->trap = trap;                                      \
			SAVE_AT((behind) - 1);                               \
			LEAVE();                                             \
		}                                                            \
	} while (0)

HANDLER(host)
{
	struct func *func = S->activation->func;
	struct activation *done = S->activation--;
	S->stack_left += FRAME_COST + (int64_t)func->frame_slots * 8;
	uint64_t *args = FRAME;
	FRAME = done->frame;
	const union word *behind = done->return_pc; /* before calls back take its place */
	CALL_HOST(func, args, behind);
	GO(behind);
}

/* As call and host in one, without an activation that nobody would see. */
HANDLER(call_host)
{
	struct func *func = PC[2].pointer;
	if (unlikely(S->stack_left < FRAME_COST + (int64_t)func->frame_slots * 8))
		TRAP(TRAP_CALL_STACK_EXHAUSTED);
	CALL_HOST(func, SLOT_AT(A), PC + 3);
	NEXT(3);
}

/* The call has returned: a trap that a function of the host met when calling back, and got over, was not this call's. */
HANDLER(stop)
{
	S->trap = TRAP_NONE;
	S->pc = NULL;
	S->count = COUNT;
	LEAVE();
}

HANDLER(memory_size)
{
	SET(uint32_t, A, (uint32_t)(MEM_SIZE / WASM_PAGE));
	NEXT(2);
}

HANDLER(memory_grow_)
{
	SAVE();
	int64_t pages = memory_grow(S, S->memory, GET(uint32_t, B));
	LOAD_MEMORY();
	if (unlikely(pages == -2))
		FAIL(TRAP_HOST);
	SET(int32_t, A, (int32_t)pages);
	NEXT(2);
}

/* The operands of bulk instructions are the slots a, b and c, in the order of the specification: where to, what or where from, how many. */
HANDLER(memory_fill)
{
	uint32_t to = GET(uint32_t, A), size = GET(uint32_t, C);
	if (unlikely((uint64_t)to + size > MEM_SIZE))
		TRAP(TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
	memset(MEM + to, GET(uint8_t, B), size);
	NEXT(2);
}

HANDLER(memory_copy)
{
	uint32_t to = GET(uint32_t, A), from = GET(uint32_t, B), size = GET(uint32_t, C);
	if (unlikely((uint64_t)to + size > MEM_SIZE || (uint64_t)from + size > MEM_SIZE))
		TRAP(TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
	memmove(MEM + to, MEM + from, size);
	NEXT(2);
}

HANDLER(memory_init_)
{
	enum trap trap = memory_init(S->instance, 0, (uint32_t)PC[2].value, GET(uint32_t, A), GET(uint32_t, B), GET(uint32_t, C));
	if (unlikely(trap))
		FAIL(trap);
	NEXT(3);
}

HANDLER(data_drop)
{
	S->instance->data_dropped[PC[1].offset] = true;
	NEXT(2);
}

HANDLER(elem_drop)
{
	S->instance->elem_dropped[PC[1].offset] = true;
	NEXT(2);
}

/* The table, and for table.copy and table.init what is copied from, stand behind the operands: 32 bits each. */
#define TABLE(word) (S->instance->tables[word])

HANDLER(table_get)
{
	struct table *table = TABLE((uint32_t)PC[2].value);
	uint32_t index = GET(uint32_t, B);
	if (unlikely(index >= table->size))
		TRAP(TRAP_OUT_OF_BOUNDS_TABLE_ACCESS);
	SET(uint64_t, A, table->elements[index]);
	NEXT(3);
}

HANDLER(table_set)
{
	struct table *table = TABLE((uint32_t)PC[2].value);
	uint32_t index = GET(uint32_t, A);
	if (unlikely(index >= table->size))
		TRAP(TRAP_OUT_OF_BOUNDS_TABLE_ACCESS);
	table->elements[index] = GET(uint64_t, B);
	NEXT(3);
}

HANDLER(table_size)
{
	SET(uint32_t, A, TABLE((uint32_t)PC[2].value)->size);
	NEXT(3);
}

/* a = table.grow of b, the value, by c */
HANDLER(table_grow_)
{
	SAVE();
	int64_t size = table_grow(TABLE((uint32_t)PC[2].value), GET(uint32_t, C), GET(uint64_t, B));
	if (unlikely(size == -2))
		FAIL(TRAP_HOST);
	SET(int32_t, A, (int32_t)size);
	NEXT(3);
}

HANDLER(table_fill_)
{
	enum trap trap = table_fill(TABLE((uint32_t)PC[2].value), GET(uint32_t, A), GET(uint64_t, B), GET(uint32_t, C));
	if (unlikely(trap))
		FAIL(trap);
	NEXT(3);
}

HANDLER(table_copy_)
{
	enum trap trap =
		table_copy(TABLE((uint32_t)PC[2].value), TABLE(PC[2].value >> 32), GET(uint32_t, A), GET(uint32_t, B), GET(uint32_t, C));
	if (unlikely(trap))
		FAIL(trap);
	NEXT(3);
}

HANDLER(table_init_)
{
	enum trap trap = table_init(S->instance, (uint32_t)PC[2].value, (uint32_t)(PC[2].value >> 32), GET(uint32_t, A), GET(uint32_t, B),
		GET(uint32_t, C));
	if (unlikely(trap))
		FAIL(trap);
	NEXT(3);
}

HANDLER(ref_func)
{
	SET(uint64_t, A, (uint64_t)(uintptr_t)S->instance->funcs[PC[1].offset]);
	NEXT(2);
}

#define EACH(name) { STEP(name##_i32), STEP(name##_i64), STEP(name##_f32), STEP(name##_f64), STEP(name##_v128) }
const struct control_steps control_steps = {
	.copy = EACH(copy),
	.select = EACH(select),
	.constant = EACH(const),
	.global_get = EACH(global_get),
	.global_set = EACH(global_set),
	.loop = STEP(loop),
	.jump = STEP(jump),
	.jump_back = STEP(jump_back),
	.branch_if = STEP(branch_if),
	.branch_unless = STEP(branch_unless),
	.back_if = STEP(back_if),
	.back_unless = STEP(back_unless),
	.table = STEP(table_branch),
	.enter = STEP(enter),
	.leave = STEP(leave),
	.leave_with = { STEP(leave_i32), STEP(leave_i64), STEP(leave_f32), STEP(leave_f64) },
	.leave_many = STEP(leave_many),
	.unreachable = STEP(unreachable),
	.call = STEP(call),
	.call_indirect = STEP(call_indirect),
	.lower = STEP(lower_func),
	.host = STEP(host),
	.call_host = STEP(call_host),
	.stop = STEP(stop),
	.memory_size = STEP(memory_size),
	.memory_grow = STEP(memory_grow_),
	.memory_fill = STEP(memory_fill),
	.memory_copy = STEP(memory_copy),
	.memory_init = STEP(memory_init_),
	.data_drop = STEP(data_drop),
	.table_get = STEP(table_get),
	.table_set = STEP(table_set),
	.table_size = STEP(table_size),
	.table_grow = STEP(table_grow_),
	.table_fill = STEP(table_fill_),
	.table_copy = STEP(table_copy_),
	.table_init = STEP(table_init_),
	.elem_drop = STEP(elem_drop),
	.ref_func = STEP(ref_func),
};

const union word lower_code[2] = { { .handler = STEP(lower_func) } };
const union word host_code[2] = { { .handler = STEP(host) } };
const union word stop_code[2] = { { .handler = STEP(stop) } };
