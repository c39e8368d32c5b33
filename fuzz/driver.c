/*
 * corpus_NAME FOLDER: gives a fuzzer every file of its corpus, and says so in TAP. It passes by not crashing: sanitizers and the fuzzer's
 * own checks end the program.
 *
 * The bytes lie in a block of exactly their size, so that the address sanitizer sees a read past their end.
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int run_file(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(name);
	struct stat stat;
	if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode)) {
		close(fd);
		return fail(name);
	}
	size_t size = (size_t)stat.st_size;
	uint8_t *data = malloc(size ? size : 1);
	ssize_t got = data ? read(fd, data, size) : -1;
	close(fd);
	if (got == (ssize_t)size)
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	return got == (ssize_t)size ? 0 : fail(name);
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count = argc == 2 ? scandir(argv[1], &entries, is_file, alphasort) : -1;
	int folder = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (count <= 0 || folder < 0) {
		fprintf(stderr, "usage: %s FOLDER, which has files in it\n", argv[0]);
		return 1;
	}
	printf("1..%d\n", count);
	int failed = 0;
	for (int i = 0; i < count; i++) {
		int bad = run_file(folder, entries[i]->d_name);
		printf("%s %d - %s\n", bad ? "not ok" : "ok", i + 1, entries[i]->d_name);
		fflush(stdout);
		failed |= bad;
		free(entries[i]);
	}
	free(entries);
	close(folder);
	return failed;
}
