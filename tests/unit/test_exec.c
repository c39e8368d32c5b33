/*
 * What the specification's scripts do not look at: the count of loop heads and entries, stops, the depth of calls, where a trap was, host
 * functions that call back, and the limits of memories. The guest is exec.wat; each of its functions takes a number and gives one.
 */
#include "base/buf.h"
#include "unit.h"
#include "wasm/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Of the instructions that traps and calls are looked for at. */
enum { AT_UNREACHABLE = 0x00, AT_CALL = 0x10, AT_CALL_INDIRECT = 0x11, AT_DIV = 0x6d };

struct guest {
	struct buf bytes;
	struct module *module;
	struct store *store;
	struct instance *instance;
	struct functype host_type;
	enum trap (*host)(struct guest *guest, uint64_t *args); /* what the import does; NULL: nothing */
	struct stack_frame frames[4];
	size_t frame_count;
	uint64_t position;
	int depth;
};

static enum trap host_called(void *data, struct store *store, uint64_t *args)
{
	struct guest *guest = data;
	assert_ptr_equal(store, guest->store);
	return guest->host ? guest->host(guest, args) : TRAP_NONE;
}

static void read_guest(struct buf *bytes)
{
	FILE *file = fopen(getenv("UNIT_EXEC"), "rb");
	if (!file)
		fail_msg("cannot open UNIT_EXEC");
	uint8_t block[4096];
	for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
		buf_append(bytes, block, size);
	fclose(file);
}

static enum err instantiate(struct guest *guest, const struct store_limits *limits)
{
	static const uint8_t i32[] = { VALTYPE_I32 };
	guest->host_type = (struct functype){ i32, i32, 1, 1, 1, 1, 0 };
	struct extern_value import = { .kind = EXTERN_FUNC };
	read_guest(&guest->bytes);
	assert_int_equal(module_decode(buf_view(&guest->bytes), &guest->module), 0);
	assert_int_equal(store_create(limits, &guest->store), 0);
	if (getenv("UNIT_COMPILED"))
		assert_int_equal(store_compile(guest->store), 0);
	assert_int_equal(store_add_func(guest->store, &guest->host_type, host_called, guest, &import.func), 0);
	return instance_create(guest->store, guest->module, &import, &guest->instance);
}

static void start_with(struct guest *guest, struct store_limits limits)
{
	memset(guest, 0, sizeof *guest);
	assert_int_equal(instantiate(guest, &limits), 0);
}

static void start(struct guest *guest)
{
	start_with(guest, STORE_LIMITS_DEFAULT);
}

static void finish(struct guest *guest)
{
	store_destroy(guest->store);
	module_destroy(guest->module);
	buf_finish(&guest->bytes);
}

/* Calls the export; gives its result, or -1 when it did not return. */
static int32_t call(struct guest *guest, const char *name, int32_t argument)
{
	struct extern_value export;
	assert_true(instance_export(guest->instance, view_text(name), &export));
	uint64_t slot = (uint32_t)argument;
	enum err err = func_call(guest->store, export.func, &slot);
	assert_true(err == ERR_NONE || err == ERR_TRAP);
	assert_int_equal(err != ERR_NONE, store_trap(guest->store) != TRAP_NONE);
	return err ? -1 : (int32_t)slot;
}

static uint64_t passes(struct guest *guest)
{
	struct extern_value export;
	uint64_t value;
	assert_true(instance_export(guest->instance, view_text("passes"), &export));
	global_get(export.global, &value);
	return value;
}

/* A frame of the function so exported, at an instruction with this opcode. */
static void assert_frame(const struct guest *guest, const struct stack_frame *frame, const char *name, int opcode)
{
	struct module_export export;
	assert_true(module_find_export(guest->module, view_text(name), &export));
	assert_ptr_equal(frame->module, guest->module);
	assert_int_equal(frame->func, export.index);
	assert_int_equal(guest->bytes.data[frame->offset], opcode);
}

static void loop_heads_and_entries_are_counted(void **state)
{
	(void)state;
	struct guest guest;
	start(&guest);
	assert_int_equal(store_position(guest.store), 0);
	assert_int_equal(call(&guest, "count", 1), 0);
	assert_int_equal(store_position(guest.store), 2);
	assert_int_equal(call(&guest, "count", 1000), 0);
	assert_int_equal(store_position(guest.store), 2 + 1 + 1000);
	assert_int_equal(call(&guest, "direct", 1), 2); /* the host's functions are not counted */
	assert_int_equal(store_position(guest.store), 2 + 1 + 1000 + 1);
	finish(&guest);
}

static void *interrupt_later(void *data)
{
	struct guest *guest = data;
	struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	nanosleep(&pause, NULL);
	store_interrupt(guest->store);
	return NULL;
}

static void an_interrupted_run_is_stopped_again_at_the_same_point(void **state)
{
	(void)state;
	struct guest first, again;
	start(&first);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, interrupt_later, &first), 0);
	call(&first, "spin", 0);
	pthread_join(thread, NULL);
	assert_int_equal(store_trap(first.store), TRAP_INTERRUPTED);

	start(&again);
	store_stop_at(again.store, store_position(first.store));
	call(&again, "spin", 0);
	assert_int_equal(store_trap(again.store), TRAP_INTERRUPTED);
	assert_int_equal(store_position(again.store), store_position(first.store));
	assert_int_equal(passes(&again), passes(&first));
	struct stack_frame frames[2][4] = { 0 };
	size_t count = store_stack(first.store, frames[0], 4);
	assert_int_equal(store_stack(again.store, frames[1], 4), count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(frames[1][i].func, frames[0][i].func);
		assert_int_equal(frames[1][i].offset, frames[0][i].offset);
	}
	finish(&first);
	finish(&again);
}

/* `spin` is entered at 1, its loop passed at 2, then `count` entered at 3 and its loop passed at 4, 5 and 6. */
static void every_position_can_be_stopped_at(void **state)
{
	(void)state;
	static const uint64_t passes_at[] = { 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 4 };
	for (uint64_t position = 1; position < sizeof passes_at / sizeof passes_at[0]; position++) {
		struct guest guest;
		start(&guest);
		store_stop_at(guest.store, position);
		call(&guest, "spin", 0);
		assert_int_equal(store_trap(guest.store), TRAP_INTERRUPTED);
		assert_int_equal(store_position(guest.store), position);
		assert_int_equal(passes(&guest), passes_at[position]);
		finish(&guest);
	}
}

static void an_interrupt_waits_for_the_guest_until_taken_back(void **state)
{
	(void)state;
	struct guest guest;
	start(&guest);
	store_interrupt(guest.store);
	store_stop_at(guest.store, UINT64_MAX); /* does not lose it */
	assert_int_equal(call(&guest, "count", 5), -1);
	assert_int_equal(store_trap(guest.store), TRAP_INTERRUPTED);
	assert_int_equal(passes(&guest), 0);
	store_interrupt_clear(guest.store);
	assert_int_equal(call(&guest, "count", 5), 0);
	assert_int_equal(passes(&guest), 5);
	finish(&guest);
}

static void the_depth_of_calls_follows_from_the_bytecode(void **state)
{
	(void)state;
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	limits.stack_bytes = 64 * 1024;
	struct guest guest;
	start_with(&guest, limits);
	/* A frame of `recurse` has one local and at most two operands. */
	uint64_t deepest = limits.stack_bytes / (64 + 3 * 8);
	for (uint64_t round = 1; round <= 2; round++) { /* the second time it is lowered already */
		assert_int_equal(call(&guest, "recurse", 0), -1);
		assert_int_equal(store_trap(guest.store), TRAP_CALL_STACK_EXHAUSTED);
		assert_int_equal(passes(&guest), round * deepest);
		struct stack_frame frames[4];
		assert_int_equal(store_stack(guest.store, frames, 4), deepest);
		for (int i = 0; i < 4; i++)
			assert_frame(&guest, &frames[i], "recurse", AT_CALL);
	}
	assert_int_equal(call(&guest, "count", 5), 0);
	finish(&guest);
}

static void traps_have_their_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum trap trap;
	} traps[] = {
		{ "unreachable", TRAP_UNREACHABLE },
		{ "divide", TRAP_INTEGER_DIVIDE_BY_ZERO },
		{ "overflow", TRAP_INTEGER_OVERFLOW },
		{ "convert", TRAP_INVALID_CONVERSION_TO_INTEGER },
		{ "load", TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS },
		{ "store", TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS },
		{ "fill", TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS },
		{ "table_get", TRAP_OUT_OF_BOUNDS_TABLE_ACCESS },
		{ "undefined", TRAP_UNDEFINED_ELEMENT },
		{ "uninitialized", TRAP_UNINITIALIZED_ELEMENT },
		{ "mismatch", TRAP_INDIRECT_CALL_TYPE_MISMATCH },
	};
	struct guest guest;
	start(&guest);
	for (size_t i = 0; i < sizeof traps / sizeof traps[0]; i++) {
		assert_int_equal(call(&guest, traps[i].name, 0), -1);
		assert_int_equal(store_trap(guest.store), traps[i].trap);
		assert_string_equal(err_text(), trap_text(traps[i].trap));
		struct stack_frame frame;
		assert_int_equal(store_stack(guest.store, &frame, 1), 1);
	}
	finish(&guest);
}

static void a_trap_tells_where_it_was(void **state)
{
	(void)state;
	struct guest guest;
	struct stack_frame frames[3];
	start(&guest);
	call(&guest, "divide_below", 0);
	assert_int_equal(store_stack(guest.store, NULL, 0), 2);
	assert_int_equal(store_stack(guest.store, frames, 3), 2);
	assert_frame(&guest, &frames[0], "divide", AT_DIV);
	assert_frame(&guest, &frames[1], "divide_below", AT_CALL);
	call(&guest, "unreachable", 0);
	assert_int_equal(store_stack(guest.store, frames, 3), 1);
	assert_frame(&guest, &frames[0], "unreachable", AT_UNREACHABLE);
	assert_int_equal(call(&guest, "divide_below", 1), 8); /* a call that returns leaves none */
	assert_int_equal(store_stack(guest.store, frames, 3), 0);
	finish(&guest);
}

static enum trap look_around(struct guest *guest, uint64_t *args)
{
	guest->frame_count = store_stack(guest->store, guest->frames, 4);
	guest->position = store_position(guest->store);
	return args[0] == 13 ? TRAP_HOST : TRAP_NONE;
}

static void a_host_function_sees_its_callers(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int opcode;
	} ways[] = { { "direct", AT_CALL }, { "indirect", AT_CALL_INDIRECT } };
	for (int i = 0; i < 2; i++) {
		struct guest guest;
		start(&guest);
		guest.host = look_around;
		assert_int_equal(call(&guest, ways[i].name, 4), 5);
		assert_int_equal(guest.position, 1);
		assert_int_equal(guest.frame_count, 1);
		assert_frame(&guest, &guest.frames[0], ways[i].name, ways[i].opcode);
		assert_int_equal(call(&guest, ways[i].name, 13), -1);
		assert_int_equal(store_trap(guest.store), TRAP_HOST);
		assert_int_equal(store_stack(guest.store, guest.frames, 4), 1);
		assert_frame(&guest, &guest.frames[0], ways[i].name, ways[i].opcode);
		finish(&guest);
	}
}

/* Calls back, twice: what the first call traps with is this function's to judge. */
static enum trap call_back(struct guest *guest, uint64_t *args)
{
	assert_int_equal(call(guest, "divide_below", 0), -1);
	assert_int_equal(store_trap(guest->store), TRAP_INTEGER_DIVIDE_BY_ZERO);
	if (args[0] == 1)
		assert_int_equal(call(guest, "count", 10), 0);
	args[0] = 41;
	return TRAP_NONE;
}

static void host_functions_call_back(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct guest guest;
		start(&guest);
		guest.host = call_back;
		assert_int_equal(call(&guest, way ? "indirect" : "direct", 1), 42);
		assert_int_equal(store_position(guest.store), 1 + 2 + 11);
		assert_int_equal(call(&guest, way ? "indirect" : "direct", 2), 42); /* the trap was its last call, and is over */
		finish(&guest);
	}
}

/* Looks around below two functions of the guest and one of the host. */
static enum trap call_back_once(struct guest *guest, uint64_t *args)
{
	if (guest->depth++)
		return look_around(guest, args);
	assert_int_equal(call(guest, "indirect", 4), 5);
	return TRAP_UNREACHABLE;
}

static void host_functions_that_call_back_are_on_the_stack(void **state)
{
	(void)state;
	struct guest guest;
	start(&guest);
	guest.host = call_back_once;
	for (int round = 0; round < 2; round++) {
		guest.depth = 0;
		assert_int_equal(call(&guest, "direct", 9), -1);
		assert_int_equal(store_trap(guest.store), TRAP_UNREACHABLE);
		assert_int_equal(guest.frame_count, 3);
		assert_frame(&guest, &guest.frames[0], "indirect", AT_CALL_INDIRECT);
		assert_null(guest.frames[1].module);
		assert_frame(&guest, &guest.frames[2], "direct", AT_CALL);
		assert_int_equal(store_stack(guest.store, guest.frames, 4), 1); /* the host's function has returned */
		assert_frame(&guest, &guest.frames[0], "direct", AT_CALL);
	}
	finish(&guest);
}

static enum trap call_back_for_ever(struct guest *guest, uint64_t *args)
{
	guest->depth++;
	return call(guest, "direct", (int32_t)args[0]) == -1 ? store_trap(guest->store) : TRAP_NONE;
}

static void calling_back_for_ever_ends(void **state)
{
	(void)state;
	struct guest guest;
	int depth = 0;
	start(&guest);
	guest.host = call_back_for_ever;
	for (int round = 0; round < 2; round++) {
		guest.depth = 0;
		assert_int_equal(call(&guest, "direct", 7), -1);
		assert_int_equal(store_trap(guest.store), TRAP_CALL_STACK_EXHAUSTED);
		assert_true(guest.depth > 1 && (depth == 0 || depth == guest.depth));
		depth = guest.depth;
	}
	finish(&guest);
}

struct growths {
	uint64_t count, old, new;
};

static void count_growth(void *data, uint64_t old, uint64_t new)
{
	struct growths *growths = data;
	*growths = (struct growths){ growths->count + 1, old, new };
}

/* To the lesser of the type's maximum, which is 4, and the store's. */
static void memories_grow_to_their_limit_only(void **state)
{
	(void)state;
	for (int32_t limit = 3; limit <= 5; limit++) {
		int32_t most = limit < 4 ? limit : 4;
		struct store_limits limits = STORE_LIMITS_DEFAULT;
		limits.memory_pages = (uint64_t)limit;
		struct guest guest;
		struct growths growths = { 0 };
		start_with(&guest, limits);
		store_on_grow(guest.store, count_growth, &growths);
		assert_int_equal(call(&guest, "grow", most), -1);
		assert_int_equal(call(&guest, "grow", -1), -1);
		assert_int_equal(store_trap(guest.store), TRAP_NONE);
		assert_int_equal(growths.count, 0);
		assert_int_equal(call(&guest, "grow", 1), 1);
		assert_int_equal(call(&guest, "grow", most - 2), 2);
		assert_int_equal(growths.count, 2);
		assert_int_equal(growths.old, 2);
		assert_int_equal(growths.new, most);
		assert_int_equal(call(&guest, "grow", 1), -1);
		assert_int_equal(call(&guest, "size", 0), most);
		struct memory *memory = instance_memory(guest.instance);
		assert_int_equal(memory->size, (uint64_t)most * WASM_PAGE);
		assert_int_equal(memory->base[memory->size - 1], 0);
		assert_int_equal(call(&guest, "store", 0), 0); /* in bounds now */
		assert_int_equal(memory->base[65536], 0xff);
		finish(&guest);
	}
}

static void a_memory_above_the_limit_is_refused(void **state)
{
	(void)state;
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	limits.memory_pages = 0;
	struct guest guest = { 0 };
	assert_int_equal(instantiate(&guest, &limits), ERR_LIMIT);
	assert_string_equal(err_text(), "the module wants a memory of 1 pages; the limit is 0");
	finish(&guest);
}

static void imports_must_fit(void **state)
{
	(void)state;
	static const uint8_t types[] = { VALTYPE_I32, VALTYPE_I64 };
	struct functype wrong = { types, types, 2, 1, 2, 1, 0 };
	struct extern_value imports[2] = { { .kind = EXTERN_FUNC }, { .kind = EXTERN_MEMORY } };
	static const char *const texts[] = {
		"incompatible import type: \"host\" \"call\": wanted (func (param i32) (result i32)), "
		"provided (func (param i32 i64) (result i32))",
		"incompatible import type: \"host\" \"call\": wanted (func (param i32) (result i32)), provided (memory 1 2)",
	};
	struct guest guest;
	struct instance *instance = NULL;
	start(&guest);
	assert_int_equal(store_add_func(guest.store, &wrong, host_called, &guest, &imports[0].func), 0);
	assert_int_equal(store_add_memory(guest.store, (struct memtype){ { 1, 2 } }, &imports[1].memory), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(call(&guest, "unreachable", 0), -1);
		assert_int_equal(instance_create(guest.store, guest.module, &imports[i], &instance), ERR_UNSUPPORTED);
		assert_string_equal(err_text(), texts[i]);
		assert_null(instance);
		assert_int_equal(store_trap(guest.store), TRAP_NONE); /* that was before */
		assert_int_equal(store_stack(guest.store, NULL, 0), 0);
	}
	finish(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loop_heads_and_entries_are_counted),
		cmocka_unit_test(an_interrupted_run_is_stopped_again_at_the_same_point),
		cmocka_unit_test(every_position_can_be_stopped_at),
		cmocka_unit_test(an_interrupt_waits_for_the_guest_until_taken_back),
		cmocka_unit_test(the_depth_of_calls_follows_from_the_bytecode),
		cmocka_unit_test(traps_have_their_kinds),
		cmocka_unit_test(a_trap_tells_where_it_was),
		cmocka_unit_test(a_host_function_sees_its_callers),
		cmocka_unit_test(host_functions_call_back),
		cmocka_unit_test(host_functions_that_call_back_are_on_the_stack),
		cmocka_unit_test(calling_back_for_ever_ends),
		cmocka_unit_test(memories_grow_to_their_limit_only),
		cmocka_unit_test(a_memory_above_the_limit_is_refused),
		cmocka_unit_test(imports_must_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
