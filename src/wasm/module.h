/*
 * A decoded and validated module: everything that its bytes say, nothing that running it adds.
 *
 * A module borrows its bytes, which must not change and must live longer than it. It is immutable once decoded, so that several
 * instances may share it. All of it is checked when it is decoded; code is lowered later, when it is first called.
 */
#pragma once

#include "base/err.h"
#include "wasm/types.h"

struct module;

/* What bytes are, told by their first eight. */
enum module_kind { MODULE_CORE, MODULE_COMPONENT, MODULE_TEXT, MODULE_OTHER };
enum module_kind module_kind_of(struct view bytes);

/*
 * Decodes and validates; ERR_MALFORMED, ERR_UNSUPPORTED or ERR_LIMIT with a text that says what is wrong and at which offset of the bytes,
 * beginning with the words of the specification's tests ("unexpected end", "type mismatch", "unknown label", ...). A module in text form,
 * a component, an ELF file ... is named for what it is, with what to do instead. A proposal's feature outside WebAssembly 2.0 (shared
 * memory, exceptions, GC, ...) is ERR_UNSUPPORTED and named.
 */
enum err module_decode(struct view bytes, struct module **ret_module);
void module_destroy(struct module *module);

struct view module_bytes(const struct module *module);

struct module_import {
	struct view module, name;
	struct externtype type;
};

struct module_export {
	struct view name;
	uint32_t index;
	struct externtype type;
};

uint32_t module_import_count(const struct module *module);
struct module_import module_import(const struct module *module, uint32_t index);
uint32_t module_export_count(const struct module *module);
struct module_export module_export(const struct module *module, uint32_t index);
bool module_find_export(const struct module *module, struct view name, struct module_export *ret_export);

uint32_t module_func_count(const struct module *module); /* imported ones first */

/* The function's name: from the name section, else its export's or "module.name" of its import, else empty. Borrowed from the module. */
struct view module_func_name(const struct module *module, uint32_t func);

/* The bytes of the first custom section so named; empty when there is none. */
struct view module_custom_section(const struct module *module, const char *name);

/* Where the code section's contents begin in the bytes: DWARF counts addresses from there. 0 when there is none. */
size_t module_code_offset(const struct module *module);
