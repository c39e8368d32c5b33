/*
 * Times. Nanoseconds are unsigned 64-bit; wall-clock times count from 1970-01-01 UTC.
 *
 * Ticks are the cheapest monotonic count that the machine has: the time-stamp counter where the kernel itself keeps time by it, else
 * nanoseconds of CLOCK_MONOTONIC. They are turned into times by anchors: readings of ticks and both clocks at one moment.
 */
#pragma once

#include "base/err.h"
#include "base/view.h"

#include <time.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

struct time_anchor {
	uint64_t ticks;
	uint64_t monotonic; /* ns, CLOCK_MONOTONIC */
	uint64_t wall;      /* ns, CLOCK_REALTIME */
};

extern bool time_ticks_are_tsc; /* set by time_init */

void time_init(void); /* call once before time_ticks */

static inline uint64_t time_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline uint64_t time_ticks(void)
{
#if defined __x86_64__
	if (__builtin_expect(time_ticks_are_tsc, 1))
		return __builtin_ia32_rdtsc();
#endif
	return time_of(CLOCK_MONOTONIC);
}

struct time_anchor time_anchor_now(void);

/* Nanoseconds per tick, times 2^32, best known now: from the kernel's own calibration where it tells, else measured since time_init. */
uint64_t time_tick_scale(void);
