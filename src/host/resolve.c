/*
 * From a guest's path to a descriptor. The kernel walks the path, confined: nothing here looks at ".." or symlinks but to create through a
 * symlink that points to nothing.
 */
#include <errno.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/parts.h"

static int open_confined(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t confine)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = RESOLVE_NO_MAGICLINKS | confine };
	for (int tries = 0;; tries++) {
		enum { MOST = 10000 }; /* EAGAIN may also be a lease that another holds, and then it stays */
		int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
		if (fd >= 0)
			return fd;
		bool retry = errno == EINTR || (errno == EAGAIN && confine); /* something was renamed while the kernel checked */
		if (!retry || tries == MOST)
			return -errno;
	}
}

int resolve(const struct descriptor *dir, const char *path, uint64_t flags, uint64_t mode)
{
	static const uint64_t confine[] = { [REACH_BENEATH] = RESOLVE_BENEATH, [REACH_ROOT] = RESOLVE_IN_ROOT, [REACH_WHOLE] = 0 };
	return open_confined(dir->fd, path, flags, mode, confine[dir->reach]);
}

static uint32_t refusal(int error)
{
	return error == EXDEV ? WASI_ENOTCAPABLE : errno_of(error);
}

uint32_t resolve_place(struct host *h, const struct descriptor *dir, const char *path, struct place *ret_place)
{
	(void)h;
	char parent[4096];
	size_t end = strlen(path);
	while (end > 1 && path[end - 1] == '/')
		end--;
	size_t start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (end == 0)
		return WASI_ENOENT;
	memcpy(parent, path, start);
	parent[start] = 0;
	int fd = resolve(dir, start ? parent : ".", O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return refusal(-fd);
	*ret_place = (struct place){ fd, start == end ? "." : path + start };
	return 0;
}

void place_finish(struct place *place)
{
	close(place->dir);
}

/* What a symlink that leads to nothing says, as a path for the same directory descriptor; false when it is no symlink. */
static bool read_link_at(const struct place *place, const char *path, char target[4096])
{
	char link[4096];
	ssize_t size = readlinkat(place->dir, place->name, link, sizeof link - 1);
	if (size <= 0)
		return false;
	link[size] = 0;
	const char *slash = strrchr(path, '/');
	size_t head = link[0] != '/' && slash ? (size_t)(slash - path) + 1 : 0;
	if (head + (size_t)size >= 4096)
		return false;
	memmove(target, path, head);
	memcpy(target + head, link, (size_t)size + 1);
	return true;
}

/* Creates the file that `path` names, if the guard lets it. Where another has made one meanwhile the kernel says EEXIST, and the caller
 * starts over. */
static int create(struct host *h, const struct descriptor *dir, const char *path, int flags, uint32_t *ret_error, char target[4096])
{
	struct place place;
	target[0] = 0;
	*ret_error = resolve_place(h, dir, path, &place);
	if (*ret_error)
		return -1;
	int fd = -1;
	*ret_error = guard_place(h, &place);
	if (!*ret_error) {
		fd = open_confined(place.dir, place.name, (uint64_t)(flags | O_CREAT | O_EXCL | O_NOFOLLOW), 0666, RESOLVE_BENEATH);
		*ret_error = fd < 0 ? refusal(-fd) : 0;
	}
	if (*ret_error == WASI_EEXIST && !(flags & (O_EXCL | O_NOFOLLOW)))
		read_link_at(&place, path, target);
	place_finish(&place);
	return fd;
}

static bool is_fifo(const struct descriptor *dir, const char *path, int flags)
{
	struct stat stat;
	int fd = resolve(dir, path, (uint64_t)(O_PATH | (flags & O_NOFOLLOW)), 0);
	bool fifo = fd >= 0 && fstat(fd, &stat) == 0 && S_ISFIFO(stat.st_mode);
	if (fd >= 0)
		close(fd);
	return fifo;
}

/* Never blocks in the kernel. A FIFO that nobody reads yet is waited for, as natively, but so that the guest can be stopped. */
static int open_existing(struct host *h, struct call *call, const struct descriptor *dir, const char *path, int flags)
{
	for (;;) {
		int fd = resolve(dir, path, (uint64_t)((flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_NONBLOCK), 0);
		bool unread = fd == -ENXIO && (flags & (O_ACCMODE | O_NONBLOCK)) == O_WRONLY && is_fifo(dir, path, flags);
		if (!unread)
			return fd;
		if (stopping(h)) {
			call->end = CALL_STOPS;
			return -EINTR;
		}
		usleep(10000);
	}
}

/* Opens first what is there, without changing it; it is looked at before it is truncated, and what is not there is created in a directory
 * that was looked at. */
uint32_t resolve_open(struct host *h, struct call *call, const struct descriptor *dir, const char *path, int flags, int *ret_fd)
{
	enum { MAX_LINKS = 40 };
	char target[4096];
	for (int links = 0; links < MAX_LINKS; links++) {
		uint32_t error;
		int fd = flags & O_CREAT && flags & O_EXCL ? -ENOENT : open_existing(h, call, dir, path, flags);
		if (fd >= 0) {
			error = guard_opened(h, fd, flags);
			if (!error && flags & O_TRUNC && ftruncate(fd, 0) != 0 && errno != EINVAL)
				error = errno_of(errno);
			if (error)
				close(fd);
			*ret_fd = fd;
			return error;
		}
		if (fd != -ENOENT || !(flags & O_CREAT))
			return refusal(-fd);
		fd = create(h, dir, path, flags & ~O_TRUNC, &error, target);
		if (fd >= 0) {
			*ret_fd = fd;
			return 0;
		}
		if (error != WASI_EEXIST || flags & O_EXCL)
			return error;
		if (target[0])
			path = memcpy(h->path[1], target, sizeof target);
	}
	return WASI_ELOOP;
}
