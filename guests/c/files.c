/* files DIR: every kind of file operation in DIR, each checked; prints what does not hold, and how many did. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wasi/api.h>

static int checks, failures;

#define CHECK(holds) check((holds), #holds, __LINE__)

static void check(int holds, const char *text, int line)
{
	checks++;
	if (!holds) {
		failures++;
		printf("line %d: %s (%s)\n", line, text, strerror(errno));
	}
}

static int content_is(const char *path, const char *want)
{
	char buffer[256] = { 0 };
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(want) && memcmp(buffer, want, (size_t)n) == 0;
}

static int put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | flags, 0644);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text);
}

static int fails_with(int result, int want)
{
	return result == -1 && errno == want;
}

static void reading_and_writing(void)
{
	char buffer[32] = { 0 };
	CHECK(put("a", "alpha\n", O_CREAT | O_EXCL));
	CHECK(fails_with(open("a", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST));
	CHECK(put("a", "beta\n", O_APPEND));
	CHECK(content_is("a", "alpha\nbeta\n"));
	CHECK(put("a", "A", 0));
	CHECK(content_is("a", "Alpha\nbeta\n"));
	int fd = open("a", O_RDWR);
	CHECK(fd >= 0);
	CHECK(pread(fd, buffer, 4, 6) == 4 && !memcmp(buffer, "beta", 4));
	CHECK(pwrite(fd, "BETA", 4, 6) == 4);
	CHECK(lseek(fd, 0, SEEK_CUR) == 0);
	CHECK(lseek(fd, -5, SEEK_END) == 6);
	CHECK(read(fd, buffer, sizeof buffer) == 5 && !memcmp(buffer, "BETA\n", 5));
	CHECK(read(fd, buffer, sizeof buffer) == 0);
	CHECK(fails_with((int)lseek(fd, -1, SEEK_SET), EINVAL));
	char one[3], two[4];
	struct iovec parts[] = { { one, 3 }, { NULL, 0 }, { two, 4 } };
	CHECK(lseek(fd, 0, SEEK_SET) == 0 && readv(fd, parts, 3) == 7 && !memcmp(one, "Alp", 3) && !memcmp(two, "ha\nB", 4));
	CHECK(ftruncate(fd, 2) == 0 && content_is("a", "Al"));
	CHECK(ftruncate(fd, 4) == 0);
	struct stat st;
	CHECK(fstat(fd, &st) == 0 && st.st_size == 4 && S_ISREG(st.st_mode));
	CHECK(posix_fallocate(fd, 0, 100) == 0 && fstat(fd, &st) == 0 && st.st_size == 100);
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
	CHECK(posix_fadvise(fd, 0, 10, POSIX_FADV_SEQUENTIAL) == 0);
	CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0 && (fcntl(fd, F_GETFL) & O_APPEND));
	CHECK(close(fd) == 0);
	CHECK(fails_with(close(fd), EBADF));
	CHECK(fails_with(open("none", O_RDONLY), ENOENT));
	CHECK(put("a", "", O_TRUNC) && content_is("a", ""));
}

static void names(void)
{
	char target[64] = { 0 };
	struct stat st, other;
	CHECK(mkdir("d", 0755) == 0);
	CHECK(fails_with(mkdir("d", 0755), EEXIST));
	CHECK(put("d/f", "inside", O_CREAT));
	CHECK(fails_with(rmdir("d"), ENOTEMPTY));
	CHECK(fails_with(unlink("d"), EISDIR));
	CHECK(rename("d/f", "d/g") == 0 && content_is("d/g", "inside"));
	CHECK(rename("d", "e") == 0 && content_is("e/g", "inside"));
	CHECK(link("e/g", "hard") == 0 && stat("hard", &st) == 0 && stat("e/g", &other) == 0);
	CHECK(st.st_ino == other.st_ino && st.st_nlink == 2);
	CHECK(symlink("e/g", "soft") == 0 && content_is("soft", "inside"));
	CHECK(readlink("soft", target, sizeof target) == 3 && !strcmp(target, "e/g"));
	CHECK(readlink("soft", target, 2) == 2);
	CHECK(fails_with((int)readlink("hard", target, sizeof target), EINVAL));
	CHECK(lstat("soft", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(fails_with(open("soft", O_RDONLY | O_NOFOLLOW), ELOOP));
	CHECK(symlink("round", "round") == 0 && fails_with(open("round", O_RDONLY), ELOOP));
	CHECK(fails_with(open("hard/x", O_RDONLY), ENOTDIR));
	CHECK(fails_with(open("e", O_WRONLY), EISDIR));
	CHECK(fails_with(open("hard", O_RDONLY | O_DIRECTORY), ENOTDIR));
	CHECK(unlink("hard") == 0 && unlink("soft") == 0 && unlink("round") == 0);
	CHECK(fails_with(unlink("soft"), ENOENT));
	CHECK(unlink("e/g") == 0 && rmdir("e") == 0);
	CHECK(fails_with(rmdir("e"), ENOENT));
	CHECK(fails_with(access("e", F_OK), ENOENT) && access("a", R_OK) == 0);
}

static void times(void)
{
	struct stat st;
	struct timespec set[] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
	CHECK(utimensat(AT_FDCWD, "a", set, 0) == 0 && stat("a", &st) == 0);
	CHECK(st.st_atim.tv_sec == 1000000000 && st.st_atim.tv_nsec == 123456789);
	CHECK(st.st_mtim.tv_sec == 1100000000 && st.st_mtim.tv_nsec == 987654321);
	int fd = open("a", O_RDWR);
	CHECK(__wasi_fd_filestat_set_times((__wasi_fd_t)fd, 0, 0, __WASI_FSTFLAGS_MTIM_NOW) == 0 && fstat(fd, &st) == 0);
	CHECK(st.st_atim.tv_sec == 1000000000 && st.st_mtim.tv_sec > 1100000000);
	CHECK(__wasi_fd_filestat_set_times((__wasi_fd_t)fd, 0, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW) == __WASI_ERRNO_INVAL);
	CHECK(futimens(fd, set) == 0 && fstat(fd, &st) == 0 && st.st_mtim.tv_sec == 1100000000);
	close(fd);
}

static void directories(void)
{
	enum { COUNT = 1500 };
	static char seen[COUNT];
	char name[300];
	int dots = 0, others = 0, all = 1;
	CHECK(mkdir("many", 0755) == 0);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "many/%04d-%0*d", i, i % 200 + 1, 0);
		put(name, "", O_CREAT);
	}
	DIR *dir = opendir("many");
	CHECK(dir != NULL);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		int i = entry->d_name[0] == '.' ? -1 : atoi(entry->d_name);
		if (i < 0)
			dots++;
		else if (i < COUNT && entry->d_type == DT_REG)
			seen[i]++;
		else
			others++;
	}
	for (int i = 0; i < COUNT; i++)
		all &= seen[i] == 1;
	CHECK(dots == 2 && others == 0 && all);
	rewinddir(dir);
	CHECK(readdir(dir) != NULL);
	closedir(dir);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "many/%04d-%0*d", i, i % 200 + 1, 0);
		unlink(name);
	}
	CHECK(rmdir("many") == 0);
}

int main(int argc, char **argv)
{
	if (argc < 2 || chdir(argv[1]) != 0) {
		perror("files");
		return 2;
	}
	reading_and_writing();
	names();
	times();
	directories();
	unlink("a");
	printf("%d checks, %d failures\n", checks, failures);
	return failures ? 1 : 0;
}
