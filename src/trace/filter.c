#include "trace/filter.h"

static const struct {
	const char *name;
	uint16_t class;
} classes[] = {
	{ "process", CLASS_PROCESS },
	{ "clock", CLASS_CLOCK },
	{ "descriptor", CLASS_FD },
	{ "file", CLASS_FILE },
	{ "network", CLASS_NETWORK },
	{ "random", CLASS_RANDOM },
	{ "memory", CLASS_MEMORY },
	{ "memory.grow", CLASS_MEMORY },
	{ "all", 0xffff },
};
enum { CLASSES = sizeof classes / sizeof *classes };

void trace_classes_of(const struct call_type *type, const char **ret_names, uint32_t max)
{
	uint32_t count = 0;
	for (size_t i = 0; i < CLASSES && count + 1 < max; i++) {
		if (classes[i].class != 0xffff && type->classes & classes[i].class)
			ret_names[count++] = classes[i].name;
	}
	ret_names[count] = NULL;
}

/* Edits (of one letter: in, out, other) between two words; words longer than the table count as far apart. */
static uint32_t distance(struct view a, const char *b)
{
	enum { MAX = 40 };
	uint32_t row[MAX + 1];
	size_t size = strlen(b);
	if (size > MAX || a.size > MAX)
		return MAX;
	for (uint32_t i = 0; i <= size; i++)
		row[i] = i;
	for (size_t i = 0; i < a.size; i++) {
		uint32_t corner = row[0]++;
		for (size_t j = 0; j < size; j++) {
			uint32_t change = corner + (a.data[i] != (uint8_t)b[j]);
			corner = row[j + 1];
			uint32_t step = (row[j] < corner ? row[j] : corner) + 1;
			row[j + 1] = change < step ? change : step;
		}
	}
	return row[size];
}

static const char *nearest(struct view name)
{
	const char *best = NULL;
	uint32_t best_distance = (uint32_t)name.size / 3 + 2;
	for (uint32_t i = 0; i < CLASSES + CALL_COUNT; i++) {
		const struct call_type *type = i < CLASSES ? NULL : call_type(i - CLASSES);
		const char *candidate = i < CLASSES ? classes[i].name : type ? type->name : NULL;
		uint32_t edits = candidate ? distance(name, candidate) : UINT32_MAX;
		if (edits < best_distance) {
			best = candidate;
			best_distance = edits;
		}
	}
	return best;
}

static bool set_class(struct trace_filter *filter, struct view name, bool value)
{
	for (size_t i = 0; i < CLASSES; i++) {
		if (!view_is(name, classes[i].name))
			continue;
		for (uint32_t j = 0; j < CALL_COUNT; j++) {
			const struct call_type *type = call_type(j);
			if (type && type->classes & classes[i].class)
				filter->calls[j] = value;
		}
		if (classes[i].class & CLASS_MEMORY)
			filter->memory = value;
		return true;
	}
	return false;
}

/* Several calls may have one name: preview 1's and the older one's. */
static bool set_call(struct trace_filter *filter, struct view name, bool value)
{
	bool found = false;
	for (uint32_t i = 0; i < CALL_COUNT; i++) {
		const struct call_type *type = call_type(i);
		if (!type || !view_is(name, type->name))
			continue;
		filter->calls[i] = value;
		found = true;
	}
	return found;
}

static enum err add_item(struct trace_filter *filter, struct view item)
{
	bool value = true;
	if (item.size && item.data[0] == '!') {
		value = false;
		item = view_slice(item, 1, item.size);
	}
	if (!filter->given && !value)
		memset(filter->calls, 1, sizeof filter->calls);
	filter->given = true;
	if (set_class(filter, item, value) || set_call(filter, item, value))
		return ERR_NONE;
	const char *near = nearest(item);
	if (near)
		return err_set(ERR_USAGE, "there is no call or class \"%.*s\"; is it \"%s\"?", VIEW_ARG(item), near);
	return err_set(ERR_USAGE,
		"there is no call or class \"%.*s\"; classes are process, clock, descriptor, file, network, random, "
		"memory and all",
		VIEW_ARG(item));
}

enum err trace_filter_add(struct trace_filter *filter, const char *list)
{
	for (;;) {
		size_t size = strcspn(list, ",");
		TRY(add_item(filter, view_of(list, size)));
		if (list[size] == 0)
			return ERR_NONE;
		list += size + 1;
	}
}

bool trace_filter_passes(const struct trace_filter *filter, const struct record *record)
{
	if (record->kind == RECORD_GROW)
		return filter->memory;
	if (record->kind != RECORD_CALL || !filter->given)
		return true;
	return record->call < CALL_COUNT && filter->calls[record->call];
}
