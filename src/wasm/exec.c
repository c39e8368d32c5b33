/* Calls from the host into guests, traps, and the stack as others see it. */
#include "wasm/exec.h"

#include "wasm/fault.h"
#include "wasm/steps.h"

#if TAIL_CALLS
void exec_run(struct store *store, const union word *pc, uint64_t *frame)
{
	struct store *outer = fault_watch(store);
	store->memory_size = store->memory->size;
	pc->handler(store, frame, pc, store->memory->size, store->memory->base, store->count);
	fault_watch(outer);
}
#else
void exec_run(struct store *store, const union word *pc, uint64_t *frame)
{
	struct machine machine = { store, pc, frame, store->memory->base, store->memory->size, store->count };
	while (machine.pc->handler(&machine))
		;
}
#endif

const char *trap_text(enum trap trap)
{
	static const char *const texts[TRAP_COUNT] = {
		[TRAP_NONE] = "none",
		[TRAP_UNREACHABLE] = "unreachable",
		[TRAP_INTEGER_DIVIDE_BY_ZERO] = "integer divide by zero",
		[TRAP_INTEGER_OVERFLOW] = "integer overflow",
		[TRAP_INVALID_CONVERSION_TO_INTEGER] = "invalid conversion to integer",
		[TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS] = "out of bounds memory access",
		[TRAP_OUT_OF_BOUNDS_TABLE_ACCESS] = "out of bounds table access",
		[TRAP_UNDEFINED_ELEMENT] = "undefined element",
		[TRAP_UNINITIALIZED_ELEMENT] = "uninitialized element",
		[TRAP_INDIRECT_CALL_TYPE_MISMATCH] = "indirect call type mismatch",
		[TRAP_CALL_STACK_EXHAUSTED] = "call stack exhausted",
		[TRAP_HOST] = "stopped by the host",
		[TRAP_INTERRUPTED] = "interrupted",
	};
	return trap < TRAP_COUNT ? texts[trap] : "unknown trap";
}

/* What a call from the host leaves as it found it. */
struct saved {
	struct instance *instance;
	struct memory *memory;
	struct activation *activation;
	int64_t stack_left;
	struct func *caller;
	const union word *pc;
	uint64_t *frame;
};

static struct saved save(const struct store *store)
{
	return (struct saved){ store->instance, store->memory, store->activation, store->stack_left, store->caller, store->pc,
		store->frame };
}

static void restore(struct store *store, const struct saved *saved)
{
	store->instance = saved->instance;
	store->memory = saved->memory;
	store->activation = saved->activation;
	store->stack_left = saved->stack_left;
	store->caller = saved->caller;
	store->pc = saved->pc;
	store->frame = saved->frame;
	store->depth--;
}

static enum err fail(struct store *store, enum trap trap)
{
	store->trap = trap;
	store->trap_top = store->activation;
	store->trap_pc = store->pc;
	if (trap == TRAP_HOST)
		return ERR_TRAP; /* the text is the host's */
	return err_set(ERR_TRAP, "%s", trap_text(trap));
}

/* Where a new frame may begin: behind that of the function that called the host, and its arguments to it. */
static uint64_t *free_stack(const struct store *store)
{
	if (!store->caller)
		return store->stack;
	return store->frame + store->activation->func->frame_slots + store->caller->frame_slots;
}

static void enter(struct store *store, struct func *func, uint64_t *slots)
{
	uint64_t *frame = free_stack(store);
	memcpy(frame, slots, func->type->param_slots * sizeof *slots);
	if (store->caller)
		*++store->activation = (struct activation){ .return_pc = store->pc, .frame = store->frame, .func = store->caller };
	store->stack_left -= FRAME_COST + (int64_t)func->frame_slots * 8;
	struct activation *activation = ++store->activation;
	*activation = (struct activation){ .return_pc = stop_code, .frame = frame, .func = func };
	store->instance = func->instance;
	store->memory = instance_main_memory(func->instance);
	store->caller = NULL;
	exec_run(store, func->code, frame);
	memcpy(slots, frame, func->type->result_slots * sizeof *slots);
}

enum err func_call(struct store *store, struct func *func, uint64_t *slots)
{
	store->trap = TRAP_NONE;
	store->trap_top = NULL;
	if (func->host) {
		enum trap trap = func->host(func->host_data, store, slots);
		return trap ? fail(store, trap) : ERR_NONE;
	}
	if (store->depth >= MAX_CALLS_BACK || store->stack_left < FRAME_COST + (int64_t)func->frame_slots * 8)
		return fail(store, TRAP_CALL_STACK_EXHAUSTED);
	struct saved saved = save(store);
	store->depth++;
	enter(store, func, slots);
	enum err err = store->trap ? fail(store, store->trap) : ERR_NONE;
	restore(store, &saved);
	return err;
}

enum trap store_trap(const struct store *store)
{
	return store->trap;
}

struct instance *store_caller(const struct store *store)
{
	return store->instance;
}

static struct stack_frame frame_of(struct func *func, const union word *pc)
{
	if (func->host)
		return (struct stack_frame){ 0 };
	const struct module *module = func->instance->module;
	bool lowered = func->code != lower_code && pc != lower_code;
	return (struct stack_frame){ module, func->index, lowered ? lower_offset_of(func, pc) : module->funcs[func->index].code };
}

size_t store_stack(const struct store *store, struct stack_frame *ret_frames, size_t max)
{
	bool in_host = store->caller != NULL;
	const struct activation *at = in_host ? store->activation : store->trap_top;
	const union word *pc = in_host ? store->pc - 1 : store->trap_pc;
	size_t count = 0;
	for (; at && at > store->activations; at--) {
		if (count < max)
			ret_frames[count] = frame_of(at->func, pc);
		count++;
		pc = at->return_pc == stop_code ? NULL : at->return_pc - 1; /* NULL: what called it is the host */
	}
	return count;
}

/* The order matters to a signal between two stores: an interrupt is never lost. */
void store_stop_at(struct store *store, uint64_t position)
{
	store->planned_stop = position;
	store->stop_at = position;
	if (store->interrupted)
		store->stop_at = 0;
}

void store_interrupt(struct store *store)
{
	store->interrupted = true;
	store->stop_at = 0;
}

void store_interrupt_clear(struct store *store)
{
	store->interrupted = false;
	store->stop_at = store->planned_stop;
}

uint64_t store_position(const struct store *store)
{
	return store->count;
}
