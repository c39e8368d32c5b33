/*
 * What a guest must not reach, whatever directories it was given: this process, through procfs and what stands for memory and disks; and
 * the registry, where its recording is.
 *
 * Paths are those the kernel gives for descriptors that are open already, so no symlink or rename can change what was looked at.
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

/* Whether `path` is `top` or below it. */
static bool is_below(const char *path, const char *top)
{
	size_t size = strlen(top);
	return strncmp(path, top, size) == 0 && (path[size] == 0 || path[size] == '/' || size == 1);
}

/* Without an answer the guest does not pass. */
static bool in_registry(const struct host *h, int fd)
{
	char path[4096], registry[4096];
	if (h->options.registry_fd < 0)
		return false;
	return !path_of(fd, path) || !path_of(h->options.registry_fd, registry) || is_below(path, registry);
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
	char path[4096 + 256], registry[4096];
	if (h->options.registry_fd < 0)
		return 0;
	size_t length = strcspn(place->name, "/");
	if (!path_of(place->dir, path) || !path_of(h->options.registry_fd, registry) || length > NAME_MAX)
		return length > NAME_MAX ? WASI_ENAMETOOLONG : WASI_EACCES;
	if (is_below(path, registry))
		return WASI_EACCES;
	size_t size = strlen(path);
	snprintf(path + size, sizeof path - size, "%s%.*s", size == 1 ? "" : "/", (int)length, place->name);
	return is_below(registry, path) ? WASI_EACCES : 0;
}

uint32_t guard_change(const struct host *h, int fd)
{
	return in_registry(h, fd) ? WASI_EACCES : 0;
}
