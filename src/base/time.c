#include "base/time.h"

#include <fcntl.h>
#include <unistd.h>

bool time_ticks_are_tsc;

static struct time_anchor first;

/* The kernel's own choice says that the counter is constant, synchronous over cores and does not stop. */
static bool kernel_uses_tsc(void)
{
	char name[16] = { 0 };
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t size = read(fd, name, sizeof name - 1);
	close(fd);
	return size > 0 && strcmp(name, "tsc\n") == 0;
}

void time_init(void)
{
#if defined __x86_64__
	time_ticks_are_tsc = kernel_uses_tsc();
#else
	(void)kernel_uses_tsc;
#endif
	first = time_anchor_now();
}

/* Of a few readings the one whose clocks lie closest together: a preemption between them would skew every time derived from it. */
struct time_anchor time_anchor_now(void)
{
	struct time_anchor best = { 0 };
	uint64_t best_gap = UINT64_MAX;
	for (int i = 0; i < 4; i++) {
		struct time_anchor now;
		uint64_t before = time_ticks();
		now.monotonic = time_of(CLOCK_MONOTONIC);
		uint64_t after = time_ticks();
		now.wall = time_of(CLOCK_REALTIME);
		uint64_t gap = time_ticks() - before;
		now.ticks = before + (after - before) / 2;
		if (gap < best_gap) {
			best_gap = gap;
			best = now;
		}
	}
	return best;
}

uint64_t time_tick_scale(void)
{
	if (!time_ticks_are_tsc)
		return (uint64_t)1 << 32;
	struct time_anchor now = time_anchor_now();
	while (now.monotonic - first.monotonic < NS_PER_MS / 2)
		now = time_anchor_now();
	return (uint64_t)(((unsigned __int128)(now.monotonic - first.monotonic) << 32) / (now.ticks - first.ticks));
}
