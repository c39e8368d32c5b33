/* The index spaces and their doors: imports and exports. */
#include "wasm/decode.h"

#include <stdlib.h>

/* Moves an array of the arena to a longer one; the shorter one stays behind, which happens once at most. */
static void *grow(struct arena *arena, void *array, uint32_t count, uint32_t more, size_t size)
{
	void *longer = arena_array(arena, (size_t)count + more, size);
	if (longer && count)
		memcpy(longer, array, count * size);
	return longer;
}

enum err module_reserve(struct module *module, enum extern_kind kind, uint32_t more)
{
	struct arena *arena = &module->arena;
	void *array = NULL;
	switch (kind) {
	case EXTERN_FUNC: array = module->funcs = grow(arena, module->funcs, module->func_count, more, sizeof *module->funcs); break;
	case EXTERN_TABLE: array = module->tables = grow(arena, module->tables, module->table_count, more, sizeof *module->tables); break;
	case EXTERN_MEMORY:
		array = module->memories = grow(arena, module->memories, module->memory_count, more, sizeof *module->memories);
		break;
	case EXTERN_GLOBAL:
		array = module->globals = grow(arena, module->globals, module->global_count, more, sizeof *module->globals);
		break;
	}
	return array ? 0 : err_nomem();
}

static enum err decode_import(struct decoder *d, struct module_import *import)
{
	struct module *module = d->module;
	struct reader *r = &d->r;
	import->module = read_name(r);
	import->name = read_name(r);
	size_t offset = reader_offset(r);
	uint8_t kind = read_byte(r);
	import->type.kind = kind;
	switch (kind) {
	case EXTERN_FUNC: {
		uint32_t type = read_u32(r);
		TRY(decode_index(d, "type", type, module->type_count));
		import->type.func = &module->types[type];
		return 0;
	}
	case EXTERN_TABLE: return decode_tabletype(d, &import->type.table);
	case EXTERN_MEMORY: return decode_memtype(d, &import->type.memory);
	case EXTERN_GLOBAL: return decode_globaltype(d, &import->type.global);
	case 4: return decode_error(d, ERR_UNSUPPORTED, offset, "malformed import kind 4: " NOT_SUPPORTED, "exception handling");
	default: return decode_error(d, ERR_MALFORMED, offset, "malformed import kind %u", kind);
	}
}

/* Imported things come first in each index space. */
static enum err enter_imports(struct decoder *d)
{
	struct module *module = d->module;
	uint32_t counts[4] = { 0 };
	for (uint32_t i = 0; i < module->import_count; i++)
		counts[module->imports[i].type.kind]++;
	TRY(check_memory_count(d, counts[EXTERN_MEMORY]));
	for (int kind = EXTERN_FUNC; kind <= EXTERN_GLOBAL; kind++)
		TRY(module_reserve(module, (enum extern_kind)kind, counts[kind]));
	for (uint32_t i = 0; i < module->import_count; i++) {
		const struct externtype *type = &module->imports[i].type;
		switch (type->kind) {
		case EXTERN_FUNC: module->funcs[module->func_count++].type = (uint32_t)(type->func - module->types); break;
		case EXTERN_TABLE: module->tables[module->table_count++] = type->table; break;
		case EXTERN_MEMORY: module->memories[module->memory_count++] = type->memory; break;
		case EXTERN_GLOBAL: module->globals[module->global_count++].type = type->global; break;
		}
	}
	module->imported_funcs = module->func_count;
	module->imported_tables = module->table_count;
	module->imported_memories = module->memory_count;
	module->imported_globals = module->global_count;
	return 0;
}

enum err decode_imports(struct decoder *d)
{
	struct module *module = d->module;
	TRY(decode_count(d, "imports", &module->import_count));
	module->imports = ARENA_ARRAY(&module->arena, struct module_import, module->import_count);
	if (!module->imports)
		return err_nomem();
	for (uint32_t i = 0; i < module->import_count; i++) {
		TRY(decode_import(d, &module->imports[i]));
		TRY(decode_status(d));
	}
	return enter_imports(d);
}

static enum err decode_export(struct decoder *d, struct module_export *export)
{
	struct module *module = d->module;
	struct reader *r = &d->r;
	export->name = read_name(r);
	size_t offset = reader_offset(r);
	uint8_t kind = read_byte(r);
	export->index = read_u32(r);
	TRY(decode_status(d));
	export->type.kind = kind;
	switch (kind) {
	case EXTERN_FUNC:
		TRY(decode_index(d, "function", export->index, module->func_count));
		module->funcs[export->index].referenced = true;
		export->type.func = &module->types[module->funcs[export->index].type];
		return 0;
	case EXTERN_TABLE:
		TRY(decode_index(d, "table", export->index, module->table_count));
		export->type.table = module->tables[export->index];
		return 0;
	case EXTERN_MEMORY:
		TRY(decode_index(d, "memory", export->index, module->memory_count));
		export->type.memory = module->memories[export->index];
		return 0;
	case EXTERN_GLOBAL:
		TRY(decode_index(d, "global", export->index, module->global_count));
		export->type.global = module->globals[export->index].type;
		return 0;
	case 4: return decode_error(d, ERR_UNSUPPORTED, offset, "malformed export kind 4: " NOT_SUPPORTED, "exception handling");
	default: return decode_error(d, ERR_MALFORMED, offset, "malformed export kind %u", kind);
	}
}

enum err decode_exports(struct decoder *d)
{
	struct module *module = d->module;
	TRY(decode_count(d, "exports", &module->export_count));
	module->exports = ARENA_ARRAY(&module->arena, struct module_export, module->export_count);
	if (!module->exports)
		return err_nomem();
	for (uint32_t i = 0; i < module->export_count; i++)
		TRY(decode_export(d, &module->exports[i]));
	TRY(module_order_exports(module));
	for (uint32_t i = 1; i < module->export_count; i++) {
		struct view name = module->exports[module->export_order[i]].name;
		if (view_equal(name, module->exports[module->export_order[i - 1]].name))
			return decode_error(d, ERR_MALFORMED, reader_offset(&d->r), "duplicate export name \"%.*s\"", VIEW_ARG(name));
	}
	return 0;
}
