/* grow MEGABYTES: has that much memory, a megabyte at a time, and finds in it what it put there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEGABYTE (1u << 20)

int main(int argc, char **argv)
{
	int want = argc > 1 ? atoi(argv[1]) : 64, had = 0;
	unsigned char **blocks = calloc((size_t)want, sizeof *blocks);
	while (blocks && had < want && (blocks[had] = malloc(MEGABYTE))) {
		memset(blocks[had], had & 255, MEGABYTE);
		had++;
	}
	for (int i = 0; i < had; i++) {
		for (unsigned k = 0; k < MEGABYTE; k += 4093) {
			if (blocks[i][k] != (i & 255))
				return 2;
		}
	}
	printf("%s\n", had == want ? "all" : "not all");
	return 0;
}
