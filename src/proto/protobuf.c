#include "proto/protobuf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "proto/reader.h"

enum { DEPTH_MAX = DATUM_DEPTH - 4, FIELDS_MAX = 1 << 16 };
enum wire_type { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

struct field {
	uint32_t number, place;
	uint8_t type; /* enum wire_type */
	uint64_t value;
	struct view bytes;
};

static uint64_t read_varint(struct reader *r)
{
	uint64_t value = 0;
	for (uint32_t shift = 0; shift < 64; shift += 7) {
		uint8_t byte = (uint8_t)read_little(r, 1);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	r->failed = true;
	return 0;
}

static bool read_field(struct reader *r, struct field *ret_field)
{
	uint64_t tag = read_varint(r);
	*ret_field = (struct field){ .number = (uint32_t)(tag >> 3), .type = tag & 7 };
	if (r->failed || tag >> 32 || ret_field->number == 0)
		return false;
	switch (ret_field->type) {
	case VARINT: ret_field->value = read_varint(r); break;
	case FIXED64: ret_field->value = read_little(r, 8); break;
	case FIXED32: ret_field->value = read_little(r, 4); break;
	case LENGTH: ret_field->bytes = read_bytes(r, read_varint(r)); break;
	default: return false;
	}
	return !r->failed;
}

/* How many fields there are; 0 where they are none, or too many. */
static uint32_t count_fields(struct view bytes)
{
	struct reader r = { .rest = bytes };
	struct field field;
	uint32_t count = 0;
	while (r.rest.size) {
		if (!read_field(&r, &field) || ++count > FIELDS_MAX)
			return 0;
	}
	return count;
}

static bool looks_like_text(struct view bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (bytes.data[i] < ' ' && !memchr("\t\n\r", bytes.data[i], 3))
			return false;
	}
	return utf8_valid(bytes);
}

static bool build(struct arena *arena, struct view bytes, uint32_t count, uint32_t depth, struct datum *ret_map);

static bool datum_of(struct arena *arena, const struct field *field, uint32_t depth, struct datum *ret_datum)
{
	*ret_datum = datum_uint(field->value);
	if (field->type != LENGTH)
		return true;
	*ret_datum = datum_string(field->bytes);
	if (looks_like_text(field->bytes) || depth == DEPTH_MAX)
		return true;
	uint32_t count = count_fields(field->bytes);
	return count == 0 || build(arena, field->bytes, count, depth + 1, ret_datum);
}

static int by_number(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	return x->number != y->number ? (x->number > y->number) - (x->number < y->number) : (x->place > y->place) - (x->place < y->place);
}

static bool build_items(struct arena *arena, const struct field *fields, uint32_t count, uint32_t depth, struct datum *ret_datum)
{
	if (count == 1)
		return datum_of(arena, fields, depth, ret_datum);
	struct datum *items = ARENA_ARRAY(arena, struct datum, count);
	for (uint32_t i = 0; items && i < count; i++) {
		if (!datum_of(arena, &fields[i], depth, &items[i]))
			return false;
	}
	*ret_datum = datum_array(items, count);
	return items != NULL;
}

/* False: there is no memory. */
static bool build(struct arena *arena, struct view bytes, uint32_t count, uint32_t depth, struct datum *ret_map)
{
	struct field *fields = ARENA_ARRAY(arena, struct field, count);
	struct datum *items = ARENA_ARRAY(arena, struct datum, 2 * (size_t)count);
	struct reader r = { .rest = bytes };
	if (!fields || !items)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		read_field(&r, &fields[i]);
		fields[i].place = i;
	}
	qsort(fields, count, sizeof *fields, by_number);
	uint32_t pairs = 0;
	for (uint32_t i = 0, end; i < count; i = end, pairs++) {
		char number[16];
		for (end = i + 1; end < count && fields[end].number == fields[i].number;)
			end++;
		snprintf(number, sizeof number, "%u", fields[i].number);
		char *key = arena_text(arena, view_text(number));
		if (!key || !build_items(arena, fields + i, end - i, depth + 1, &items[2 * pairs + 1]))
			return false;
		items[2 * pairs] = datum_keyword(key);
	}
	*ret_map = (struct datum){ .type = DATUM_MAP, .count = 2 * pairs, .items = items };
	return true;
}

bool protobuf_fields(struct arena *arena, struct view bytes, struct datum *ret_map, bool *ret_failed)
{
	uint32_t count = count_fields(bytes);
	*ret_failed = false;
	if (bytes.size && count == 0)
		return false;
	*ret_failed = !build(arena, bytes, count, 0, ret_map);
	return !*ret_failed;
}
