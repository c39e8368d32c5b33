/* Types as bytes, and names for what lies outside WebAssembly 2.0, so that a refusal says what the module wants. */
#include "wasm/decode.h"

static const char exceptions[] = "exception handling";
static const char gc[] = "garbage collection";
static const char references[] = "typed function references";
static const char tail_calls[] = "tail calls";
static const char threads[] = "threads";

const char *valtype_name(uint8_t type)
{
	switch (type) {
	case VALTYPE_I32: return "i32";
	case VALTYPE_I64: return "i64";
	case VALTYPE_F32: return "f32";
	case VALTYPE_F64: return "f64";
	case VALTYPE_V128: return "v128";
	case VALTYPE_FUNCREF: return "funcref";
	case VALTYPE_EXTERNREF: return "externref";
	default: return "a value of any type";
	}
}

struct feature {
	uint32_t first, last;
	const char *name;
};

static const char *find(const struct feature *features, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (code >= features[i].first && code <= features[i].last)
			return features[i].name;
	}
	return NULL;
}
#define FIND(features, code) find(features, sizeof(features) / sizeof *(features), code)

const char *feature_of_type(uint8_t byte)
{
	static const struct feature features[] = {
		{ 0x4e, 0x50, gc },         /* forms of types: rec, sub final, sub */
		{ 0x5e, 0x5f, gc },         /* likewise: array, struct */
		{ 0x63, 0x64, references }, /* ref null, ref */
		{ 0x68, 0x69, exceptions }, /* cont, exn */
		{ 0x6a, 0x6e, gc },         /* array, struct, i31, eq, any */
		{ 0x71, 0x73, gc },         /* none, noextern, nofunc */
		{ 0x74, 0x75, exceptions }, /* noexn, nocont */
		{ 0x77, 0x78, gc },         /* packed i16, i8 */
	};
	return FIND(features, byte);
}

const char *feature_of_opcode(uint32_t opcode)
{
	static const struct feature features[] = {
		{ 0x06, 0x0a, exceptions },
		{ 0x12, 0x13, tail_calls },
		{ 0x14, 0x15, references },
		{ 0x18, 0x19, exceptions },
		{ 0x1f, 0x1f, exceptions },
		{ 0xd3, 0xd3, gc },
		{ 0xd4, 0xd6, references },
		{ 0xfb00, 0xfbff, gc },
		{ 0xfc13, 0xfc16, "wide arithmetic" },
		{ 0xfe00, 0xfeff, threads },
		{ 0xfd100, 0xfd113, "relaxed SIMD" },
	};
	return FIND(features, opcode);
}

bool is_valtype(uint8_t byte)
{
	return (byte >= VALTYPE_V128 && byte <= VALTYPE_I32) || byte == VALTYPE_FUNCREF || byte == VALTYPE_EXTERNREF;
}

static uint8_t __attribute__((cold)) bad_type(struct reader *r, uint8_t type, const char *failure)
{
	if (r->failure)
		return 0;
	r->at--;
	r->feature = feature_of_type(type);
	return (uint8_t)reader_fail(r, failure);
}

uint8_t read_valtype(struct reader *r)
{
	uint8_t type = read_byte(r);
	return is_valtype(type) ? type : bad_type(r, type, "malformed value type");
}

uint8_t read_reftype(struct reader *r)
{
	uint8_t type = read_byte(r);
	return type == VALTYPE_FUNCREF || type == VALTYPE_EXTERNREF ? type : bad_type(r, type, "malformed reference type");
}
