#include "value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Lanes of a vector, or of a scalar: then there is one. */
struct lanes {
	char kind;      /* i, f, r for references */
	uint32_t width; /* bits */
	uint32_t count;
	uint32_t slots;
};

static struct lanes lanes_of(const json_t *value)
{
	const char *type = json_string_value(json_object_get(value, "type"));
	if (!type)
		return (struct lanes){ 0 };
	if (strcmp(type, "funcref") == 0 || strcmp(type, "externref") == 0)
		return (struct lanes){ 'r', 64, 1, 1 };
	if (strcmp(type, "v128") != 0)
		return (struct lanes){ type[0], (uint32_t)atoi(type + 1), 1, 1 };
	const char *lane = json_string_value(json_object_get(value, "lane_type"));
	if (!lane)
		return (struct lanes){ 0 };
	uint32_t width = (uint32_t)atoi(lane + 1);
	return width ? (struct lanes){ lane[0], width, 128 / width, 2 } : (struct lanes){ 0 };
}

static const char *lane_text(const json_t *value, uint32_t lane)
{
	const json_t *field = json_object_get(value, "value");
	const char *text = json_string_value(json_is_array(field) ? json_array_get(field, lane) : field);
	return text ? text : "";
}

/* The host's references are numbers, of which 0 would be null. */
static uint64_t parse_lane(const struct lanes *lanes, const char *text)
{
	if (lanes->kind == 'r')
		return strcmp(text, "null") == 0 ? 0 : strtoull(text, NULL, 0) + 1;
	uint64_t bits = text[0] == '-' ? (uint64_t)strtoll(text, NULL, 0) : strtoull(text, NULL, 0);
	return lanes->width == 64 ? bits : bits & ((UINT64_C(1) << lanes->width) - 1);
}

static uint64_t lane_bits(const struct lanes *lanes, const uint64_t *slots, uint32_t lane)
{
	uint32_t at = lane * lanes->width;
	uint64_t bits = slots[at / 64] >> (at % 64);
	return lanes->width == 64 ? bits : bits & ((UINT64_C(1) << lanes->width) - 1);
}

uint32_t value_parse(const json_t *value, uint64_t *slots)
{
	struct lanes lanes = lanes_of(value);
	memset(slots, 0, lanes.slots * sizeof *slots);
	for (uint32_t lane = 0; lane < lanes.count; lane++) {
		uint32_t at = lane * lanes.width;
		slots[at / 64] |= parse_lane(&lanes, lane_text(value, lane)) << (at % 64);
	}
	return lanes.slots;
}

/* A canonical NaN has only the quiet bit set in its payload, an arithmetic one at least that; the sign is free. */
static bool nan_matches(const char *pattern, uint32_t width, uint64_t bits)
{
	uint64_t canonical = width == 32 ? 0x7fc00000 : UINT64_C(0x7ff8000000000000);
	bits &= (UINT64_C(1) << (width - 1)) - 1;
	return strcmp(pattern, "nan:canonical") == 0 ? bits == canonical : (bits & canonical) == canonical;
}

bool value_matches(const json_t *expected, const uint64_t *slots, uint32_t *ret_slots)
{
	struct lanes lanes = lanes_of(expected);
	*ret_slots = lanes.slots;
	for (uint32_t lane = 0; lane < lanes.count; lane++) {
		const char *text = lane_text(expected, lane);
		uint64_t bits = lane_bits(&lanes, slots, lane);
		bool matches = strncmp(text, "nan:", 4) == 0 ? nan_matches(text, lanes.width, bits) : parse_lane(&lanes, text) == bits;
		if (!matches)
			return false;
	}
	return lanes.count > 0;
}

void value_print(FILE *out, const json_t *type_of, const uint64_t *slots)
{
	struct lanes lanes = lanes_of(type_of);
	for (uint32_t lane = 0; lane < lanes.count; lane++)
		fprintf(out, "%s0x%" PRIx64, lane ? " " : "", lane_bits(&lanes, slots, lane));
}
