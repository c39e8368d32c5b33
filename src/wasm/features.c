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

const char *feature_of_type(uint8_t byte)
{
	switch (byte) {
	case 0x68: case 0x69: case 0x74: case 0x75: /* cont, exn, noexn, nocont */
		return exceptions;
	case 0x63: case 0x64: /* ref null, ref */
		return references;
	case 0x6a: case 0x6b: case 0x6c: case 0x6d: case 0x6e: /* array, struct, i31, eq, any */
	case 0x71: case 0x72: case 0x73: /* none, noextern, nofunc */
	case 0x77: case 0x78: /* packed i16, i8 */
	case 0x4e: case 0x4f: case 0x50: case 0x5e: case 0x5f: /* rec, sub final, sub, array, struct: forms of types */
		return gc;
	default:
		return NULL;
	}
}

const char *feature_of_opcode(uint32_t opcode)
{
	switch (opcode) {
	case 0x06: case 0x07: case 0x08: case 0x09: case 0x0a: case 0x18: case 0x19: case 0x1f:
		return exceptions;
	case 0x12: case 0x13:
		return tail_calls;
	case 0x14: case 0x15: case 0xd4: case 0xd5: case 0xd6:
		return references;
	case 0xd3:
		return gc;
	case 0xfc13: case 0xfc14: case 0xfc15: case 0xfc16:
		return "wide arithmetic";
	}
	if (opcode >> 8 == 0xfb)
		return gc;
	if (opcode >> 8 == 0xfe)
		return threads;
	if (opcode >= 0xfd100 && opcode <= 0xfd113)
		return "relaxed SIMD";
	return NULL;
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
