/*
 * reach: does what each line of standard input says - an operation, and one path or two - and prints the line with what came of it.
 * Operations: read write truncate create mkdir unlink rmdir list stat times rename link symlink readlink.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int opened(const char *path, int flags)
{
	char byte;
	int fd = open(path, flags, 0644);
	if (fd < 0)
		return -1;
	int result = (flags & O_ACCMODE) == O_RDONLY && read(fd, &byte, 1) < 0 ? -1 : 0;
	close(fd);
	return result;
}

static int list(const char *path)
{
	DIR *dir = opendir(path);
	return dir ? closedir(dir) : -1;
}

static int act(const char *what, const char *path, const char *other)
{
	char target[4096];
	struct stat st;
	static const struct timespec times[2];
	if (!strcmp(what, "read"))
		return opened(path, O_RDONLY);
	if (!strcmp(what, "write"))
		return opened(path, O_RDWR);
	if (!strcmp(what, "truncate"))
		return opened(path, O_WRONLY | O_TRUNC);
	if (!strcmp(what, "create"))
		return opened(path, O_WRONLY | O_CREAT);
	if (!strcmp(what, "mkdir"))
		return mkdir(path, 0755);
	if (!strcmp(what, "unlink"))
		return unlink(path);
	if (!strcmp(what, "rmdir"))
		return rmdir(path);
	if (!strcmp(what, "list"))
		return list(path);
	if (!strcmp(what, "stat"))
		return stat(path, &st);
	if (!strcmp(what, "times"))
		return utimensat(AT_FDCWD, path, times, 0);
	if (!strcmp(what, "rename"))
		return rename(path, other);
	if (!strcmp(what, "link"))
		return link(path, other);
	if (!strcmp(what, "symlink"))
		return symlink(path, other);
	if (!strcmp(what, "readlink"))
		return readlink(path, target, sizeof target) < 0 ? -1 : 0;
	errno = ENOSYS;
	return -1;
}

int main(void)
{
	char line[8192], what[32], path[4096], other[4096];
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		other[0] = path[0] = 0;
		if (sscanf(line, "%31s %4095s %4095s", what, path, other) < 2)
			continue;
		errno = 0;
		int result = act(what, path, other);
		printf("%s: %s\n", line, result == 0 ? "done" : strerror(errno));
	}
	return 0;
}
