#include <stdlib.h>

#include "base/buf.h"
#include "wasm/word.h"

static bool limits_match(uint64_t size, uint64_t max, const struct limits *wanted)
{
	return size >= wanted->min && (wanted->max == UINT64_MAX || max <= wanted->max);
}

struct externtype extern_type(const struct extern_value *value)
{
	struct externtype type = { .kind = value->kind };
	switch (value->kind) {
	case EXTERN_FUNC: type.func = value->func->type; break;
	case EXTERN_TABLE:
		type.table = value->table->type;
		type.table.limits.min = value->table->size;
		break;
	case EXTERN_MEMORY: type.memory.limits = (struct limits){ value->memory->size / WASM_PAGE, value->memory->type_max }; break;
	case EXTERN_GLOBAL: type.global = value->global->type; break;
	}
	return type;
}

bool extern_matches(const struct extern_value *value, const struct externtype *wanted)
{
	if (value->kind != wanted->kind)
		return false;
	struct externtype type = extern_type(value);
	switch (wanted->kind) {
	case EXTERN_FUNC: return functype_equal(type.func, wanted->func);
	case EXTERN_TABLE:
		return type.table.element == wanted->table.element &&
			limits_match(type.table.limits.min, type.table.limits.max, &wanted->table.limits);
	case EXTERN_MEMORY: return limits_match(type.memory.limits.min, type.memory.limits.max, &wanted->memory.limits);
	case EXTERN_GLOBAL: return type.global.type == wanted->global.type && type.global.mutable == wanted->global.mutable;
	}
	return false;
}

static enum err check_imports(const struct module *module, const struct extern_value *imports)
{
	for (uint32_t i = 0; i < module->import_count; i++) {
		const struct module_import *import = &module->imports[i];
		if (extern_matches(&imports[i], &import->type))
			continue;
		BUF_CLEANUP struct buf text = { 0 };
		struct externtype type = extern_type(&imports[i]);
		externtype_print(&text, &import->type);
		buf_append_text(&text, ", provided ");
		externtype_print(&text, &type);
		return err_set(ERR_UNSUPPORTED, "incompatible import type: \"%.*s\" \"%.*s\": wanted %s", VIEW_ARG(import->module),
			VIEW_ARG(import->name), buf_text(&text));
	}
	return ERR_NONE;
}

/* The index spaces, and in each what is imported. */
static enum err make_spaces(struct instance *instance, const struct extern_value *imports)
{
	const struct module *module = instance->module;
	struct arena *arena = &instance->arena;
	instance->types = ARENA_ARRAY(arena, uint32_t, module->type_count + 1);
	instance->funcs = ARENA_ARRAY(arena, struct func *, module->func_count + 1);
	instance->own_funcs = ARENA_ARRAY(arena, struct func, module->func_count - module->imported_funcs + 1);
	instance->tables = ARENA_ARRAY(arena, struct table *, module->table_count + 1);
	instance->memories = ARENA_ARRAY(arena, struct memory *, module->memory_count + 1);
	instance->globals = ARENA_ARRAY(arena, struct global *, module->global_count + 1);
	instance->elem_dropped = ARENA_ARRAY(arena, bool, module->elem_count + 1);
	instance->data_dropped = ARENA_ARRAY(arena, bool, module->data_count + 1);
	if (!instance->types || !instance->funcs || !instance->own_funcs || !instance->tables || !instance->memories ||
		!instance->globals || !instance->elem_dropped || !instance->data_dropped)
		return err_nomem();
	uint32_t funcs = 0, tables = 0, memories = 0, globals = 0;
	for (uint32_t i = 0; i < module->import_count; i++) {
		switch (imports[i].kind) {
		case EXTERN_FUNC: instance->funcs[funcs++] = imports[i].func; break;
		case EXTERN_TABLE: instance->tables[tables++] = imports[i].table; break;
		case EXTERN_MEMORY: instance->memories[memories++] = imports[i].memory; break;
		case EXTERN_GLOBAL: instance->globals[globals++] = imports[i].global; break;
		}
	}
	return ERR_NONE;
}

static enum err make_funcs(struct instance *instance)
{
	const struct module *module = instance->module;
	for (uint32_t i = 0; i < module->type_count; i++) {
		instance->types[i] = store_canonical(instance->store, &module->types[i]);
		if (instance->types[i] == UINT32_MAX)
			return err_nomem();
	}
	for (uint32_t i = module->imported_funcs; i < module->func_count; i++) {
		const struct module_func *body = &module->funcs[i];
		const struct functype *type = &module->types[body->type];
		struct func *func = &instance->own_funcs[i - module->imported_funcs];
		*func = (struct func){ .type = type,
			.canonical = instance->types[body->type],
			.index = i,
			.instance = instance,
			.code = lower_code,
			.frame_slots = body->local_slots + body->max_height,
			.local_slots = body->local_slots,
			.param_slots = type->param_slots };
		instance->funcs[i] = func;
	}
	return ERR_NONE;
}

static enum err make_state(struct instance *instance)
{
	struct module *module = instance->module;
	struct store *store = instance->store;
	for (uint32_t i = module->imported_tables; i < module->table_count; i++)
		TRY(store_add_table(store, module->tables[i], 0, &instance->tables[i]));
	for (uint32_t i = module->imported_memories; i < module->memory_count; i++)
		TRY(store_add_memory(store, module->memories[i], &instance->memories[i]));
	for (uint32_t i = module->imported_globals; i < module->global_count; i++) {
		uint64_t value[2];
		init_value(instance, &module->globals[i].init, value);
		TRY(store_add_global(store, module->globals[i].type, value, &instance->globals[i]));
	}
	return ERR_NONE;
}

static enum err trapped(struct store *store, enum trap trap, const char *what, uint32_t index)
{
	store->trap = trap;
	store->trap_top = NULL;
	return err_set(ERR_TRAP, "%s: %s segment %u does not fit", trap_text(trap), what, index);
}

static enum err apply_segments(struct instance *instance)
{
	struct module *module = instance->module;
	uint64_t offset[2];
	for (uint32_t i = 0; i < module->elem_count; i++) {
		const struct module_elem *elem = &module->elems[i];
		if (elem->mode == SEGMENT_ACTIVE) {
			init_value(instance, &elem->offset, offset);
			enum trap trap = table_init(instance, elem->table, i, (uint32_t)offset[0], 0, elem->count);
			if (trap)
				return trapped(instance->store, trap, "element", i);
		}
		if (elem->mode != SEGMENT_PASSIVE)
			instance->elem_dropped[i] = true;
	}
	for (uint32_t i = 0; i < module->data_count; i++) {
		const struct module_data *data = &module->datas[i];
		if (data->mode != SEGMENT_ACTIVE)
			continue;
		init_value(instance, &data->offset, offset);
		enum trap trap = memory_init(instance, data->memory, i, (uint32_t)offset[0], 0, (uint32_t)data->bytes.size);
		if (trap)
			return trapped(instance->store, trap, "data", i);
		instance->data_dropped[i] = true;
	}
	return ERR_NONE;
}

/* The instance belongs to the store from the start: what it put into tables before a failure stays there, and needs it. */
enum err instance_create(struct store *store, struct module *module, const struct extern_value *imports, struct instance **ret_instance)
{
	store->trap = TRAP_NONE;
	store->trap_top = NULL;
	TRY(check_imports(module, imports));
	struct instance *instance = calloc(1, sizeof *instance);
	if (!instance)
		return err_nomem();
	instance->store = store;
	instance->module = module;
	instance->next = store->instances;
	store->instances = instance;
	TRY(make_spaces(instance, imports));
	TRY(make_funcs(instance));
	TRY(make_state(instance));
	TRY(apply_segments(instance));
	if (module->has_start)
		TRY(func_call(store, instance->funcs[module->start], (uint64_t[1]){ 0 }));
	*ret_instance = instance;
	return ERR_NONE;
}

bool instance_export(struct instance *instance, struct view name, struct extern_value *ret_value)
{
	struct module_export export;
	if (!module_find_export(instance->module, name, &export))
		return false;
	ret_value->kind = export.type.kind;
	switch (export.type.kind) {
	case EXTERN_FUNC: ret_value->func = instance->funcs[export.index]; break;
	case EXTERN_TABLE: ret_value->table = instance->tables[export.index]; break;
	case EXTERN_MEMORY: ret_value->memory = instance->memories[export.index]; break;
	case EXTERN_GLOBAL: ret_value->global = instance->globals[export.index]; break;
	}
	return true;
}

struct memory *instance_memory(struct instance *instance)
{
	return instance && instance->module->memory_count ? instance->memories[0] : NULL;
}

struct module *instance_module(struct instance *instance)
{
	return instance->module;
}
