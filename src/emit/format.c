#include "emit/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
			    "4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798"
			    "99";

void format_uint(struct buf *out, uint64_t value)
{
	char text[20];
	char *at = text + sizeof text;
	while (value >= 100) {
		at -= 2;
		memcpy(at, pairs + 2 * (value % 100), 2);
		value /= 100;
	}
	if (value >= 10) {
		at -= 2;
		memcpy(at, pairs + 2 * value, 2);
	} else {
		*--at = (char)('0' + value);
	}
	format_bytes(out, at, (size_t)(text + sizeof text - at));
}

void format_sint(struct buf *out, int64_t value)
{
	if (value < 0)
		format_byte(out, '-');
	format_uint(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void format_double(struct buf *out, double value)
{
	char text[32];
	if (isnan(value)) { /* of whatever sign */
		format_text(out, "nan");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (isinf(value) || strtod(text, NULL) == value)
			break;
	}
	char *power = strchr(text, 'e');
	bool whole = power && !strchr(text, '.'); /* what YAML 1.1 takes for a number has a point */
	format_bytes(out, text, whole ? (size_t)(power - text) : strlen(text));
	if (whole)
		buf_printf(out, ".0%s", power);
}

void format_hex(struct buf *out, uint64_t value)
{
	if (value == 0) {
		format_byte(out, '0');
		return;
	}
	format_bytes(out, "0x", 2);
	for (int shift = (63 - __builtin_clzll(value)) & ~3; shift >= 0; shift -= 4)
		format_byte(out, "0123456789abcdef"[value >> shift & 15]);
}

void format_padded(struct buf *out, uint64_t value, uint32_t digits)
{
	char text[20];
	digits = digits < sizeof text ? digits : sizeof text;
	for (uint32_t i = digits; i-- > 0; value /= 10)
		text[i] = (char)('0' + value % 10);
	format_bytes(out, text, digits);
}

/* No control characters: neither of ASCII nor those from U+0080 on, which some terminals obey too. */
static bool is_readable(struct view text)
{
	if (text.size == 0 || !utf8_valid(text))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < ' ' || text.data[i] == 0x7f || (text.data[i] == 0xc2 && text.data[i + 1] < 0xa0))
			return false;
	}
	return true;
}

void format_readable(struct buf *out, struct view text)
{
	if (is_readable(text)) {
		format_bytes(out, text.data, text.size);
		return;
	}
	format_byte(out, '"');
	format_escaped(out, text, "");
	format_byte(out, '"');
}

static void format_json_escape(struct buf *out, uint8_t byte)
{
	static const char letters[] = "\b\f\n\r\t\"\\", escapes[] = "bfnrt\"\\";
	const char *letter = byte ? strchr(letters, byte) : NULL;
	format_byte(out, '\\');
	if (letter) {
		format_byte(out, escapes[letter - letters]);
		return;
	}
	format_bytes(out, "u00", 3);
	format_byte(out, (char)('0' + (byte >> 4)));
	format_byte(out, "0123456789abcdef"[byte & 15]);
}

void format_json(struct buf *out, struct view text)
{
	const uint8_t *run = text.data;
	const uint8_t *end = text.data + text.size;
	format_byte(out, '"');
	for (const uint8_t *at = run; at < end; at++) {
		if (__builtin_expect(*at >= ' ' && *at != '"' && *at != '\\' && *at != 0x7f && *at != 0xc2, 1))
			continue;
		bool above = *at == 0xc2; /* U+0080 to U+009F, which some terminals obey */
		if (above && at[1] >= 0xa0)
			continue;
		format_bytes(out, run, (size_t)(at - run));
		at += above;
		format_json_escape(out, *at);
		run = at + 1;
	}
	format_bytes(out, run, (size_t)(end - run));
	format_byte(out, '"');
}

void format_base64(struct buf *out, struct view bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	if (!buf_reserve(out, (bytes.size + 2) / 3 * 4))
		return;
	uint8_t *to = out->data + out->size;
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i;
		uint32_t bits = (uint32_t)bytes.data[i] << 16;
		bits |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
		bits |= left > 2 ? bytes.data[i + 2] : 0;
		*to++ = (uint8_t)digits[bits >> 18];
		*to++ = (uint8_t)digits[bits >> 12 & 63];
		*to++ = left > 1 ? (uint8_t)digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? (uint8_t)digits[bits & 63] : '=';
	}
	out->size = (size_t)(to - out->data);
}

/* The day of the proleptic Gregorian calendar, counted in eras of 400 years that begin in March, so that leap days come last. */
static void format_date(struct buf *out, uint64_t days)
{
	enum { DAYS_TO_1970 = 719468, DAYS_PER_ERA = 146097 };
	uint64_t day = days + DAYS_TO_1970;
	uint64_t era = day / DAYS_PER_ERA;
	uint64_t of_era = day % DAYS_PER_ERA;
	uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * of_year + 2) / 153;
	format_padded(out, era * 400 + year + (month >= 10), 4);
	format_byte(out, '-');
	format_padded(out, month < 10 ? month + 3 : month - 9, 2);
	format_byte(out, '-');
	format_padded(out, of_year - (153 * month + 2) / 5 + 1, 2);
}

void format_time(struct buf *out, uint64_t wall)
{
	uint64_t seconds = wall / NS_PER_S;
	format_date(out, seconds / 86400);
	format_byte(out, 'T');
	format_padded(out, seconds / 3600 % 24, 2);
	format_byte(out, ':');
	format_padded(out, seconds / 60 % 60, 2);
	format_byte(out, ':');
	format_padded(out, seconds % 60, 2);
	format_byte(out, '.');
	format_padded(out, wall % NS_PER_S, 9);
	format_byte(out, 'Z');
}

void format_local_time(struct buf *out, uint64_t wall)
{
	static _Thread_local struct {
		time_t second;
		char text[32];
		bool known;
	} last; /* who prints times prints many of the same second */
	time_t second = (time_t)(wall / NS_PER_S);
	struct tm tm;
	if (!last.known || last.second != second) {
		if (!last.known)
			tzset();
		localtime_r(&second, &tm);
		strftime(last.text, sizeof last.text, "%Y/%m/%d %H:%M:%S", &tm);
		last.second = second;
		last.known = true;
	}
	format_text(out, last.text);
	format_byte(out, '.');
	format_padded(out, wall % NS_PER_S / NS_PER_US, 6);
}

void format_seconds(struct buf *out, uint64_t ns)
{
	format_uint(out, ns / NS_PER_S);
	format_byte(out, '.');
	format_padded(out, ns % NS_PER_S, 9);
}

void format_flags(struct buf *out, const char *const *names, uint32_t count, uint64_t rest)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			format_byte(out, '|');
		format_text(out, names[i]);
	}
	if (count && rest)
		format_byte(out, '|');
	if (count == 0 || rest)
		format_hex(out, rest);
}

/* `value` in units of `unit`, with three digits where it is not whole; `unit` is at most 2^60. */
static void format_scaled(struct buf *out, uint64_t value, uint64_t unit, const char *name)
{
	uint64_t whole = value / unit;
	uint64_t hundredths = (uint64_t)((unsigned __int128)(value % unit) * 100 / unit);
	format_uint(out, whole);
	if (whole < 10 && hundredths) {
		format_byte(out, '.');
		format_padded(out, hundredths, 2);
	} else if (whole < 100 && hundredths / 10) {
		format_byte(out, '.');
		format_padded(out, hundredths / 10, 1);
	}
	format_text(out, name);
}

void format_duration(struct buf *out, uint64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *large;
		uint64_t part;
		const char *small;
	} units[] = {
		{ 86400, "d", 3600, "h" },
		{ 3600, "h", 60, "m" },
		{ 60, "m", 1, "s" },
	};
	uint64_t seconds = ns / NS_PER_S;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (seconds < units[i].seconds)
			continue;
		format_uint(out, seconds / units[i].seconds);
		format_text(out, units[i].large);
		format_uint(out, seconds % units[i].seconds / units[i].part);
		format_text(out, units[i].small);
		return;
	}
	if (seconds)
		format_scaled(out, ns, NS_PER_S, "s");
	else if (ns >= NS_PER_MS)
		format_scaled(out, ns, NS_PER_MS, "ms");
	else if (ns >= NS_PER_US)
		format_scaled(out, ns, NS_PER_US, "us");
	else
		format_scaled(out, ns, 1, "ns");
}

void format_size(struct buf *out, uint64_t size)
{
	static const char *const names[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
	uint32_t unit = size ? (uint32_t)(63 - __builtin_clzll(size)) / 10 : 0;
	format_scaled(out, size, (uint64_t)1 << 10 * unit, names[unit]);
}
