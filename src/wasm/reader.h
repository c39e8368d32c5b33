/*
 * Reading a module's bytes. Failure is sticky: the first one is kept, everything read after it is 0, and the reader stands at its end; so
 * a run of reads is checked once.
 */
#pragma once

#include "base/utf8.h"
#include "base/view.h"

struct reader {
	const uint8_t *start; /* of the module */
	const uint8_t *at, *end;
	const char *failure;  /* in the specification's words; NULL: none */
	const char *feature;  /* the proposal that the bytes ask for, where that is why they are refused */
	size_t failed_at;     /* offset */
};

static inline size_t reader_offset(const struct reader *r)
{
	return (size_t)(r->at - r->start);
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* Keeps the first failure and ends the reading. Returns 0 for the convenience of readers. */
static inline uint32_t reader_fail(struct reader *r, const char *failure)
{
	if (!r->failure) {
		r->failure = failure;
		r->failed_at = reader_offset(r);
	}
	r->at = r->end;
	return 0;
}

static inline uint32_t reader_unsupported(struct reader *r, const char *feature)
{
	if (!r->failure)
		r->feature = feature;
	return reader_fail(r, "unsupported feature");
}

static inline uint8_t read_byte(struct reader *r)
{
	if (__builtin_expect(r->at == r->end, 0))
		return (uint8_t)reader_fail(r, "unexpected end");
	return *r->at++; /* NOLINT(clang-analyzer-core.NullDereference): at is NULL only where end is */
}

/* LEB128 of at most `bits` bits, sign-extended to 64 if `is_signed`. The last byte's unused bits must be zero, or copies of the sign. */
static inline uint64_t read_leb(struct reader *r, uint32_t bits, bool is_signed)
{
	uint64_t value = 0;
	for (uint32_t shift = 0;; shift += 7) {
		uint8_t byte = read_byte(r);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (shift + 7 >= bits) {
			uint32_t used = bits - shift; /* of this byte: 1 to 7 */
			if (byte & 0x80)
				return reader_fail(r, "integer representation too long");
			uint32_t above = byte >> (is_signed ? used - 1 : used); /* with the sign bit, all of these must be alike */
			if (above != 0 && !(is_signed && above == 0x7fu >> (used - 1)))
				return reader_fail(r, "integer too large");
			if (is_signed && above && bits < 64)
				value |= ~(uint64_t)0 << bits;
			return value;
		}
		if (!(byte & 0x80)) {
			if (is_signed && (byte & 0x40))
				value |= ~(uint64_t)0 << (shift + 7);
			return value;
		}
	}
}

static inline uint32_t read_u32(struct reader *r)
{
	if (__builtin_expect(r->at != r->end && *r->at < 0x80, 1))
		return *r->at++;
	return (uint32_t)read_leb(r, 32, false);
}

static inline int32_t read_s32(struct reader *r)
{
	return (int32_t)read_leb(r, 32, true);
}

static inline int64_t read_s33(struct reader *r)
{
	return (int64_t)read_leb(r, 33, true);
}

static inline int64_t read_s64(struct reader *r)
{
	return (int64_t)read_leb(r, 64, true);
}

static inline struct view read_bytes(struct reader *r, size_t size)
{
	if (size > reader_left(r)) {
		reader_fail(r, "unexpected end");
		return (struct view){ 0 };
	}
	struct view bytes = { r->at, size };
	r->at += size;
	return bytes;
}

static inline uint64_t read_fixed(struct reader *r, size_t size)
{
	uint64_t value = 0;
	struct view bytes = read_bytes(r, size);
	memcpy(&value, bytes.data ? bytes.data : (const uint8_t *)&value, bytes.size);
	return value;
}

/* The count of a vector or length of a name: each element takes a byte at least, so more than there are bytes can't be meant. */
static inline uint32_t read_count(struct reader *r)
{
	uint32_t count = read_u32(r);
	return count <= reader_left(r) ? count : reader_fail(r, "length out of bounds");
}

static inline struct view read_name(struct reader *r)
{
	struct view name = read_bytes(r, read_count(r));
	if (!utf8_valid(name))
		reader_fail(r, "malformed UTF-8 encoding");
	return name;
}

/* For validated code: the same without checks. */

static inline uint32_t code_u32(const uint8_t **at)
{
	const uint8_t *p = *at;
	uint32_t value = *p++;
	if (__builtin_expect(value >= 0x80, 0)) {
		value &= 0x7f;
		for (unsigned shift = 7;; shift += 7) {
			value |= (uint32_t)(*p & 0x7f) << shift;
			if (*p++ < 0x80)
				break;
		}
	}
	*at = p;
	return value;
}

static inline int64_t code_s64(const uint8_t **at)
{
	const uint8_t *p = *at;
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;
	do {
		byte = *p++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte >= 0x80);
	if (shift < 64 && byte & 0x40)
		value |= ~(uint64_t)0 << shift;
	*at = p;
	return (int64_t)value;
}

static inline int32_t code_s32(const uint8_t **at)
{
	return (int32_t)code_s64(at);
}

/* The opcode, with its prefix: numbers as in opcodes.def. */
static inline uint32_t code_opcode(const uint8_t **at)
{
	uint32_t opcode = *(*at)++;
	if (__builtin_expect(opcode >= 0xfc, 0))
		opcode = opcode << 8 | code_u32(at);
	return opcode;
}
