/* Memories and tables. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "wasm/exec.h"

/* An address and an offset that is less than 2 GiB, and what is accessed there. */
static const uint64_t GUARDED_SPACE = ((uint64_t)6 << 30) + WASM_PAGE;

static void *reserve(uint64_t size)
{
	return size ? mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) : NULL;
}

enum err memory_init_pages(struct store *store, struct memory *memory, struct memtype type)
{
	uint64_t limit = store->limits.memory_pages;
	memory->type_min = type.limits.min;
	memory->type_max = type.limits.max;
	memory->max_pages = type.limits.max < limit ? type.limits.max : limit;
	if (type.limits.min > limit)
		return err_set(ERR_LIMIT, "the module wants a memory of %llu pages; the limit is %llu", (unsigned long long)type.limits.min,
			(unsigned long long)limit);
	uint64_t size = type.limits.min * WASM_PAGE;
	/* For compiled code, address space for all that it may touch; or else for all that the memory may grow to; where that cannot be
	 * had, for what it has, and growth will move it. */
	uint64_t sizes[] = { store->tier ? GUARDED_SPACE : 0, memory->max_pages * WASM_PAGE, size };
	void *base = MAP_FAILED;
	for (size_t i = store->tier ? 0 : 1; i < 3 && base == MAP_FAILED; i++) {
		base = reserve(sizes[i]);
		memory->reserved = sizes[i];
		memory->guarded = i == 0 && base != MAP_FAILED;
	}
	if (base == MAP_FAILED || (size && mprotect(base, size, PROT_READ | PROT_WRITE) != 0)) {
		int errnum = errno;
		if (base != MAP_FAILED)
			munmap(base, memory->reserved);
		return err_set_errno(errnum, "cannot map a memory of %llu pages", (unsigned long long)type.limits.min);
	}
	memory->base = base;
	memory->size = size;
	return ERR_NONE;
}

void memory_finish(struct memory *memory)
{
	if (memory->base)
		munmap(memory->base, memory->reserved);
}

static bool make_room(struct memory *memory, uint64_t size)
{
	if (size > memory->reserved) {
		void *base = memory->base ? mremap(memory->base, memory->reserved, size, MREMAP_MAYMOVE)
					  : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (base == MAP_FAILED)
			return false;
		memory->base = base;
		memory->reserved = size;
	}
	return mprotect(memory->base + memory->size, size - memory->size, PROT_READ | PROT_WRITE) == 0;
}

int64_t memory_grow(struct store *store, struct memory *memory, uint64_t pages)
{
	uint64_t old = memory->size / WASM_PAGE;
	if (memory->max_pages < old || pages > memory->max_pages - old)
		return -1;
	if (pages == 0)
		return (int64_t)old;
	uint64_t size = (old + pages) * WASM_PAGE;
	if (!make_room(memory, size)) {
		err_set_errno(errno, "the host has no memory to grow the guest's to %llu pages, which is within its limits",
			(unsigned long long)(old + pages));
		return -2;
	}
	memory->size = size;
	if (store->on_grow)
		store->on_grow(store->on_grow_data, old, old + pages);
	return (int64_t)old;
}

enum err table_init_size(struct store *store, struct table *table, struct tabletype type, uint64_t init)
{
	uint64_t limit = store->limits.table_elements < UINT32_MAX ? store->limits.table_elements : UINT32_MAX;
	if (type.limits.min > limit)
		return err_set(ERR_LIMIT, "the module wants a table of %llu elements; the limit is %llu",
			(unsigned long long)type.limits.min, (unsigned long long)limit);
	table->type = type;
	table->max = (uint32_t)(type.limits.max < limit ? type.limits.max : limit);
	return table_grow(table, type.limits.min, init) < 0 ? err_nomem() : ERR_NONE;
}

int64_t table_grow(struct table *table, uint64_t count, uint64_t init)
{
	uint32_t old = table->size;
	if (table->max < old || count > table->max - old)
		return -1;
	if (count > table->capacity - old) {
		uint64_t capacity = (uint64_t)table->capacity * 2 > old + count ? (uint64_t)table->capacity * 2 : old + count;
		uint64_t *elements = realloc(table->elements, capacity * sizeof *elements);
		if (!elements) {
			err_nomem();
			return -2;
		}
		table->elements = elements;
		table->capacity = (uint32_t)capacity;
	}
	for (uint64_t i = old; i < old + count; i++)
		table->elements[i] = init;
	table->size = (uint32_t)(old + count);
	return old;
}

enum trap table_fill(struct table *table, uint32_t at, uint64_t value, uint32_t count)
{
	if ((uint64_t)at + count > table->size)
		return TRAP_OUT_OF_BOUNDS_TABLE_ACCESS;
	for (uint32_t i = 0; i < count; i++)
		table->elements[at + i] = value;
	return TRAP_NONE;
}

enum trap table_copy(struct table *to_table, struct table *from_table, uint32_t to, uint32_t from, uint32_t count)
{
	if ((uint64_t)to + count > to_table->size || (uint64_t)from + count > from_table->size)
		return TRAP_OUT_OF_BOUNDS_TABLE_ACCESS;
	if (count)
		memmove(to_table->elements + to, from_table->elements + from, count * sizeof(uint64_t));
	return TRAP_NONE;
}

/* The value of a constant expression, in slots. */
void init_value(struct instance *instance, const struct init *init, uint64_t *ret_value)
{
	ret_value[0] = ret_value[1] = 0;
	switch (init->kind) {
	case INIT_CONST: memcpy(ret_value, init->value, sizeof init->value); break;
	case INIT_GLOBAL: memcpy(ret_value, instance->globals[init->index]->value, 16); break;
	case INIT_FUNC: ret_value[0] = (uint64_t)(uintptr_t)instance->funcs[init->index]; break;
	default: break;
	}
}

static uint64_t item_value(const struct instance *instance, uint32_t item)
{
	if (item == ELEM_NULL)
		return 0;
	if (item & ELEM_GLOBAL)
		return instance->globals[item & ~ELEM_GLOBAL]->value[0];
	return (uint64_t)(uintptr_t)instance->funcs[item];
}

enum trap table_init(struct instance *instance, uint32_t table_index, uint32_t elem, uint32_t to, uint32_t from, uint32_t count)
{
	struct table *table = instance->tables[table_index];
	const struct module_elem *segment = &instance->module->elems[elem];
	uint32_t size = instance->elem_dropped[elem] ? 0 : segment->count;
	if ((uint64_t)to + count > table->size || (uint64_t)from + count > size)
		return TRAP_OUT_OF_BOUNDS_TABLE_ACCESS;
	for (uint32_t i = 0; i < count; i++) {
		table->elements[to + i] = item_value(instance, segment->items[from + i]);
	}
	return TRAP_NONE;
}

enum trap memory_init(struct instance *instance, uint32_t memory_index, uint32_t data, uint32_t to, uint32_t from, uint32_t count)
{
	struct memory *memory = instance->memories[memory_index];
	const struct module_data *segment = &instance->module->datas[data];
	uint64_t size = instance->data_dropped[data] ? 0 : segment->bytes.size;
	if ((uint64_t)to + count > memory->size || (uint64_t)from + count > size)
		return TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS;
	if (count)
		memcpy(memory->base + to, segment->bytes.data + from, count);
	return TRAP_NONE;
}
