/*
 * Makes the calls that lines of standard input name, and answers each with a line: the errno, or the descriptor that was opened.
 * Unlike with a library's functions every argument is the caller's to choose: descriptors, rights, flags and paths.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

/* Letters: r read, w write, c create, x exclusive, t truncate, d directory, n non-blocking, f follow symlinks. */
static int open_at(int dir, const char *path, const char *how)
{
	const __wasi_rights_t all = (1 << 30) - 1, reading = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR;
	__wasi_rights_t rights = all & ~(reading | __WASI_RIGHTS_FD_WRITE);
	__wasi_oflags_t oflags = 0;
	__wasi_fd_t fd;
	rights |= strchr(how, 'r') ? reading : 0;
	rights |= strchr(how, 'w') ? __WASI_RIGHTS_FD_WRITE : 0;
	oflags |= strchr(how, 'c') ? __WASI_OFLAGS_CREAT : 0;
	oflags |= strchr(how, 'x') ? __WASI_OFLAGS_EXCL : 0;
	oflags |= strchr(how, 't') ? __WASI_OFLAGS_TRUNC : 0;
	oflags |= strchr(how, 'd') ? __WASI_OFLAGS_DIRECTORY : 0;
	int error = __wasi_path_open(dir, strchr(how, 'f') ? __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW : 0, path, oflags, rights, all,
		strchr(how, 'n') ? __WASI_FDFLAGS_NONBLOCK : 0, &fd);
	return error ? error : -(int)fd;
}

static int read_one(int fd)
{
	uint8_t byte;
	__wasi_size_t size;
	__wasi_iovec_t vector = { &byte, 1 };
	return __wasi_fd_read(fd, &vector, 1, &size);
}

static int write_one(int fd)
{
	__wasi_size_t size;
	__wasi_ciovec_t vector = { (const uint8_t *)"x", 1 };
	return __wasi_fd_write(fd, &vector, 1, &size);
}

/* A negative number is a descriptor. */
static int act(char **word)
{
	const char *what = word[0];
	int first = atoi(word[1]), third = atoi(word[3]);
	if (!strcmp(what, "open"))
		return open_at(first, word[2], word[3]);
	if (!strcmp(what, "close"))
		return __wasi_fd_close(first);
	if (!strcmp(what, "read"))
		return read_one(first);
	if (!strcmp(what, "write"))
		return write_one(first);
	if (!strcmp(what, "renumber"))
		return __wasi_fd_renumber(first, atoi(word[2]));
	if (!strcmp(what, "set_times"))
		return __wasi_fd_filestat_set_times(first, 0, 0, __WASI_FSTFLAGS_MTIM);
	if (!strcmp(what, "set_size"))
		return __wasi_fd_filestat_set_size(first, 0);
	if (!strcmp(what, "allocate"))
		return __wasi_fd_allocate(first, 0, 1 << 20);
	if (!strcmp(what, "times"))
		return __wasi_path_filestat_set_times(first, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, word[2], 0, 0, __WASI_FSTFLAGS_MTIM);
	if (!strcmp(what, "mkdir"))
		return __wasi_path_create_directory(first, word[2]);
	if (!strcmp(what, "rmdir"))
		return __wasi_path_remove_directory(first, word[2]);
	if (!strcmp(what, "unlink"))
		return __wasi_path_unlink_file(first, word[2]);
	if (!strcmp(what, "rename"))
		return __wasi_path_rename(first, word[2], third, word[4]);
	if (!strcmp(what, "link"))
		return __wasi_path_link(first, 0, word[2], third, word[4]);
	if (!strcmp(what, "link_followed"))
		return __wasi_path_link(first, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, word[2], third, word[4]);
	if (!strcmp(what, "symlink"))
		return __wasi_path_symlink(word[2], first, word[3]);
	return __WASI_ERRNO_NOSYS;
}

int main(void)
{
	char line[16384];
	while (fgets(line, sizeof line, stdin)) {
		char *words[5] = { "", "", "", "", "" };
		char *word = strtok(line, " \n");
		for (int i = 0; i < 5 && word; i++, word = strtok(NULL, " \n"))
			words[i] = word;
		printf("%d\n", act(words));
		fflush(stdout);
	}
	return 0;
}
