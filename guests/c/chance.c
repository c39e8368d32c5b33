/* chance DIR: prints what no two runs have in common: clocks, random bytes, times of files, the order of a directory. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void print_clock(const char *name, clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	printf("%s %lld.%09ld\n", name, (long long)now.tv_sec, now.tv_nsec);
}

int main(int argc, char **argv)
{
	unsigned char random[32];
	print_clock("realtime", CLOCK_REALTIME);
	print_clock("monotonic", CLOCK_MONOTONIC);
	getentropy(random, sizeof random);
	for (unsigned i = 0; i < sizeof random; i++)
		printf("%02x", random[i]);
	printf("\n");
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct stat st;
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0)
			printf("%s %llu %lld.%09ld\n", entry->d_name, (unsigned long long)st.st_ino, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	}
	if (dir)
		closedir(dir);
	usleep(2000);
	print_clock("monotonic", CLOCK_MONOTONIC);
	return 0;
}
