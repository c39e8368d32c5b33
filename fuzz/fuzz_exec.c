/*
 * Lowering and running: whatever is valid must run or trap, and not do otherwise the second time. Imports are given by kind; every
 * function that is exported is called, for a bounded number of steps.
 */
#include "fuzz.h"
#include "wasm/store.h"

#include <stdlib.h>

enum { MAX_IMPORTS = 64, MAX_SLOTS = 2000, STEPS = 20000 };

static enum trap return_zero(void *data, struct store *store, uint64_t *args)
{
	const struct functype *type = data;
	(void)store;
	memset(args, 0, type->result_slots * sizeof *args);
	return TRAP_NONE;
}

static enum err provide(struct store *store, const struct externtype *type, struct extern_value *ret_value)
{
	static const uint64_t zero[2];
	ret_value->kind = type->kind;
	switch (type->kind) {
	case EXTERN_FUNC:
		return store_add_func(store, type->func, return_zero, (void *)(uintptr_t)type->func, &ret_value->func);
	case EXTERN_TABLE:
		return store_add_table(store, type->table, 0, &ret_value->table);
	case EXTERN_MEMORY:
		return store_add_memory(store, type->memory, &ret_value->memory);
	default:
		return store_add_global(store, type->global, zero, &ret_value->global);
	}
}

static void call_exports(struct store *store, struct instance *instance, const struct module *module)
{
	static uint64_t slots[MAX_SLOTS];
	for (uint32_t i = 0; i < module_export_count(module); i++) {
		struct module_export export = module_export(module, i);
		struct extern_value value;
		if (export.type.kind != EXTERN_FUNC || !instance_export(instance, export.name, &value))
			continue;
		const struct functype *type = func_type(value.func);
		if (type->param_slots > MAX_SLOTS || type->result_slots > MAX_SLOTS)
			continue;
		memset(slots, 0, type->param_slots * sizeof *slots);
		store_stop_at(store, store_position(store) + STEPS);
		struct stack_frame frames[8];
		if (func_call(store, value.func, slots) != 0)
			store_stack(store, frames, 8);
	}
}

static void run(struct module *module)
{
	struct store_limits limits = { .memory_pages = 16, .table_elements = 1000, .stack_bytes = 1 << 20 };
	struct extern_value imports[MAX_IMPORTS];
	struct store *store;
	if (module_import_count(module) > MAX_IMPORTS || store_create(&limits, &store) != 0)
		return;
	store_stop_at(store, STEPS);
	enum err err = 0;
	for (uint32_t i = 0; i < module_import_count(module) && !err; i++) {
		struct module_import import = module_import(module, i);
		err = provide(store, &import.type, &imports[i]);
	}
	struct instance *instance;
	if (!err && instance_create(store, module, imports, &instance) == 0)
		call_exports(store, instance, module);
	store_destroy(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct module *module;
	if (module_decode(view_of(data, size), &module) == 0) {
		run(module);
		module_destroy(module);
	}
	return 0;
}
