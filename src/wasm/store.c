#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "wasm/compile.h"

static uint32_t type_hash(const struct functype *type)
{
	uint32_t hash = 2166136261u ^ type->param_count;
	for (uint32_t i = 0; i < type->param_count; i++)
		hash = (hash ^ type->params[i]) * 16777619u;
	for (uint32_t i = 0; i < type->result_count; i++)
		hash = (hash ^ (type->results[i] + 128u)) * 16777619u;
	return hash;
}

/* The place of `type` in the index, or the free one where it belongs. */
static uint32_t *type_place(const struct canonical_types *types, const struct functype *type)
{
	uint32_t mask = types->index_size - 1;
	uint32_t at = type_hash(type) & mask;
	while (types->index[at] && !functype_equal(&types->types[types->index[at] - 1], type))
		at = (at + 1) & mask;
	return &types->index[at];
}

static bool types_grow(struct canonical_types *types)
{
	uint32_t capacity = types->capacity ? types->capacity * 2 : 32;
	struct functype *all = realloc(types->types, capacity * sizeof *all);
	uint32_t *index = calloc(capacity * 2, sizeof *index);
	if (all)
		types->types = all;
	if (!all || !index) {
		free(index);
		return false;
	}
	free(types->index);
	types->capacity = capacity;
	types->index = index;
	types->index_size = capacity * 2;
	for (uint32_t i = 0; i < types->count; i++)
		*type_place(types, &types->types[i]) = i + 1;
	return true;
}

/* Type vectors are copied: modules may go before the store does. */
uint32_t store_canonical(struct store *store, const struct functype *type)
{
	struct canonical_types *types = &store->types;
	if (types->count == types->capacity && !types_grow(types))
		return UINT32_MAX;
	uint32_t *place = type_place(types, type);
	if (*place)
		return *place - 1;
	uint8_t *vectors = ARENA_ARRAY(&store->arena, uint8_t, type->param_count + type->result_count + 1);
	if (!vectors)
		return UINT32_MAX;
	struct functype *copy = &types->types[types->count];
	*copy = *type;
	copy->params = vectors;
	copy->results = vectors + type->param_count;
	if (type->param_count)
		memcpy(vectors, type->params, type->param_count);
	if (type->result_count)
		memcpy(vectors + type->param_count, type->results, type->result_count);
	*place = ++types->count;
	return types->count - 1;
}

static void *map_stack(size_t size)
{
	void *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return stack == MAP_FAILED ? NULL : stack;
}

enum err store_create(const struct store_limits *limits, struct store **ret_store)
{
	enum { SLACK = 1 << 20 }; /* the largest frame, for what is written before a call is refused */
	if (limits->stack_bytes < 4096 || limits->stack_bytes > (uint64_t)1 << 36)
		return err_set(ERR_USAGE, "a stack of %llu bytes: it must have 4096 to 2^36", (unsigned long long)limits->stack_bytes);
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return err_nomem();
	store->limits = *limits;
	store->stack_size = limits->stack_bytes + SLACK;
	store->activations_size = (limits->stack_bytes / FRAME_COST + MAX_CALLS_BACK + 2) * sizeof(struct activation);
	store->stack = map_stack(store->stack_size);
	store->activations = map_stack(store->activations_size);
	if (!store->stack || !store->activations) {
		int errnum = errno;
		store_destroy(store);
		return err_set_errno(errnum, "cannot map a stack of %llu bytes", (unsigned long long)limits->stack_bytes);
	}
	store->stack_left = (int64_t)limits->stack_bytes;
	store->activation = store->activations;
	store->activation->func = &store->bottom;
	store->memory = &store->no_memory;
	store->stop_at = store->planned_stop = UINT64_MAX;
	*ret_store = store;
	return ERR_NONE;
}

enum err store_compile(struct store *store)
{
	return store->tier ? ERR_NONE : tier_create(&store->tier);
}

void store_destroy(struct store *store)
{
	if (!store)
		return;
	for (struct instance *instance = store->instances, *next; instance; instance = next) {
		next = instance->next;
		arena_finish(&instance->arena);
		free(instance);
	}
	for (struct memory *memory = store->memories; memory; memory = memory->next)
		memory_finish(memory);
	for (struct table *table = store->tables; table; table = table->next)
		free(table->elements);
	if (store->stack)
		munmap(store->stack, store->stack_size);
	if (store->activations)
		munmap(store->activations, store->activations_size);
	tier_destroy(store->tier);
	free(store->types.types);
	free(store->types.index);
	arena_finish(&store->arena);
	free(store);
}

enum err store_add_func(struct store *store, const struct functype *type, host_func *call, void *data, struct func **ret_func)
{
	struct func *func = ARENA_NEW(&store->arena, struct func);
	uint32_t canonical = store_canonical(store, type);
	if (!func || canonical == UINT32_MAX)
		return err_nomem();
	struct functype *kept = ARENA_NEW(&store->arena, struct functype);
	if (!kept)
		return err_nomem();
	*kept = store->types.types[canonical];
	*func = (struct func){ .type = kept,
		.canonical = canonical,
		.code = host_code,
		.host = call,
		.host_data = data,
		.frame_slots = type->param_slots > type->result_slots ? type->param_slots : type->result_slots,
		.local_slots = type->param_slots,
		.param_slots = type->param_slots };
	*ret_func = func;
	return ERR_NONE;
}

enum err store_add_memory(struct store *store, struct memtype type, struct memory **ret_memory)
{
	struct memory *memory = ARENA_NEW(&store->arena, struct memory);
	if (!memory)
		return err_nomem();
	TRY(memory_init_pages(store, memory, type));
	memory->next = store->memories;
	store->memories = memory;
	*ret_memory = memory;
	return ERR_NONE;
}

enum err store_add_table(struct store *store, struct tabletype type, uint64_t init, struct table **ret_table)
{
	struct table *table = ARENA_NEW(&store->arena, struct table);
	if (!table)
		return err_nomem();
	TRY(table_init_size(store, table, type, init));
	table->next = store->tables;
	store->tables = table;
	*ret_table = table;
	return ERR_NONE;
}

enum err store_add_global(struct store *store, struct globaltype type, const uint64_t *value, struct global **ret_global)
{
	struct global *global = ARENA_NEW(&store->arena, struct global);
	if (!global)
		return err_nomem();
	global->type = type;
	global_set(global, value);
	*ret_global = global;
	return ERR_NONE;
}

void global_get(const struct global *global, uint64_t *ret_slots)
{
	memcpy(ret_slots, global->value, valtype_slots(global->type.type) * sizeof *ret_slots);
}

void global_set(struct global *global, const uint64_t *slots)
{
	memcpy(global->value, slots, valtype_slots(global->type.type) * sizeof *slots);
}

const struct functype *func_type(const struct func *func)
{
	return func->type;
}

void store_on_grow(struct store *store, store_grow_func *call, void *data)
{
	store->on_grow = call;
	store->on_grow_data = data;
}
