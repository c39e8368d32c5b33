/* Which part of an execution a trace shows: a range of times, and one of record numbers. */
#pragma once

#include "base/err.h"
#include "log/record.h"

/* A moment: of the wall clock, or counted from the start of the process. */
struct moment {
	bool from_start;
	uint64_t ns;
};

struct trace_range {
	struct moment start;   /* all zero: from the first record on */
	uint64_t duration;     /* ns; 0: to the last record */
	bool limited;          /* only records up to `last` */
	uint64_t first, last;  /* numbers, inclusive */
};

/*
 * A duration: numbers with units, as in 1h30m, 250ms, 1.5s, "5 minutes". Units are ns, us, ms, s, m, h, d, w and the words they stand
 * for. ERR_USAGE says what is expected.
 */
enum err duration_parse(const char *text, uint64_t *ret_ns);

/* A moment: RFC 3339 (2026-11-23T13:56:24Z), now, a duration before `now` (5m ago) or after the start of the process (+2s). */
enum err moment_parse(const char *text, uint64_t now, struct moment *ret_moment);

/* Record numbers: 7, 3..9, 3.., ..9; UINT64_MAX for what has no end. */
enum err record_range_parse(const char *text, uint64_t *ret_first, uint64_t *ret_last);

enum range_place { RANGE_BEFORE, RANGE_INSIDE, RANGE_AFTER };

/* Where a record lies; `process_start` is the wall clock when the process started. After RANGE_AFTER no later record is inside. */
enum range_place trace_range_place(const struct trace_range *range, uint64_t process_start, const struct record *record);
