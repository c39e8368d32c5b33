/*
 * calls clock N | write N FILE | read N FILE | sleep MS: makes N host calls of one kind and nothing else, as a guest or natively.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long fail(const char *what)
{
	perror(what);
	exit(1);
}

static long clocks(long count)
{
	long moved = 0;
	struct timespec before = { 0 };
	for (long i = 0; i < count; i++) {
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		moved += now.tv_nsec != before.tv_nsec;
		before = now;
	}
	return moved != 0;
}

static long writes(long count, const char *path)
{
	char line[100];
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return fail(path);
	for (long i = 0; i < count; i++) {
		line[i % 90] = 'a' + i % 26;
		if (write(fd, line, sizeof line) != sizeof line)
			return fail(path);
	}
	return close(fd);
}

/* The file may be shorter than what is read: it is read again from its start. */
static long reads(long count, const char *path)
{
	static char block[4096];
	long sum = 0;
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return fail(path);
	for (long i = 0; i < count; i++) {
		ssize_t size = read(fd, block, sizeof block);
		if (size < 0)
			return fail(path);
		if (size < (ssize_t)sizeof block)
			lseek(fd, 0, SEEK_SET);
		sum += block[0];
	}
	close(fd);
	return sum;
}

static long sleeps(long milliseconds)
{
	struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };
	return nanosleep(&time, NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long count = argc > 2 ? atol(argv[2]) : 0;
	if (strcmp(what, "clock") == 0)
		printf("%ld\n", clocks(count));
	else if (strcmp(what, "sleep") == 0)
		printf("%ld\n", sleeps(count));
	else if (strcmp(what, "write") == 0 && argc > 3)
		printf("%ld\n", writes(count, argv[3]));
	else if (strcmp(what, "read") == 0 && argc > 3)
		printf("%ld\n", reads(count, argv[3]));
	else
		return 2;
	return 0;
}
