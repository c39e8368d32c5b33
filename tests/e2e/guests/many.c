/* Opens, writes and closes files, again and again, some of which stay open; the first word says how often, the second where. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPEN = 50 };

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	int open_files[OPEN] = { 0 };
	char path[256], line[64];
	for (int i = 0; i < atoi(argv[1]) && argc > 2; i++) {
		int *fd = &open_files[i % OPEN];
		if (*fd)
			close(*fd);
		snprintf(path, sizeof path, "%s/file%d", argv[2], i % 997);
		*fd = open(path, O_RDWR | O_CREAT, 0600);
		for (int k = 0; k < 7; k++) {
			int size = snprintf(line, sizeof line, "%d %d %d\n", i, k, i * i % 1009);
			if (write(open_files[(i + k * 5) % OPEN], line, size) != size && i > OPEN)
				return 1;
		}
		if (i % 1000 == 0)
			printf("%d\n", i);
	}
	puts("done");
	return 0;
}
