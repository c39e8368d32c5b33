#include "trace/range.h"

#include <ctype.h>
#include <strings.h>

#include "base/time.h"

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "nanosecond", 1 },
	{ "us", NS_PER_US },
	{ "\xc2\xb5s", NS_PER_US },
	{ "microsecond", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "millisecond", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "sec", NS_PER_S },
	{ "second", NS_PER_S },
	{ "m", 60ull * NS_PER_S },
	{ "min", 60ull * NS_PER_S },
	{ "minute", 60ull * NS_PER_S },
	{ "h", 3600ull * NS_PER_S },
	{ "hour", 3600ull * NS_PER_S },
	{ "d", 86400ull * NS_PER_S },
	{ "day", 86400ull * NS_PER_S },
	{ "w", 604800ull * NS_PER_S },
	{ "week", 604800ull * NS_PER_S },
};

/* The unit of this name, which may have an s behind it if it is a word; 0 if there is none. */
static uint64_t unit_of(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t length = strlen(units[i].name);
		bool plural = length > 2 && size == length + 1 && (name[length] == 's' || name[length] == 'S');
		if ((size == length || plural) && strncasecmp(name, units[i].name, length) == 0)
			return units[i].ns;
	}
	return 0;
}

static const char *skip_spaces(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/* A number with a fraction, times its unit. NULL if it is none, or too large. */
static const char *parse_part(const char *at, uint64_t *total)
{
	uint64_t whole = 0, fraction = 0, scale = 1;
	const char *digits = at;
	for (; isdigit((unsigned char)*at); at++) {
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, (uint64_t)(*at - '0'), &whole))
			return NULL;
	}
	if (at == digits)
		return NULL;
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++) {
			if (scale < NS_PER_S) {
				fraction = fraction * 10 + (uint64_t)(*at - '0');
				scale *= 10;
			}
		}
	}
	at = skip_spaces(at);
	size_t size = 0;
	while (isalpha((unsigned char)at[size]) || (unsigned char)at[size] >= 0x80)
		size++;
	uint64_t unit = unit_of(at, size);
	uint64_t ns;
	if (unit == 0 || __builtin_mul_overflow(whole, unit, &ns))
		return NULL;
	ns += (uint64_t)((unsigned __int128)fraction * unit / scale);
	return __builtin_add_overflow(*total, ns, total) ? NULL : at + size;
}

/* As much of `text` as is a duration; NULL if it does not begin with one. */
static const char *parse_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t total = 0;
	const char *at = skip_spaces(text);
	do {
		at = parse_part(at, &total);
		if (!at)
			return NULL;
		at = skip_spaces(at);
	} while (isdigit((unsigned char)*at));
	*ret_ns = total;
	return at;
}

enum err duration_parse(const char *text, uint64_t *ret_ns)
{
	uint64_t ns;
	const char *end = parse_duration(text, &ns);
	if (!end || *end)
		return err_set(ERR_USAGE, "\"%s\" is no duration: it is written as 250ms, 1.5s, 5m, 1h30m or 2d", text);
	*ret_ns = ns;
	return ERR_NONE;
}

/* `count` digits; false if there are others. */
static bool parse_digits(const char **at, int count, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (; count > 0; count--, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return false;
		value = value * 10 + (uint64_t)(**at - '0');
	}
	*ret_value = value;
	return true;
}

static bool parse_char(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return false;
	(*at)++;
	return true;
}

static bool parse_fraction(const char **at, uint64_t *ret_ns)
{
	uint64_t unit = NS_PER_S / 10;
	*ret_ns = 0;
	if (!parse_char(at, "."))
		return true;
	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++, unit /= 10)
		*ret_ns += (uint64_t)(**at - '0') * unit;
	return true;
}

/* Seconds east of UTC. */
static bool parse_zone(const char **at, int64_t *ret_seconds)
{
	uint64_t hours, minutes;
	bool west = **at == '-';
	*ret_seconds = 0;
	if (parse_char(at, "Zz"))
		return true;
	if (!parse_char(at, "+-") || !parse_digits(at, 2, &hours) || !parse_char(at, ":") || !parse_digits(at, 2, &minutes))
		return false;
	*ret_seconds = (int64_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return hours < 24 && minutes < 60;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, by years that begin in March. */
static int64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t m = (int64_t)month + (month <= 2 ? 9 : -3);
	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (int64_t)day - 1 - 719468;
}

static bool parse_rfc3339(const char *at, uint64_t *ret_ns)
{
	uint64_t year, month, day, hour, minute, second, fraction;
	int64_t zone;
	bool good = parse_digits(&at, 4, &year) && parse_char(&at, "-") && parse_digits(&at, 2, &month) && parse_char(&at, "-") &&
		parse_digits(&at, 2, &day) && parse_char(&at, "Tt ") && parse_digits(&at, 2, &hour) && parse_char(&at, ":") &&
		parse_digits(&at, 2, &minute) && parse_char(&at, ":") && parse_digits(&at, 2, &second) && parse_fraction(&at, &fraction) &&
		parse_zone(&at, &zone) && *at == 0;
	if (!good || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1970 ||
		year > 2500)
		return false;
	int64_t seconds = days_of(year, month, day) * 86400 + (int64_t)(hour * 3600 + minute * 60 + second) - zone;
	if (seconds < 0)
		return false;
	*ret_ns = (uint64_t)seconds * NS_PER_S + fraction;
	return true;
}

enum err moment_parse(const char *text, uint64_t now, struct moment *ret_moment)
{
	struct moment moment = { 0 };
	const char *end;
	if (strcasecmp(text, "now") == 0) {
		moment.ns = now;
	} else if (text[0] == '+') {
		TRY(duration_parse(text + 1, &moment.ns));
		moment.from_start = true;
	} else if (!parse_rfc3339(text, &moment.ns)) {
		end = parse_duration(text, &moment.ns);
		if (!end || strcasecmp(end, "ago") != 0)
			return err_set(ERR_USAGE,
				"\"%s\" is no time: it is written as 2026-11-23T13:56:24Z, now, 5m ago, or +2s for two seconds "
				"after the start of the process",
				text);
		moment.ns = moment.ns < now ? now - moment.ns : 0;
	}
	*ret_moment = moment;
	return ERR_NONE;
}

static bool parse_number(const char **at, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *start = *at;
	for (; isdigit((unsigned char)**at); (*at)++) {
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			return false;
	}
	*ret_value = value;
	return *at != start;
}

enum err record_range_parse(const char *text, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *at = text;
	uint64_t first = 0, last = UINT64_MAX;
	bool from = parse_number(&at, &first);
	bool range = strncmp(at, "..", 2) == 0;
	if (range)
		at += 2;
	bool until = range && *at && parse_number(&at, &last);
	if (*at || (!from && !until) || (range && !from && !until))
		return err_set(ERR_USAGE, "\"%s\" names no records: a range is written as 3..9, 3.., ..9, or 7 for one", text);
	if (!range)
		last = first;
	if (last < first)
		return err_set(ERR_USAGE, "the range of records %s ends before it begins", text);
	*ret_first = first;
	*ret_last = last;
	return ERR_NONE;
}

enum range_place trace_range_place(const struct trace_range *range, uint64_t process_start, const struct record *record)
{
	uint64_t start = range->start.from_start ? process_start + range->start.ns : range->start.ns;
	if (record->number < range->first || record->start < start)
		return RANGE_BEFORE;
	if (range->limited && record->number > range->last)
		return RANGE_AFTER;
	if (start == 0)
		start = process_start;
	if (range->duration && record->start - start >= range->duration && record->start >= start)
		return RANGE_AFTER;
	return RANGE_INSIDE;
}
