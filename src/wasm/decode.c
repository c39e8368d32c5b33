#include "wasm/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECTION_CUSTOM = 0, SECTION_DATA_COUNT = 12, SECTION_TAG = 13, SECTION_COUNT };

struct section {
	const char *name;
	enum err (*decode)(struct decoder *d);
	uint8_t order; /* sections come in this order, each once */
};

static const struct section sections[SECTION_COUNT] = {
	[SECTION_CUSTOM] = { "custom", NULL, 0 },
	[1] = { "type", decode_types, 1 },
	[2] = { "import", decode_imports, 2 },
	[3] = { "function", decode_funcs, 3 },
	[4] = { "table", decode_tables, 4 },
	[5] = { "memory", decode_memories, 5 },
	[6] = { "global", decode_globals, 6 },
	[7] = { "export", decode_exports, 7 },
	[8] = { "start", decode_start, 8 },
	[9] = { "element", decode_elems, 9 },
	[10] = { "code", decode_code, 11 },
	[11] = { "data", decode_datas, 12 },
	[SECTION_DATA_COUNT] = { "data count", decode_data_count, 10 },
	[SECTION_TAG] = { "tag", NULL, 0 },
};

enum err decode_status(struct decoder *d)
{
	const struct reader *r = &d->r;
	if (!r->failure)
		return 0;
	if (r->feature)
		return err_set(ERR_UNSUPPORTED, "%s: " NOT_SUPPORTED ", at offset 0x%zx, in the %s section", r->failure, r->feature,
			r->failed_at, d->section);
	const char *of = strcmp(r->failure, "unexpected end") == 0 ? " of section or function" : "";
	return err_set(ERR_MALFORMED, "%s%s, at offset 0x%zx, in the %s section", r->failure, of, r->failed_at, d->section);
}

enum err decode_error(struct decoder *d, enum err code, size_t offset, const char *format, ...)
{
	TRY(decode_status(d));
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_set(code, "%s, at offset 0x%zx, in the %s section", text, offset, d->section);
}

enum err decode_count(struct decoder *d, const char *what, uint32_t *ret_count)
{
	size_t offset = reader_offset(&d->r);
	uint32_t count = read_count(&d->r);
	TRY(decode_status(d));
	if (count > MAX_ENTRIES)
		return decode_error(d, ERR_LIMIT, offset, "%u %s, of which at most %d are supported", count, what, MAX_ENTRIES);
	*ret_count = count;
	return 0;
}

enum err decode_index(struct decoder *d, const char *what, uint32_t index, uint32_t count)
{
	if (index >= count)
		return decode_error(d, ERR_MALFORMED, reader_offset(&d->r), "unknown %s %u", what, index);
	return 0;
}

/* Only the name has to be right: a custom section's contents never make a module invalid. */
static enum err decode_custom(struct decoder *d)
{
	struct view name = read_name(&d->r);
	TRY(decode_status(d));
	if (view_is(name, "name") && d->module->name_section.size == 0)
		d->module->name_section = view_of(d->r.at, reader_left(&d->r));
	return 0;
}

static enum err decode_section(struct decoder *d, uint8_t id, uint8_t *last_order, size_t offset)
{
	const struct section *section = &sections[id];
	d->section = section->name;
	if (id == SECTION_CUSTOM)
		return decode_custom(d);
	if (id == SECTION_TAG) {
		return decode_error(d, ERR_UNSUPPORTED, offset, "malformed section id 13: " NOT_SUPPORTED, "exception handling");
	}
	if (section->order <= *last_order)
		return decode_error(d, ERR_MALFORMED, offset,
			"unexpected content after last section: it is the second one, or comes too late");
	*last_order = section->order;
	TRY(section->decode(d));
	TRY(decode_status(d));
	if (reader_left(&d->r))
		return decode_error(d, ERR_MALFORMED, reader_offset(&d->r), "section size mismatch: its last %zu byte(s) are not used",
			reader_left(&d->r));
	return 0;
}

static enum err decode_sections(struct decoder *d, struct reader all)
{
	uint8_t last_order = 0;
	while (reader_left(&all)) {
		size_t offset = reader_offset(&all);
		uint8_t id = read_byte(&all);
		if (id >= SECTION_COUNT)
			return err_set(ERR_MALFORMED, "malformed section id %u, at offset 0x%zx", id, offset);
		struct view contents = read_bytes(&all, read_count(&all));
		if (all.failure)
			return err_set(ERR_MALFORMED, "%s, at offset 0x%zx, in the head of the %s section", all.failure, all.failed_at,
				sections[id].name);
		d->r = (struct reader){ .start = all.start, .at = contents.data, .end = contents.data + contents.size };
		TRY(decode_section(d, id, &last_order, offset));
	}
	return 0;
}

/* What one section says of another, which may be missing. */
static enum err check_counts(struct decoder *d)
{
	struct module *module = d->module;
	TRY(check_func_counts(d));
	if (module->has_data_count && d->declared_datas != module->data_count)
		return err_set(ERR_MALFORMED, "data count and data section have inconsistent lengths: %u declared, %u there",
			d->declared_datas, module->data_count);
	return 0;
}

static enum err decode_module(struct module *module)
{
	struct decoder d = { .module = module };
	const uint8_t *start = module->bytes.data;
	TRY(decode_sections(&d, (struct reader){ .start = start, .at = start + 8, .end = start + module->bytes.size }));
	TRY(check_counts(&d));
	return validate_funcs(module);
}

enum err module_decode(struct view bytes, struct module **ret_module)
{
	TRY(module_check_kind(bytes));
	if (bytes.size > UINT32_MAX)
		return err_set(ERR_LIMIT, "a module of %zu bytes: at most 4 GiB are supported", bytes.size);
	struct module *module = calloc(1, sizeof *module);
	if (!module)
		return err_nomem();
	module->bytes = bytes;
	enum err err = decode_module(module);
	if (err) {
		module_destroy(module);
		return err;
	}
	*ret_module = module;
	return 0;
}
