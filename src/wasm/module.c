#include "wasm/decode.h"

#include <stdlib.h>

void module_destroy(struct module *module)
{
	if (!module)
		return;
	arena_finish(&module->arena);
	free(module->func_names);
	free(module->export_order);
	free(module);
}

struct view module_bytes(const struct module *module)
{
	return module->bytes;
}

uint32_t module_import_count(const struct module *module)
{
	return module->import_count;
}

struct module_import module_import(const struct module *module, uint32_t index)
{
	return module->imports[index];
}

uint32_t module_export_count(const struct module *module)
{
	return module->export_count;
}

struct module_export module_export(const struct module *module, uint32_t index)
{
	return module->exports[index];
}

uint32_t module_func_count(const struct module *module)
{
	return module->func_count;
}

size_t module_code_offset(const struct module *module)
{
	return module->code_offset;
}

static int compare_names(struct view a, struct view b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size ? memcmp(a.data, b.data, size) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_exports(const void *a, const void *b, void *exports)
{
	const struct module_export *all = exports;
	return compare_names(all[*(const uint32_t *)a].name, all[*(const uint32_t *)b].name);
}

enum err module_order_exports(struct module *module)
{
	uint32_t *order = malloc(((size_t)module->export_count + 1) * sizeof *order);
	if (!order)
		return err_nomem();
	for (uint32_t i = 0; i < module->export_count; i++)
		order[i] = i;
	qsort_r(order, module->export_count, sizeof *order, compare_exports, module->exports);
	module->export_order = order;
	return 0;
}

bool module_find_export(const struct module *module, struct view name, struct module_export *ret_export)
{
	uint32_t low = 0, high = module->export_order ? module->export_count : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct module_export *export = &module->exports[module->export_order[middle]];
		int order = compare_names(export->name, name);
		if (order == 0) {
			*ret_export = *export;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

struct view module_custom_section(const struct module *module, const char *name)
{
	const uint8_t *start = module->bytes.data, *end = start + module->bytes.size;
	struct reader all = { .start = start, .at = start + 8, .end = end };
	while (reader_left(&all)) {
		uint8_t id = read_byte(&all);
		struct view contents = read_bytes(&all, read_count(&all));
		if (id != 0)
			continue;
		struct reader custom = { .start = start, .at = contents.data, .end = contents.data + contents.size };
		if (view_is(read_name(&custom), name))
			return view_of(custom.at, reader_left(&custom));
	}
	return (struct view){ 0 };
}
