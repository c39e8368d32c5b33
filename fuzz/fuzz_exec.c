/*
 * Instantiates a module and calls every function that it exports, with zeros and with ones, for a bounded number of steps. Whatever a valid
 * module does, it must not get out of its memory, tables and stack; compiled, the same module must do the same, to the count of steps.
 */
#include "base/buf.h"
#include "fuzz.h"
#include "wasm/store.h"

#include <stdlib.h>

enum { STEPS = 20000, SLOTS = 64, MEMORY_PAGES = 32, STACK_BYTES = 256 << 10 };

/* What an execution came to: everything that a guest can tell apart. */
struct outcome {
	uint64_t position;
	uint64_t hash;
};

static void add(struct outcome *outcome, uint64_t value)
{
	outcome->hash = (outcome->hash ^ value) * 0x100000001b3u;
}

/* An import: what it is called for is not known, its type is. It answers with zeros, which are null where they are references. */
static enum trap return_zero(void *data, struct store *store, uint64_t *args)
{
	const struct functype *type = data;
	(void)store;
	memset(args, 0, type->result_slots * sizeof *args);
	return TRAP_NONE;
}

static enum err add_import(struct store *store, const struct externtype *type, struct extern_value *ret_value)
{
	const uint64_t zero[2] = { 0 };
	ret_value->kind = type->kind;
	switch (type->kind) {
	case EXTERN_FUNC: return store_add_func(store, type->func, return_zero, (void *)(uintptr_t)type->func, &ret_value->func);
	case EXTERN_TABLE: return store_add_table(store, type->table, 0, &ret_value->table);
	case EXTERN_MEMORY: return store_add_memory(store, type->memory, &ret_value->memory);
	case EXTERN_GLOBAL: return store_add_global(store, type->global, zero, &ret_value->global);
	default: return ERR_UNSUPPORTED;
	}
}

static enum err instantiate(struct store *store, struct module *module, struct instance **ret_instance)
{
	uint32_t count = module_import_count(module);
	struct extern_value *imports = calloc((size_t)count + 1, sizeof *imports);
	enum err err = imports ? ERR_NONE : ERR_NOMEM;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct module_import import = module_import(module, i);
		err = add_import(store, &import.type, &imports[i]);
	}
	if (!err)
		err = instance_create(store, module, imports, ret_instance);
	free(imports);
	return err;
}

/* References are addresses of the host: no numbers to pass, nor the same twice. */
static bool any_reference(const uint8_t *types, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (types[i] == VALTYPE_FUNCREF || types[i] == VALTYPE_EXTERNREF)
			return true;
	}
	return false;
}

/* Of 32-bit values the upper half of the slot says nothing. */
static void add_results(const struct functype *type, const uint64_t *slots, struct outcome *outcome)
{
	for (uint32_t i = 0; i < type->result_count; i++) {
		bool narrow = type->results[i] == VALTYPE_I32 || type->results[i] == VALTYPE_F32;
		for (uint32_t left = valtype_slots(type->results[i]); left; left--)
			add(outcome, narrow ? (uint32_t)*slots++ : *slots++);
	}
}

static void call_export(struct store *store, struct instance *instance, struct view name, uint64_t value, struct outcome *outcome)
{
	struct extern_value export;
	if (!instance_export(instance, name, &export))
		__builtin_trap();
	if (export.kind != EXTERN_FUNC)
		return;
	const struct functype *type = func_type(export.func);
	if (any_reference(type->params, type->param_count) || any_reference(type->results, type->result_count))
		return;
	if (type->param_slots > SLOTS || type->result_slots > SLOTS)
		return;
	uint64_t slots[SLOTS];
	for (size_t i = 0; i < SLOTS; i++)
		slots[i] = value;
	store_stop_at(store, store_position(store) + STEPS);
	add(outcome, func_call(store, export.func, slots));
	struct stack_frame frames[8];
	add(outcome, store_stack(store, frames, 8));
	add(outcome, store_trap(store));
	if (store_trap(store) == TRAP_NONE)
		add_results(type, slots, outcome);
}

static void add_memory(struct instance *instance, struct outcome *outcome)
{
	const struct memory *memory = instance_memory(instance);
	if (!memory)
		return;
	add(outcome, memory->size);
	for (uint64_t at = 0; at < memory->size; at += sizeof at)
		add(outcome, load_u64(memory->base + at));
}

static struct outcome execute(struct module *module, bool compiled)
{
	struct store_limits limits = { .memory_pages = MEMORY_PAGES, .table_elements = 10000, .stack_bytes = STACK_BYTES };
	struct outcome outcome = { .hash = 0xcbf29ce484222325u };
	struct store *store;
	if (store_create(&limits, &store))
		return outcome;
	if (compiled)
		(void)store_compile(store); /* where there is no compiled tier, the interpreter must agree with itself */
	struct instance *instance = NULL;
	store_stop_at(store, STEPS);
	add(&outcome, instantiate(store, module, &instance));
	for (uint32_t i = 0; instance && i < module_export_count(module) && i < 20; i++) {
		call_export(store, instance, module_export(module, i).name, 0, &outcome);
		call_export(store, instance, module_export(module, i).name, 0x100000001, &outcome);
	}
	if (instance)
		add_memory(instance, &outcome);
	outcome.position = store_position(store);
	store_destroy(store);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct module *module;
	if (module_decode(view_of(data, size), &module))
		return 0;
	struct outcome first = execute(module, false), second = execute(module, true);
	if (first.position != second.position || first.hash != second.hash)
		__builtin_trap();
	module_destroy(module);
	return 0;
}
