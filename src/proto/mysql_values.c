#include "proto/mysql_values.h"

#include "base/buf.h"

enum { TINY = 1, SHORT, LONG, FLOAT, DOUBLE, TIMESTAMP = 7, LONGLONG, INT24, DATE, TIME, DATETIME, YEAR };

const char *mysql_type(uint32_t type)
{
	static const char *const names[] = { "DECIMAL", "TINYINT", "SMALLINT", "INT", "FLOAT", "DOUBLE", "NULL", "TIMESTAMP", "BIGINT",
		"MEDIUMINT", "DATE", "TIME", "DATETIME", "YEAR", "DATE", "VARCHAR", "BIT", "TIMESTAMP", "DATETIME", "TIME" };
	static const char *const others[] = { "VECTOR", "INVALID", "BOOL", "JSON", "DECIMAL", "ENUM", "SET", "TINYBLOB", "MEDIUMBLOB",
		"LONGBLOB", "BLOB", "VARCHAR", "CHAR", "GEOMETRY" };
	enum { FIRST_OTHER = 242 };
	type &= 0xff;
	if (type < sizeof names / sizeof *names)
		return names[type];
	return type >= FIRST_OTHER ? others[type - FIRST_OTHER] : "?";
}

bool mysql_read_size(struct reader *r, uint64_t *ret_size)
{
	uint64_t first = read_little(r, 1);
	*ret_size = first;
	if (first < 0xfb)
		return !r->failed;
	if (first == 0xfb || first == 0xff) {
		*ret_size = 0;
		return false;
	}
	*ret_size = read_little(r, first == 0xfc ? 2 : first == 0xfd ? 3 : 8);
	return !r->failed;
}

bool mysql_read_text(struct reader *r, struct view *ret_text, uint64_t *ret_all)
{
	*ret_text = (struct view){ 0 };
	if (!mysql_read_size(r, ret_all))
		return false;
	*ret_text = read_bytes(r, *ret_all);
	return true;
}

static struct datum text_of(struct arena *arena, const struct buf *text)
{
	const char *copy = text->failed ? NULL : arena_text(arena, buf_view(text));
	return datum_string(copy ? view_of(copy, text->size) : (struct view){ 0 });
}

static void print_fraction(struct buf *out, uint32_t us)
{
	if (us)
		buf_printf(out, ".%06u", us);
}

/* None of its bytes: zero; only as many as are not zero. */
static struct datum read_date(struct reader *r, struct arena *arena, bool date_only)
{
	BUF_CLEANUP struct buf text = { 0 };
	uint32_t size = (uint32_t)read_little(r, 1);
	struct reader part = { read_bytes(r, size) };
	uint32_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, us = 0;
	if (size >= 4) {
		year = (uint32_t)read_little(&part, 2);
		month = (uint32_t)read_little(&part, 1);
		day = (uint32_t)read_little(&part, 1);
	}
	if (size >= 7) {
		hour = (uint32_t)read_little(&part, 1);
		minute = (uint32_t)read_little(&part, 1);
		second = (uint32_t)read_little(&part, 1);
	}
	if (size >= 11)
		us = (uint32_t)read_little(&part, 4);
	buf_printf(&text, "%04u-%02u-%02u", year, month, day);
	if (!date_only)
		buf_printf(&text, " %02u:%02u:%02u", hour, minute, second);
	print_fraction(&text, us);
	return text_of(arena, &text);
}

static struct datum read_time(struct reader *r, struct arena *arena)
{
	BUF_CLEANUP struct buf text = { 0 };
	uint32_t size = (uint32_t)read_little(r, 1);
	struct reader part = { read_bytes(r, size) };
	bool negative = size >= 8 && read_little(&part, 1);
	uint64_t days = size >= 8 ? read_little(&part, 4) : 0, hours = 0, minutes = 0, seconds = 0;
	if (size >= 8) {
		hours = read_little(&part, 1) + 24 * days;
		minutes = read_little(&part, 1);
		seconds = read_little(&part, 1);
	}
	buf_printf(&text, "%s%02u:%02u:%02u", negative ? "-" : "", (unsigned)hours, (unsigned)minutes, (unsigned)seconds);
	print_fraction(&text, size >= 12 ? (uint32_t)read_little(&part, 4) : 0);
	return text_of(arena, &text);
}

static struct datum read_integer(struct reader *r, uint32_t size, bool is_unsigned)
{
	uint64_t bits = read_little(r, size);
	uint32_t shift = 64 - 8 * size;
	return is_unsigned ? datum_uint(bits) : datum_int((int64_t)(bits << shift) >> shift);
}

struct datum mysql_read_value(struct reader *r, struct arena *arena, uint32_t type)
{
	struct datum value = { .type = DATUM_DOUBLE };
	bool is_unsigned = type & MYSQL_UNSIGNED;
	uint64_t bits, all;
	uint32_t low;
	float single;
	switch (type & 0xff) {
	case TINY: return read_integer(r, 1, is_unsigned);
	case SHORT:
	case YEAR: return read_integer(r, 2, is_unsigned);
	case INT24:
	case LONG: return read_integer(r, 4, is_unsigned);
	case LONGLONG: return read_integer(r, 8, is_unsigned);
	case FLOAT:
		low = (uint32_t)read_little(r, 4);
		memcpy(&single, &low, sizeof single);
		value.number = (double)single;
		return value;
	case DOUBLE:
		bits = read_little(r, 8);
		memcpy(&value.number, &bits, sizeof bits);
		return value;
	case MYSQL_NULL: return (struct datum){ .type = DATUM_NULL };
	case DATE:
	case TIMESTAMP:
	case DATETIME: return read_date(r, arena, (type & 0xff) == DATE);
	case TIME: return read_time(r, arena);
	default:
		value = datum_string((struct view){ 0 });
		if (!mysql_read_text(r, &value.text, &all))
			return (struct datum){ .type = DATUM_NULL };
		value.more = all - value.text.size;
		return value;
	}
}
