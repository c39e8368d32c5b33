/*
 * What a guest must not reach, whatever directories it was given: this process, through procfs and what stands for memory and disks; and
 * the registry, where its recording is.
 *
 * What is looked at is open already, so no symlink or rename can change it. The registry is known by its inode, not by name: mounts that
 * show a directory again, and file systems that fold case, give it several.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/parts.h"

/* Where an open file is now; false if the kernel cannot tell. */
static bool path_of(int fd, char path[4096])
{
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t size = readlink(link, path, 4095);
	if (size < 0)
		return false;
	path[size] = 0;
	return true;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether a directory is `top` or below it. Without an answer it is: the guest does not pass. */
static bool is_below(int dir, const struct stat *top)
{
	enum { DEEPEST = 4096 }; /* a directory of a mount that was detached never comes to the root */
	struct stat here, root;
	bool below = true;
	if (stat("/", &root) != 0)
		return true;
	int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int depth = 0; at >= 0 && depth < DEEPEST && fstat(at, &here) == 0 && !is_same(&here, top); depth++) {
		if (is_same(&here, &root)) {
			below = false;
			break;
		}
		int above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = above;
	}
	if (at >= 0)
		close(at);
	return below;
}

/* Opens the directory that a file is in; -1 if it is in none: a pipe, or a file that was removed. False if the kernel cannot tell. */
static bool open_parent(int fd, int *ret_dir)
{
	for (int tries = 0; tries < 100; tries++) { /* again while another renames it */
		char path[4096];
		struct stat file, found;
		if (!path_of(fd, path) || fstat(fd, &file) != 0)
			return false;
		*ret_dir = -1;
		if (path[0] != '/' || file.st_nlink == 0)
			return true;
		char *slash = strrchr(path, '/');
		*slash = 0;
		int dir = open(slash == path ? "/" : path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		if (fstatat(dir, slash + 1, &found, AT_SYMLINK_NOFOLLOW) == 0 && is_same(&found, &file)) {
			*ret_dir = dir;
			return true;
		}
		close(dir);
	}
	return false;
}

/* Without an answer the guest does not pass. */
static bool in_registry(const struct host *h, int fd)
{
	struct stat registry, file;
	int dir;
	if (h->options.registry_fd < 0)
		return false;
	if (fstat(h->options.registry_fd, &registry) != 0 || fstat(fd, &file) != 0)
		return true;
	if (S_ISDIR(file.st_mode))
		return is_below(fd, &registry);
	if (!open_parent(fd, &dir))
		return true;
	bool inside = dir >= 0 && is_below(dir, &registry);
	if (dir >= 0)
		close(dir);
	return inside;
}

/* Whether a number in procfs names this process or one of its threads. */
static bool is_own_task(const char *number, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%.*s", (int)size, number);
	return access(path, F_OK) == 0;
}

static uint32_t guard_procfs(int fd)
{
	static const char *const never[] = { "mem", "pagemap", "kcore", "kmem", "clear_refs", "auxv", "syscall" };
	char path[4096];
	if (!path_of(fd, path))
		return WASI_EACCES;
	static const char gone[] = " (deleted)"; /* of a task that ended: whose it was cannot be told */
	size_t size = strlen(path);
	if (size >= sizeof gone - 1 && strcmp(path + size - (sizeof gone - 1), gone) == 0)
		return WASI_EACCES;
	const char *last = strrchr(path, '/');
	for (size_t i = 0; last && i < sizeof never / sizeof *never; i++) {
		if (strcmp(last + 1, never[i]) == 0)
			return WASI_EACCES;
	}
	for (const char *part = path; *part; part++) {
		size_t digits = strspn(part + 1, "0123456789");
		if (*part == '/' && digits && digits < 20 && is_own_task(part + 1, digits))
			return WASI_EACCES;
	}
	return 0;
}

/* /dev/mem, /dev/kmem and /dev/port. */
static bool is_memory_device(const struct stat *stat)
{
	return S_ISCHR(stat->st_mode) && major(stat->st_rdev) == 1 &&
		(minor(stat->st_rdev) == 1 || minor(stat->st_rdev) == 2 || minor(stat->st_rdev) == 4);
}

uint32_t guard_opened(const struct host *h, int fd, int flags)
{
	struct statfs fs;
	struct stat stat;
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
	if (fstatfs(fd, &fs) != 0 || fstat(fd, &stat) != 0)
		return errno_of(errno);
	if (is_memory_device(&stat) || (writes && S_ISBLK(stat.st_mode)))
		return WASI_EACCES;
	switch ((unsigned long)fs.f_type) {
	case PROC_SUPER_MAGIC:
		if (writes)
			return WASI_EACCES;
		return guard_procfs(fd);
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case BPF_FS_MAGIC: return writes ? WASI_EACCES : 0;
	default: return writes && in_registry(h, fd) ? WASI_EACCES : 0;
	}
}

/* Nothing is made, removed or renamed in the registry, and no directory above it is. */
uint32_t guard_place(const struct host *h, const struct place *place)
{
	char name[NAME_MAX + 1];
	struct stat registry, named;
	if (h->options.registry_fd < 0)
		return 0;
	size_t length = strcspn(place->name, "/");
	if (length > NAME_MAX)
		return WASI_ENAMETOOLONG;
	if (fstat(h->options.registry_fd, &registry) != 0 || is_below(place->dir, &registry))
		return WASI_EACCES;
	memcpy(name, place->name, length);
	name[length] = 0;
	if (fstatat(place->dir, name, &named, AT_SYMLINK_NOFOLLOW) != 0)
		return 0; /* nothing is there that could lead to the registry */
	return S_ISDIR(named.st_mode) && is_below(h->options.registry_fd, &named) ? WASI_EACCES : 0;
}

uint32_t guard_change(const struct host *h, int fd)
{
	return in_registry(h, fd) ? WASI_EACCES : 0;
}
