/* Decodes and validates a module, and asks it for everything that it says it has. */
#include "base/buf.h"
#include "fuzz.h"
#include "wasm/module.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct module *module;
	if (module_decode(view_of(data, size), &module))
		return 0;
	read_all(module);
	module_destroy(module);
	return 0;
}
