#include "spectest.h"

#include <stdlib.h>

enum { FUNC_COUNT = 7, GLOBAL_COUNT = 4 };

struct spectest {
	struct func *funcs[FUNC_COUNT];
	struct global *globals[GLOBAL_COUNT];
	struct table *table;
	struct memory *memory;
};

static const uint8_t i32_f32[] = { VALTYPE_I32, VALTYPE_F32 }, i32[] = { VALTYPE_I32 }, i64[] = { VALTYPE_I64 }, f32[] = { VALTYPE_F32 };
static const uint8_t f64_f64[] = { VALTYPE_F64, VALTYPE_F64 };

static const struct {
	const char *name;
	struct functype type;
} funcs[FUNC_COUNT] = {
	{ "print", { 0 } },
	{ "print_i32", { .params = i32, .param_count = 1, .param_slots = 1 } },
	{ "print_i64", { .params = i64, .param_count = 1, .param_slots = 1 } },
	{ "print_f32", { .params = f32, .param_count = 1, .param_slots = 1 } },
	{ "print_f64", { .params = f64_f64, .param_count = 1, .param_slots = 1 } },
	{ "print_i32_f32", { .params = i32_f32, .param_count = 2, .param_slots = 2 } },
	{ "print_f64_f64", { .params = f64_f64, .param_count = 2, .param_slots = 2 } },
};

static const struct {
	const char *name;
	enum valtype type;
	uint64_t bits;
} globals[GLOBAL_COUNT] = {
	{ "global_i32", VALTYPE_I32, 666 }, { "global_i64", VALTYPE_I64, 666 }, { "global_f32", VALTYPE_F32, 0x4426a666 }, /* 666.6 */
	{ "global_f64", VALTYPE_F64, UINT64_C(0x4084d4cccccccccd) }, /* likewise */
};

static enum trap print_nothing(void *data, struct store *store, uint64_t *args)
{
	(void)data, (void)store, (void)args;
	return TRAP_NONE;
}

static enum err fill(struct spectest *spectest, struct store *store)
{
	for (int i = 0; i < FUNC_COUNT; i++)
		TRY(store_add_func(store, &funcs[i].type, print_nothing, NULL, &spectest->funcs[i]));
	for (int i = 0; i < GLOBAL_COUNT; i++)
		TRY(store_add_global(store, (struct globaltype){ .type = globals[i].type }, &globals[i].bits, &spectest->globals[i]));
	TRY(store_add_table(store, (struct tabletype){ VALTYPE_FUNCREF, { 10, 20 } }, 0, &spectest->table));
	return store_add_memory(store, (struct memtype){ { 1, 2 } }, &spectest->memory);
}

enum err spectest_create(struct store *store, struct spectest **ret_spectest)
{
	struct spectest *spectest = calloc(1, sizeof *spectest);
	if (!spectest)
		return err_nomem();
	enum err err = fill(spectest, store);
	if (err) {
		free(spectest);
		return err;
	}
	*ret_spectest = spectest;
	return 0;
}

void spectest_destroy(struct spectest *spectest)
{
	free(spectest);
}

bool spectest_export(const struct spectest *spectest, struct view name, struct extern_value *ret_value)
{
	for (int i = 0; i < FUNC_COUNT; i++) {
		if (view_is(name, funcs[i].name)) {
			*ret_value = (struct extern_value){ .kind = EXTERN_FUNC, .func = spectest->funcs[i] };
			return true;
		}
	}
	for (int i = 0; i < GLOBAL_COUNT; i++) {
		if (view_is(name, globals[i].name)) {
			*ret_value = (struct extern_value){ .kind = EXTERN_GLOBAL, .global = spectest->globals[i] };
			return true;
		}
	}
	if (view_is(name, "table"))
		*ret_value = (struct extern_value){ .kind = EXTERN_TABLE, .table = spectest->table };
	else if (view_is(name, "memory"))
		*ret_value = (struct extern_value){ .kind = EXTERN_MEMORY, .memory = spectest->memory };
	else
		return false;
	return true;
}
