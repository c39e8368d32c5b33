/* Decodes and validates a module, and asks it for everything that it says it has. */
#include "base/buf.h"
#include "fuzz.h"
#include "wasm/lines.h"

static void read_all(const struct module *module)
{
	volatile uint64_t sum = 0;
	for (uint32_t i = 0; i < module_import_count(module); i++) {
		struct module_import import = module_import(module, i);
		sum += import.module.size + import.name.size;
	}
	for (uint32_t i = 0; i < module_export_count(module); i++) {
		struct module_export export = module_export(module, i), found;
		if (!module_find_export(module, export.name, &found))
			__builtin_trap();
	}
	for (uint32_t i = 0; i < module_func_count(module); i++) {
		struct view name = module_func_name(module, i);
		for (size_t at = 0; at < name.size; at++)
			sum += name.data[at];
	}
	sum += module_custom_section(module, "name").size;
}

static void read_lines(const struct module *module, size_t size)
{
	struct lines *lines;
	if (lines_create(module, &lines))
		return;
	BUF_CLEANUP struct buf text = { 0 };
	for (size_t offset = 0; offset < size; offset += 1 + size / 64) {
		struct line line;
		if (lines_find(lines, (uint32_t)offset, &line))
			line_print(&text, &line);
	}
	lines_destroy(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct module *module;
	if (module_decode(view_of(data, size), &module))
		return 0;
	read_all(module);
	read_lines(module, size);
	module_destroy(module);
	return 0;
}
