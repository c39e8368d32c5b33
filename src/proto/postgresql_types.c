#include "proto/postgresql_types.h"

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "proto/reader.h"

enum type {
	BOOL = 16,
	BYTEA = 17,
	CHAR = 18,
	NAME = 19,
	INT8 = 20,
	INT2 = 21,
	INT4 = 23,
	TEXT = 25,
	OID = 26,
	XID = 28,
	JSON = 114,
	XML = 142,
	CIDR = 650,
	FLOAT4 = 700,
	FLOAT8 = 701,
	MONEY = 790,
	MACADDR = 829,
	INET = 869,
	BPCHAR = 1042,
	VARCHAR = 1043,
	DATE = 1082,
	TIME = 1083,
	TIMESTAMP = 1114,
	TIMESTAMPTZ = 1184,
	INTERVAL = 1186,
	TIMETZ = 1266,
	NUMERIC = 1700,
	UUID = 2950,
	JSONB = 3802,
};

static const struct {
	uint32_t oid, array; /* 0: none that is known */
	const char *name;
} types[] = {
	{ BOOL, 1000, "bool" },
	{ BYTEA, 1001, "bytea" },
	{ CHAR, 1002, "char" },
	{ NAME, 1003, "name" },
	{ INT8, 1016, "int8" },
	{ INT2, 1005, "int2" },
	{ INT4, 1007, "int4" },
	{ TEXT, 1009, "text" },
	{ OID, 1028, "oid" },
	{ XID, 1011, "xid" },
	{ JSON, 199, "json" },
	{ XML, 143, "xml" },
	{ CIDR, 651, "cidr" },
	{ FLOAT4, 1021, "float4" },
	{ FLOAT8, 1022, "float8" },
	{ MONEY, 791, "money" },
	{ MACADDR, 1040, "macaddr" },
	{ INET, 1041, "inet" },
	{ BPCHAR, 1014, "bpchar" },
	{ VARCHAR, 1015, "varchar" },
	{ DATE, 1182, "date" },
	{ TIME, 1183, "time" },
	{ TIMESTAMP, 1115, "timestamp" },
	{ TIMESTAMPTZ, 1185, "timestamptz" },
	{ INTERVAL, 1187, "interval" },
	{ TIMETZ, 1270, "timetz" },
	{ NUMERIC, 1231, "numeric" },
	{ UUID, 2951, "uuid" },
	{ JSONB, 3807, "jsonb" },
	{ 600, 1017, "point" },
	{ 705, 0, "unknown" },
	{ 2249, 2287, "record" },
	{ 2278, 0, "void" },
	{ 1560, 1561, "bit" },
	{ 1562, 1563, "varbit" },
	{ 3614, 3643, "tsvector" },
	{ 3904, 3905, "int4range" },
};

enum { TYPES = sizeof types / sizeof *types };

struct datum postgresql_type(uint32_t oid)
{
	static const char *const arrays[] = { "bool[]", "bytea[]", "char[]", "name[]", "int8[]", "int2[]", "int4[]", "text[]", "oid[]",
		"xid[]", "json[]", "xml[]", "cidr[]", "float4[]", "float8[]", "money[]", "macaddr[]", "inet[]", "bpchar[]", "varchar[]",
		"date[]", "time[]", "timestamp[]", "timestamptz[]", "interval[]", "timetz[]", "numeric[]", "uuid[]", "jsonb[]", "point[]",
		"unknown[]", "record[]", "void[]", "bit[]", "varbit[]", "tsvector[]", "int4range[]" };
	_Static_assert(sizeof arrays / sizeof *arrays == TYPES, "a name for the arrays of each type");
	for (uint32_t i = 0; i < TYPES; i++) {
		if (types[i].oid == oid)
			return datum_keyword(types[i].name);
		if (oid && types[i].array == oid)
			return datum_keyword(arrays[i]);
	}
	return datum_uint(oid);
}

static bool is_array(uint32_t oid)
{
	for (uint32_t i = 0; i < TYPES; i++) {
		if (oid && types[i].array == oid)
			return true;
	}
	return false;
}

static struct datum text_of(struct arena *arena, const struct buf *text)
{
	const char *copy = text->failed ? NULL : arena_text(arena, buf_view(text));
	return datum_string(copy ? view_of(copy, text->size) : (struct view){ 0 });
}

enum { NUMERIC_MAX = 256 };
enum { US = 1000000, DAY_S = 86400, EPOCH_DAYS = 10957 }; /* PostgreSQL counts from 2000 on */

static void print_date(struct buf *out, int64_t days)
{
	struct tm tm;
	time_t seconds = (time_t)((days + EPOCH_DAYS) * DAY_S);
	if (!gmtime_r(&seconds, &tm))
		return;
	long year = tm.tm_year + 1900L;
	buf_printf(out, "%04ld-%02d-%02d", year > 0 ? year : 1 - year, tm.tm_mon + 1, tm.tm_mday);
}

static void print_time(struct buf *out, int64_t us)
{
	long long seconds = us / US;
	uint32_t fraction = (uint32_t)(us % US), digits = 6;
	buf_printf(out, "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
	for (; fraction && fraction % 10 == 0; digits--)
		fraction /= 10;
	if (fraction)
		buf_printf(out, ".%0*u", (int)digits, fraction);
}

static bool is_before_christ(int64_t days)
{
	return days < -730119; /* of 0001-01-01 */
}

static void print_days(struct buf *out, int32_t days)
{
	if (days == INT32_MAX || days == INT32_MIN) {
		buf_append_text(out, days > 0 ? "infinity" : "-infinity");
		return;
	}
	print_date(out, days);
	buf_append_text(out, is_before_christ(days) ? " BC" : "");
}

static void print_timestamp(struct buf *out, int64_t us, bool zoned)
{
	if (us == INT64_MAX || us == INT64_MIN) {
		buf_append_text(out, us > 0 ? "infinity" : "-infinity");
		return;
	}
	int64_t day = (int64_t)DAY_S * US, rest = us % day, days = us / day;
	if (rest < 0) {
		rest += day;
		days--;
	}
	print_date(out, days);
	buf_append_byte(out, ' ');
	print_time(out, rest);
	buf_append_text(out, zoned ? "+00" : "");
	buf_append_text(out, is_before_christ(days) ? " BC" : "");
}

static void print_zone(struct buf *out, int32_t west)
{
	unsigned seconds = west < 0 ? -(unsigned)west : (unsigned)west;
	buf_printf(out, "%c%02u", west > 0 ? '-' : '+', seconds / 3600);
	if (seconds % 3600)
		buf_printf(out, ":%02u", seconds / 60 % 60);
	if (seconds % 60)
		buf_printf(out, ":%02u", seconds % 60);
}

/* As PostgreSQL itself shows it: 1 year 2 mons -3 days 04:05:06. */
static void print_interval(struct buf *out, int64_t us, int32_t days, int32_t months)
{
	size_t start = out->size;
	struct {
		int32_t count;
		const char *name;
	} parts[] = { { months / 12, "year" }, { months % 12, "mon" }, { days, "day" } };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i].count)
			buf_printf(out, "%s%d %s%s", out->size > start ? " " : "", parts[i].count, parts[i].name,
				parts[i].count == 1 ? "" : "s");
	}
	if (us == 0 && out->size > start)
		return;
	buf_append_text(out, out->size > start ? " " : "");
	buf_append_text(out, us < 0 ? "-" : "");
	if (us == INT64_MIN)
		us++;
	print_time(out, us < 0 ? -us : us);
}

/* Digits to the base 10000. False: it is none, or has many more zeros than anything. */
static bool print_numeric(struct buf *out, struct reader *r)
{
	uint32_t count = (uint32_t)read_big(r, 2);
	int weight = (int16_t)read_big(r, 2);
	uint32_t sign = (uint32_t)read_big(r, 2), scale = (uint32_t)read_big(r, 2);
	if (r->failed || r->rest.size != 2 * count)
		return false;
	if (sign != 0 && sign != 0x4000) {
		buf_append_text(out, sign == 0xd000 ? "Infinity" : sign == 0xf000 ? "-Infinity" : "NaN");
		return sign == 0xc000 || sign == 0xd000 || sign == 0xf000;
	}
	if ((weight > 0 ? 4 * (uint32_t)weight : 0) + scale > NUMERIC_MAX + 8 * count)
		return false;
	buf_append_text(out, sign ? "-" : "");
	const uint8_t *digits = r->rest.data;
	for (int i = weight < 0 ? -1 : 0; i <= weight; i++) {
		uint32_t digit = i >= 0 && (uint32_t)i < count ? (uint32_t)(digits[2 * i] << 8 | digits[2 * i + 1]) : 0;
		buf_printf(out, i <= 0 ? "%u" : "%04u", digit);
	}
	size_t point = out->size;
	for (int i = weight + 1; out->size - point < scale + (scale != 0); i++) {
		if (out->size == point)
			buf_append_byte(out, '.');
		uint32_t digit = i >= 0 && (uint32_t)i < count ? (uint32_t)(digits[2 * i] << 8 | digits[2 * i + 1]) : 0;
		buf_printf(out, "%04u", digit);
		if (out->failed)
			return false;
	}
	if (scale)
		out->size = point + 1 + scale;
	return true;
}

static bool print_address(struct buf *out, struct view bytes, bool network)
{
	struct reader r = { bytes };
	uint32_t family = (uint32_t)read_big(&r, 1), bits = (uint32_t)read_big(&r, 1);
	read_big(&r, 1);
	uint32_t size = (uint32_t)read_big(&r, 1);
	if (r.failed || r.rest.size != size || size != (family == 2 ? 4 : 16))
		return false;
	for (uint32_t i = 0; i < size; i += family == 2 ? 1 : 2) {
		if (family == 2)
			buf_printf(out, "%s%u", i ? "." : "", r.rest.data[i]);
		else
			buf_printf(out, "%s%x", i ? ":" : "", (unsigned)(r.rest.data[i] << 8 | r.rest.data[i + 1]));
	}
	if (network || bits != 8 * size)
		buf_printf(out, "/%u", bits);
	return true;
}

static void print_hex(struct buf *out, struct view bytes, const char *dashes, char dash)
{
	for (uint32_t i = 0; i < bytes.size; i++) {
		if (i && strchr(dashes, (int)('a' + i)))
			buf_append_byte(out, (uint8_t)dash);
		buf_printf(out, "%02x", bytes.data[i]);
	}
}

/* Of types that are numbers, and of the size that they have. */
static bool number_of(uint32_t oid, struct view bytes, struct datum *ret_value)
{
	struct reader r = { bytes };
	uint64_t bits = bytes.size <= 8 ? read_big(&r, (uint32_t)bytes.size) : 0;
	uint32_t low = (uint32_t)bits;
	float single;
	switch (oid << 4 | (bytes.size & 15)) {
	case BOOL << 4 | 1: *ret_value = (struct datum){ .type = DATUM_BOOL, .boolean = bits != 0 }; return true;
	case INT2 << 4 | 2: *ret_value = datum_int((int16_t)bits); return true;
	case INT4 << 4 | 4: *ret_value = datum_int((int32_t)low); return true;
	case MONEY << 4 | 8: /* in cents as a rule, which only the server knows */
	case INT8 << 4 | 8: *ret_value = datum_int((int64_t)bits); return true;
	case XID << 4 | 4:
	case OID << 4 | 4: *ret_value = datum_uint(low); return true;
	case FLOAT4 << 4 | 4:
		memcpy(&single, &low, sizeof single);
		*ret_value = (struct datum){ .type = DATUM_DOUBLE, .number = (double)single };
		return true;
	case FLOAT8 << 4 | 8:
		*ret_value = (struct datum){ .type = DATUM_DOUBLE };
		memcpy(&ret_value->number, &bits, sizeof bits);
		return true;
	default: return false;
	}
}

/* Of types that have a text form of their own. False: it is none of them, or not as it should be. */
static bool print_value(struct buf *out, uint32_t oid, struct view bytes)
{
	struct reader r = { bytes };
	if (oid == NUMERIC)
		return print_numeric(out, &r);
	if (oid == INET || oid == CIDR)
		return print_address(out, bytes, oid == CIDR);
	if (oid == UUID && bytes.size == 16) {
		print_hex(out, bytes, "egik", '-');
		return true;
	}
	if (oid == MACADDR && bytes.size == 6) {
		print_hex(out, bytes, "bcdef", ':');
		return true;
	}
	if (oid == DATE && bytes.size == 4) {
		print_days(out, (int32_t)read_big(&r, 4));
		return true;
	}
	int64_t us = bytes.size >= 8 ? (int64_t)read_big(&r, 8) : 0;
	if ((oid == TIMESTAMP || oid == TIMESTAMPTZ) && bytes.size == 8) {
		print_timestamp(out, us, oid == TIMESTAMPTZ);
		return true;
	}
	bool in_day = us >= 0 && us <= (int64_t)DAY_S * US;
	if ((oid == TIME && bytes.size == 8 && in_day) || (oid == TIMETZ && bytes.size == 12 && in_day)) {
		print_time(out, us);
		if (oid == TIMETZ)
			print_zone(out, (int32_t)read_big(&r, 4));
		return true;
	}
	if (oid != INTERVAL || bytes.size != 16)
		return false;
	int32_t days = (int32_t)read_big(&r, 4), months = (int32_t)read_big(&r, 4);
	print_interval(out, us, days, months);
	return true;
}

/* One dimension is shown as it is, more of them one after the other. */
static bool array_of(struct arena *arena, struct view bytes, struct datum *ret_value)
{
	struct reader r = { bytes };
	uint32_t dimensions = (uint32_t)read_big(&r, 4);
	read_big(&r, 4);
	uint32_t oid = (uint32_t)read_big(&r, 4);
	uint64_t count = dimensions ? 1 : 0;
	if (r.failed || dimensions > 6 || is_array(oid))
		return false;
	for (uint32_t i = 0; i < dimensions; i++) {
		count *= (uint32_t)read_big(&r, 4);
		read_big(&r, 4);
		if (count > bytes.size / 4)
			return false;
	}
	struct datum *items = ARENA_ARRAY(arena, struct datum, count);
	if (!items || r.failed)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		uint32_t size = (uint32_t)read_big(&r, 4);
		if (size != UINT32_MAX)
			items[i] = postgresql_value(arena, oid, true, read_bytes(&r, size), 0);
	}
	if (r.failed || r.rest.size)
		return false;
	*ret_value = datum_array(items, (uint32_t)count);
	return true;
}

struct datum postgresql_value(struct arena *arena, uint32_t oid, bool binary, struct view bytes, uint64_t more)
{
	BUF_CLEANUP struct buf text = { 0 };
	struct datum value = datum_string(bytes);
	value.more = more;
	if (!binary || more)
		return value;
	if (number_of(oid, bytes, &value) || (is_array(oid) && array_of(arena, bytes, &value)))
		return value;
	if (oid == JSONB && bytes.size && bytes.data[0] == 1)
		return datum_string(view_slice(bytes, 1, bytes.size));
	return print_value(&text, oid, bytes) ? text_of(arena, &text) : value;
}
