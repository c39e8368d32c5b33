#include "registry/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PRIVATE_DIR = 0700 };

/* mkdir obeys the umask, which may take from the owner too: a directory that was just made gets its mode by name. */
static enum err make_dir(int parent, const char *name)
{
	if (mkdirat(parent, name, PRIVATE_DIR) < 0)
		return errno == EEXIST ? 0 : err_set_errno(errno, "can't make directory %s", name);
	if (fchmodat(parent, name, PRIVATE_DIR, 0) < 0)
		return err_set_errno(errno, "can't make directory %s private", name);
	return 0;
}

enum err dir_open(int parent, const char *name, bool create, int *ret_fd)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
	int fd = openat(parent, name, FLAGS);
	if (fd < 0 && errno == ENOENT && create) {
		TRY(make_dir(parent, name));
		fd = openat(parent, name, FLAGS);
	}
	if (fd < 0)
		return err_set_errno(errno, "can't open directory %s", name);
	*ret_fd = fd;
	return 0;
}

void names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_plain(const char *name)
{
	return name[0] != '.';
}

static bool is_leftover(const char *name)
{
	return strncmp(name, ".new-", 5) == 0 || strncmp(name, ".gone-", 6) == 0 || strcmp(name, ".log") == 0;
}

static bool is_any(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

typedef bool name_filter(const char *name);

static enum err read_names(DIR *dir, name_filter *wanted, char ***names, size_t *count)
{
	size_t capacity = 0;
	errno = 0;
	for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
		if (!wanted(entry->d_name))
			continue;
		if (*count == capacity) {
			capacity = capacity ? capacity * 2 : 64;
			char **more = reallocarray(*names, capacity, sizeof **names);
			if (!more)
				return err_nomem();
			*names = more;
		}
		if (!((*names)[*count] = strdup(entry->d_name)))
			return err_nomem();
		++*count;
	}
	return errno ? err_set_errno(errno, "can't read a directory of the registry") : 0;
}

static enum err list_names(int dir_fd, name_filter *wanted, char ***ret_names, size_t *ret_count)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		enum err err = err_set_errno(errno, "can't read a directory of the registry");
		if (fd >= 0)
			close(fd);
		return err;
	}
	char **names = NULL;
	size_t count = 0;
	enum err err = read_names(dir, wanted, &names, &count);
	closedir(dir);
	if (err) {
		names_free(names, count);
		return err;
	}
	if (count)
		qsort(names, count, sizeof *names, compare_names);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

enum err dir_names(int dir_fd, char ***ret_names, size_t *ret_count)
{
	return list_names(dir_fd, is_plain, ret_names, ret_count);
}

enum err dir_leftovers(int dir_fd, char ***ret_names, size_t *ret_count)
{
	return list_names(dir_fd, is_leftover, ret_names, ret_count);
}

static enum err remove_entry(int parent, const char *name, int depth);

static enum err remove_entries(int dir_fd, int depth)
{
	char **names;
	size_t count;
	TRY(list_names(dir_fd, is_any, &names, &count));
	enum err err = 0;
	for (size_t i = 0; i < count && !err; i++)
		err = remove_entry(dir_fd, names[i], depth);
	names_free(names, count);
	return err;
}

static enum err remove_entry(int parent, const char *name, int depth)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_set_errno(errno, "can't remove %s", name);
	int fd = depth > 0 ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd < 0)
		return depth > 0 && errno == ENOENT ? 0 : err_set_errno(depth > 0 ? errno : ELOOP, "can't remove %s", name);
	enum err err = remove_entries(fd, depth - 1);
	close(fd);
	if (!err && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		err = err_set_errno(errno, "can't remove %s", name);
	return err;
}

enum err tree_remove(int parent, const char *name)
{
	enum { DEPTH = 16 };
	return remove_entry(parent, name, DEPTH);
}

static enum err write_all(int fd, const char *name, struct view bytes)
{
	for (size_t done = 0; done < bytes.size;) {
		ssize_t put = write(fd, bytes.data + done, bytes.size - done);
		if (put < 0 && errno != EINTR)
			return err_set_errno(errno, "can't write %s", name);
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static enum err fill(int fd, const char *name, struct view bytes, unsigned mode, bool sync)
{
	TRY(write_all(fd, name, bytes));
	if (fchmod(fd, mode) < 0)
		return err_set_errno(errno, "can't set the mode of %s", name);
	if (sync && fsync(fd) < 0)
		return err_set_errno(errno, "can't write %s", name);
	return 0;
}

enum err file_write(int dir_fd, const char *name, struct view bytes, unsigned mode, bool sync)
{
	uint64_t random = 0;
	char temporary[64];
	if (getrandom(&random, sizeof random, 0) < 0)
		return err_set_errno(errno, "random numbers for a file's name");
	snprintf(temporary, sizeof temporary, ".new-%016llx", (unsigned long long)random);
	int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set_errno(errno, "can't write %s", name);
	enum err err = fill(fd, name, bytes, mode, sync);
	if (close(fd) < 0 && !err)
		err = err_set_errno(errno, "can't write %s", name);
	if (!err && renameat(dir_fd, temporary, dir_fd, name) < 0)
		err = err_set_errno(errno, "can't write %s", name);
	if (err)
		unlinkat(dir_fd, temporary, 0);
	return err;
}

enum err file_read(int fd, const char *name, uint64_t max, struct buf *out)
{
	struct stat stat;
	size_t step = 64 << 10;
	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size > 0 && (uint64_t)stat.st_size <= max)
		step = (size_t)stat.st_size + 1;
	for (size_t start = out->size;;) {
		if (!buf_reserve(out, step))
			return err_nomem();
		ssize_t got = read(fd, out->data + out->size, out->capacity - out->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(errno, "can't read %s", name);
		if (got == 0)
			return 0;
		out->size += (size_t)got;
		if (out->size - start > max)
			return err_set(ERR_LIMIT, "%s is larger than %llu bytes", name, (unsigned long long)max);
		step = 64 << 10;
	}
}
