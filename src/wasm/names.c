/*
 * Names of functions. Nothing in the name section can make a module invalid: what can't be read is skipped, and so are names that are
 * no UTF-8.
 */
#include "wasm/decode.h"

#include <stdio.h>
#include <stdlib.h>

enum { SUBSECTION_FUNCTIONS = 1 };

static void read_names(struct module *module, struct reader *r)
{
	uint32_t count = read_count(r);
	for (uint32_t i = 0; i < count && !r->failure; i++) {
		uint32_t func = read_u32(r);
		struct view name = read_bytes(r, read_count(r));
		if (!r->failure && func < module->func_count && utf8_valid(name))
			module->func_names[func] = name;
	}
}

static void read_name_section(struct module *module)
{
	struct view section = module->name_section;
	struct reader r = { .start = module->bytes.data, .at = section.data, .end = section.data + section.size };
	while (reader_left(&r)) {
		uint8_t id = read_byte(&r);
		struct view contents = read_bytes(&r, read_count(&r));
		if (id == SUBSECTION_FUNCTIONS && !r.failure) {
			struct reader names = { .start = r.start, .at = contents.data, .end = contents.data + contents.size };
			read_names(module, &names);
		}
	}
}

/* "module.name", or nothing if there is no memory for it. */
static struct view import_name(struct module *module, const struct module_import *import)
{
	size_t size = import->module.size + 1 + import->name.size;
	uint8_t *text = arena_array(&module->arena, size + 1, 1);
	if (!text)
		return (struct view){ 0 };
	memcpy(text, import->module.data, import->module.size);
	text[import->module.size] = '.';
	memcpy(text + import->module.size + 1, import->name.data, import->name.size);
	return view_of(text, size);
}

static void name_the_rest(struct module *module)
{
	for (uint32_t i = 0; i < module->export_count; i++) {
		const struct module_export *export = &module->exports[i];
		if (export->type.kind == EXTERN_FUNC && module->func_names[export->index].size == 0)
			module->func_names[export->index] = export->name;
	}
	for (uint32_t i = 0, func = 0; i < module->import_count; i++) {
		const struct module_import *import = &module->imports[i];
		if (import->type.kind != EXTERN_FUNC)
			continue;
		if (module->func_names[func].size == 0)
			module->func_names[func] = import_name(module, import);
		func++;
	}
}

struct view module_func_name(const struct module *module, uint32_t func)
{
	if (func >= module->func_count)
		return (struct view){ 0 };
	if (!module->func_names) {
		/* The index adds nothing that the bytes don't say: to callers the module stays as it was. */
		struct module *changed = (struct module *)(uintptr_t)module;
		changed->func_names = calloc(module->func_count, sizeof *changed->func_names);
		if (!changed->func_names)
			return (struct view){ 0 };
		read_name_section(changed);
		name_the_rest(changed);
	}
	return module->func_names[func];
}

void module_name_text(const struct module *module, uint32_t func, char *text, size_t size)
{
	struct view name = module_func_name(module, func);
	text[0] = 0;
	if (name.size == 0)
		return;
	int used = snprintf(text, size, " (\"%.*s\")", (int)(name.size < size - 8 ? name.size : size - 8), (const char *)name.data);
	for (int i = 0; i < used - 2; i++) {
		if ((uint8_t)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	}
}
