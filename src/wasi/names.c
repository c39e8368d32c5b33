#include "wasi/call.h"

struct errno_entry {
	const char *name, *text;
};

static const struct errno_entry errnos[] = {
#define ERRNO(number, name, text) [number] = { #name, text },
#include "wasi/errnos.def"
};

const char *errno_name(uint32_t number)
{
	return number < sizeof errnos / sizeof *errnos ? errnos[number].name : NULL;
}

const char *errno_text(uint32_t number)
{
	return number < sizeof errnos / sizeof *errnos ? errnos[number].text : NULL;
}

static const struct {
	enum type_number type;
	uint64_t value;
	const char *name;
} names[] = {
#define NAME(type, value, name) { TYPE_##type, value, #name },
#include "wasi/names.def"
};

/* Where a type's names are: they stand together. */
static struct {
	uint16_t first, count;
} names_of[TYPE_NONE];

__attribute__((constructor)) static void init_names(void)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (names_of[names[i].type].count++ == 0)
			names_of[names[i].type].first = (uint16_t)i;
	}
}

const char *value_name(enum type_number type, uint64_t value)
{
	if (type == TYPE_errno)
		return value <= UINT32_MAX ? errno_name((uint32_t)value) : NULL;
	if (type >= TYPE_NONE)
		return NULL;
	for (uint32_t i = names_of[type].first; i < (uint32_t)names_of[type].first + names_of[type].count; i++) {
		if (names[i].value == value)
			return names[i].name;
	}
	return NULL;
}

uint64_t flags_named(enum type_number type)
{
	uint64_t all = 0;
	for (uint32_t i = 0; type < TYPE_NONE && i < names_of[type].count; i++)
		all |= names[names_of[type].first + i].value;
	return all;
}

/* All fields of all structures, those of one structure together. */
static const struct {
	enum type_number structure;
	const char *name, *tag;
	uint8_t offset, type, value;
} fields[] = {
#define FIELD(structure, name, offset, type)              { TYPE_##structure, #name, NULL, offset, TYPE_##type, 0 },
#define TAGGED(structure, name, offset, type, tag, value) { TYPE_##structure, #name, #tag, offset, TYPE_##type, value },
#include "wasi/structs.def"
};

enum { FIELDS_MAX = 10 };
static struct field layouts[TYPE_NONE][FIELDS_MAX + 1];

__attribute__((constructor)) static void init_layouts(void)
{
	uint8_t count[TYPE_NONE] = { 0 };
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct field *layout = layouts[fields[i].structure];
		struct field *field = &layout[count[fields[i].structure]++];
		*field = (struct field){ fields[i].name, fields[i].offset, fields[i].type, -1, fields[i].value };
		for (int8_t tag = 0; fields[i].tag && layout[tag].name; tag++) {
			if (strcmp(layout[tag].name, fields[i].tag) == 0)
				field->tag = tag;
		}
	}
}

const struct field *struct_fields(enum type_number type)
{
	return type < TYPE_NONE && layouts[type][0].name ? layouts[type] : NULL;
}
