/* cat [FILE...]: copies files, or standard input, to standard output in pieces of odd sizes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int copy(int fd)
{
	char piece[7777];
	ssize_t n;
	while ((n = read(fd, piece, sizeof piece)) > 0) {
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(1, piece + done, (size_t)(n - done));
			if (w < 0)
				return -1;
		}
	}
	return (int)n;
}

int main(int argc, char **argv)
{
	int failed = 0;
	if (argc == 1)
		return copy(0) ? 1 : 0;
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		if (fd < 0 || copy(fd) < 0) {
			fprintf(stderr, "cat: %s: %s\n", argv[i], strerror(errno));
			failed = 1;
		}
		if (fd >= 0)
			close(fd);
	}
	return failed;
}
