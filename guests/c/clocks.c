/* Clocks go forward, sleeps last at least as long as asked, and poll tells what is ready. */
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long monotonic(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void check(const char *what, int holds)
{
	printf("%s: %s\n", what, holds ? "yes" : "NO");
}

int main(void)
{
	struct timespec resolution, realtime;
	long long start = monotonic(), before = start;
	int forward = 1;
	for (int i = 0; i < 1000; i++) {
		long long now = monotonic();
		forward &= now >= before;
		before = now;
	}
	check("monotonic goes forward", forward);
	check("resolution", clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0);
	check("realtime is after 2020", clock_gettime(CLOCK_REALTIME, &realtime) == 0 && realtime.tv_sec > 1577836800);
	start = monotonic();
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	check("slept 20 ms", monotonic() - start >= 20000000);
	start = monotonic();
	struct timespec until = { .tv_sec = (start + 10000000) / 1000000000, .tv_nsec = (start + 10000000) % 1000000000 };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	check("slept until", monotonic() - start >= 10000000);
	struct pollfd out = { .fd = 1, .events = POLLOUT };
	check("stdout is writable", poll(&out, 1, 1000) == 1 && out.revents == POLLOUT);
	return 0;
}
