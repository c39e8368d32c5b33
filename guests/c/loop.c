/* loop KIND: says "ready", then never ends: computing, sleeping, reading, or calling the host all the time. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned counter;

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "compute";
	puts("ready");
	fflush(stdout);
	if (!strcmp(kind, "sleep"))
		sleep(1000000);
	if (!strcmp(kind, "read")) {
		char byte;
		while (read(0, &byte, 1) >= 0)
			continue;
	}
	if (!strcmp(kind, "calls")) {
		for (struct timespec now;;)
			clock_gettime(CLOCK_MONOTONIC, &now);
	}
	if (!strcmp(kind, "writes")) {
		for (unsigned i = 0;; i++) {
			printf("line %u\n", i);
			fflush(stdout);
		}
	}
	for (;;)
		counter++;
}
