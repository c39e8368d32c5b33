/* The sections that declare: types, imports, functions, tables, memories, globals, exports, start. */
#include "wasm/decode.h"
#include "wasm/opcodes.h"

#include <stdlib.h>

enum { MAX_PAGES = 65536 };

/* Flags beyond "has a maximum" belong to proposals; for memories those are 2 shared, 4 of 64 bits, 8 with pages of another size. */
static enum err decode_limits(struct decoder *d, const char *what, struct limits *ret_limits)
{
	struct reader *r = &d->r;
	size_t offset = reader_offset(r);
	uint8_t flags = read_byte(r);
	if (flags > 0x7f)
		return decode_error(d, ERR_MALFORMED, offset, "integer representation too long: limits of %s with flags 0x%02x", what,
			flags);
	if (flags > 1) {
		const char *feature = flags > 15 ? NULL
			: flags & 2              ? "threads (shared memory)"
			: flags & 4              ? "memory64"
						 : "custom page sizes";
		return feature ? decode_error(d, ERR_UNSUPPORTED, offset, "integer too large: limits of %s with flags %u: " NOT_SUPPORTED,
					 what, flags, feature)
			       : decode_error(d, ERR_MALFORMED, offset, "integer too large: limits of %s with flags %u", what, flags);
	}
	ret_limits->min = read_u32(r);
	ret_limits->max = flags & 1 ? read_u32(r) : UINT64_MAX;
	if (ret_limits->min > ret_limits->max)
		return decode_error(d, ERR_MALFORMED, offset, "size minimum must not be greater than maximum: %s of %llu to %llu", what,
			(unsigned long long)ret_limits->min, (unsigned long long)ret_limits->max);
	return decode_status(d);
}

enum err decode_tabletype(struct decoder *d, struct tabletype *ret_type)
{
	ret_type->element = read_reftype(&d->r);
	return decode_limits(d, "a table", &ret_type->limits);
}

enum err decode_memtype(struct decoder *d, struct memtype *ret_type)
{
	size_t offset = reader_offset(&d->r);
	TRY(decode_limits(d, "a memory", &ret_type->limits));
	if (ret_type->limits.min > MAX_PAGES || (ret_type->limits.max > MAX_PAGES && ret_type->limits.max != UINT64_MAX))
		return decode_error(d, ERR_MALFORMED, offset, "memory size must be at most 65536 pages (4GiB)");
	return 0;
}

enum err decode_globaltype(struct decoder *d, struct globaltype *ret_type)
{
	struct reader *r = &d->r;
	ret_type->type = read_valtype(r);
	uint8_t mutable = read_byte(r);
	if (mutable > 1 && !r->failure) {
		r->at--;
		r->feature = mutable < 4 ? "shared globals" : NULL;
		reader_fail(r, "malformed mutability");
	}
	ret_type->mutable = mutable;
	return decode_status(d);
}

/* Checked here, borrowed from the module's bytes. */
static enum err decode_result_type(struct decoder *d, const uint8_t **ret_types, uint32_t *ret_count, uint32_t *ret_slots)
{
	struct reader *r = &d->r;
	size_t offset = reader_offset(r);
	uint32_t count = read_count(r), slots = 0;
	if (count > MAX_PARAMS)
		return decode_error(d, ERR_LIMIT, offset, "a function type of %u values, of which at most %d are supported", count,
			MAX_PARAMS);
	*ret_types = r->at;
	for (uint32_t i = 0; i < count; i++)
		slots += valtype_slots(read_valtype(r));
	*ret_count = count;
	*ret_slots = slots;
	return decode_status(d);
}

static int compare_types(const void *a, const void *b)
{
	const struct functype *x = *(const struct functype *const *)a, *y = *(const struct functype *const *)b;
	if (x->param_count != y->param_count)
		return x->param_count < y->param_count ? -1 : 1;
	if (x->result_count != y->result_count)
		return x->result_count < y->result_count ? -1 : 1;
	int order = memcmp(x->params, y->params, x->param_count);
	if (order == 0)
		order = memcmp(x->results, y->results, x->result_count);
	return order ? order : x < y ? -1 : 1;
}

/* Equal types get the index of the first of them. Sorting, unlike hashing, can't be made slow by the module. */
static enum err number_types(struct module *module)
{
	struct functype **order = malloc(((size_t)module->type_count + 1) * sizeof *order);
	if (!order)
		return err_nomem();
	for (uint32_t i = 0; i < module->type_count; i++)
		order[i] = &module->types[i];
	qsort(order, module->type_count, sizeof *order, compare_types);
	for (uint32_t i = 0; i < module->type_count; i++) {
		bool same = i > 0 && functype_equal(order[i - 1], order[i]);
		order[i]->canonical = same ? order[i - 1]->canonical : (uint32_t)(order[i] - module->types);
	}
	free(order);
	return 0;
}

enum err decode_types(struct decoder *d)
{
	struct module *module = d->module;
	struct reader *r = &d->r;
	TRY(decode_count(d, "types", &module->type_count));
	module->types = ARENA_ARRAY(&module->arena, struct functype, module->type_count);
	if (!module->types)
		return err_nomem();
	for (uint32_t i = 0; i < module->type_count; i++) {
		struct functype *type = &module->types[i];
		uint8_t form = read_byte(r);
		if (form != 0x60 && !r->failure) {
			r->at--;
			r->feature = feature_of_type(form);
			reader_fail(r, "integer representation too long for the form of a type");
			return decode_status(d);
		}
		TRY(decode_result_type(d, &type->params, &type->param_count, &type->param_slots));
		TRY(decode_result_type(d, &type->results, &type->result_count, &type->result_slots));
	}
	return number_types(module);
}

enum err decode_funcs(struct decoder *d)
{
	struct module *module = d->module;
	uint32_t count;
	TRY(decode_count(d, "functions", &count));
	TRY(module_reserve(module, EXTERN_FUNC, count));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = read_u32(&d->r);
		TRY(decode_index(d, "type", type, module->type_count));
		module->funcs[module->func_count++].type = type;
	}
	d->declared_funcs = count;
	return 0;
}

enum err decode_tables(struct decoder *d)
{
	struct module *module = d->module;
	uint32_t count;
	TRY(decode_count(d, "tables", &count));
	TRY(module_reserve(module, EXTERN_TABLE, count));
	for (uint32_t i = 0; i < count; i++)
		TRY(decode_tabletype(d, &module->tables[module->table_count++]));
	return 0;
}

enum err check_memory_count(struct decoder *d, uint32_t count)
{
	if (count > 1)
		return decode_error(d, ERR_UNSUPPORTED, reader_offset(&d->r), NOT_SUPPORTED, "multiple memories");
	return 0;
}

enum err decode_memories(struct decoder *d)
{
	struct module *module = d->module;
	uint32_t count;
	TRY(decode_count(d, "memories", &count));
	TRY(check_memory_count(d, module->memory_count + count));
	TRY(module_reserve(module, EXTERN_MEMORY, count));
	for (uint32_t i = 0; i < count; i++)
		TRY(decode_memtype(d, &module->memories[module->memory_count++]));
	return 0;
}

enum err decode_globals(struct decoder *d)
{
	struct module *module = d->module;
	uint32_t count;
	TRY(decode_count(d, "globals", &count));
	TRY(module_reserve(module, EXTERN_GLOBAL, count));
	for (uint32_t i = 0; i < count; i++) {
		struct module_global *global = &module->globals[module->global_count];
		TRY(decode_globaltype(d, &global->type));
		TRY(decode_init(d, global->type.type, &global->init));
		module->global_count++;
	}
	return 0;
}

enum err decode_start(struct decoder *d)
{
	struct module *module = d->module;
	uint32_t func = read_u32(&d->r);
	TRY(decode_index(d, "function", func, module->func_count));
	const struct functype *type = &module->types[module->funcs[func].type];
	if (type->param_count || type->result_count)
		return decode_error(d, ERR_MALFORMED, reader_offset(&d->r), "start function %u has parameters or results", func);
	module->has_start = true;
	module->start = func;
	return 0;
}

enum err decode_data_count(struct decoder *d)
{
	d->declared_datas = read_u32(&d->r);
	d->module->has_data_count = true;
	return 0;
}
