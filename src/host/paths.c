/* Calls on paths. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "host/parts.h"

/* The directory that a path starts from, and the path. */
static uint32_t begin(struct host *h, struct call *call, uint32_t fd, uint64_t rights, struct guest_range range, int which,
	struct descriptor **ret_dir, const char **ret_path)
{
	uint32_t error = descriptor_get(h, fd, 0, ret_dir);
	if (error)
		return error;
	if ((*ret_dir)->filetype != WASI_filetype_DIRECTORY)
		return WASI_ENOTDIR;
	error = descriptor_get(h, fd, rights, ret_dir);
	return error ? error : read_path(h, call, range, which, ret_path);
}

/* The place of something to be made, removed or renamed. */
static uint32_t begin_change(struct host *h, struct call *call, uint32_t fd, uint64_t rights, struct guest_range range, int which,
	struct place *ret_place)
{
	struct descriptor *dir;
	const char *path;
	uint32_t error = begin(h, call, fd, rights, range, which, &dir, &path);
	if (!error && dir->read_only)
		error = WASI_EROFS;
	if (!error)
		error = resolve_place(h, dir, path, ret_place);
	if (error)
		return error;
	error = guard_place(h, ret_place);
	if (error)
		place_finish(ret_place);
	return error;
}

/* What a path names, as a descriptor to look at it by. */
static uint32_t look(struct host *h, struct call *call, uint32_t fd, uint64_t rights, bool follow, struct guest_range range,
	struct descriptor **ret_dir, int *ret_fd)
{
	const char *path;
	uint32_t error = begin(h, call, fd, rights, range, 0, ret_dir, &path);
	if (error)
		return error;
	*ret_fd = resolve(*ret_dir, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
	return *ret_fd >= 0 ? 0 : *ret_fd == -EXDEV ? WASI_ENOTCAPABLE : errno_of(-*ret_fd);
}

/* The errno of what a call returned, looked at before the descriptors it used are closed. */
static uint32_t after(int result, struct place *place)
{
	uint32_t error = result < 0 ? errno_of(errno) : 0;
	place_finish(place);
	return error;
}

uint32_t host_path_create_directory(struct host *h, struct call *call, const struct path_create_directory_args *a)
{
	struct place place;
	uint32_t error = begin_change(h, call, a->fd, WASI_rights_PATH_CREATE_DIRECTORY, a->path, 0, &place);
	return error ? error : after(mkdirat(place.dir, place.name, 0777), &place);
}

static uint32_t get_filestat(struct host *h, struct call *call, uint32_t dirfd, uint32_t flags, struct guest_range path, uint32_t to,
	bool unstable)
{
	struct descriptor *dir;
	struct stat stat;
	int fd;
	uint32_t error = look(h, call, dirfd, WASI_rights_PATH_FILESTAT_GET, flags & WASI_lookupflags_SYMLINK_FOLLOW, path, &dir, &fd);
	if (error)
		return error;
	error = fstat(fd, &stat) != 0 ? errno_of(errno) : 0;
	close(fd);
	if (error)
		return error;
	struct filestat_bytes bytes = filestat_of(-1, &stat, unstable);
	return guest_write(call, to, bytes.bytes, bytes.size) ? 0 : WASI_EFAULT;
}

uint32_t host_path_filestat_get(struct host *h, struct call *call, const struct path_filestat_get_args *a)
{
	return get_filestat(h, call, a->fd, a->flags, a->path, a->buf, false);
}

uint32_t host_unstable_path_filestat_get(struct host *h, struct call *call, const struct unstable_path_filestat_get_args *a)
{
	return get_filestat(h, call, a->fd, a->flags, a->path, a->buf, true);
}

uint32_t host_path_filestat_set_times(struct host *h, struct call *call, const struct path_filestat_set_times_args *a)
{
	struct descriptor *dir;
	struct timespec times[2];
	int fd;
	uint32_t error = times_of(a->atim, a->mtim, a->fst_flags, times);
	if (!error)
		error = look(h, call, a->fd, WASI_rights_PATH_FILESTAT_SET_TIMES, a->flags & WASI_lookupflags_SYMLINK_FOLLOW, a->path, &dir,
			&fd);
	if (error)
		return error;
	error = dir->read_only ? WASI_EROFS : guard_change(h, fd);
	if (!error && utimensat(fd, "", times, AT_EMPTY_PATH) != 0)
		error = errno_of(errno);
	close(fd);
	return error;
}

/* What is linked is named by a descriptor, so that it is what was looked at. */
static int link_opened(int fd, const struct place *to)
{
	char name[64];
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, name, to->dir, to->name, AT_SYMLINK_FOLLOW);
}

uint32_t host_path_link(struct host *h, struct call *call, const struct path_link_args *a)
{
	struct descriptor *dir;
	struct place to;
	int fd;
	uint32_t error = look(h, call, a->old_fd, WASI_rights_PATH_LINK_SOURCE, a->old_flags & WASI_lookupflags_SYMLINK_FOLLOW, a->old_path,
		&dir, &fd);
	if (error)
		return error;
	error = dir->read_only ? WASI_EROFS : guard_change(h, fd);
	if (!error)
		error = begin_change(h, call, a->new_fd, WASI_rights_PATH_LINK_TARGET, a->new_path, 1, &to);
	if (!error)
		error = after(link_opened(fd, &to), &to);
	close(fd);
	return error;
}

static int open_flags(const struct path_open_args *a)
{
	bool writes = a->fs_rights_base & WASI_rights_FD_WRITE;
	bool reads = a->fs_rights_base & (WASI_rights_FD_READ | WASI_rights_FD_READDIR);
	bool truncates = a->oflags & WASI_oflags_TRUNC; /* needs a descriptor that writes, whether or not the guest's rights do */
	int flags = writes || truncates ? (reads || !writes ? O_RDWR : O_WRONLY) : O_RDONLY;
	flags |= O_NOCTTY;
	flags |= a->fdflags & WASI_fdflags_NONBLOCK ? O_NONBLOCK : 0;
	flags |= a->dirflags & WASI_lookupflags_SYMLINK_FOLLOW ? 0 : O_NOFOLLOW;
	flags |= a->oflags & WASI_oflags_CREAT ? O_CREAT : 0;
	flags |= a->oflags & WASI_oflags_DIRECTORY ? O_DIRECTORY : 0;
	flags |= a->oflags & WASI_oflags_EXCL ? O_EXCL : 0;
	flags |= truncates ? O_TRUNC : 0;
	flags |= a->fdflags & WASI_fdflags_APPEND ? O_APPEND : 0;
	flags |= a->fdflags & WASI_fdflags_DSYNC ? O_DSYNC : 0;
	flags |= a->fdflags & (WASI_fdflags_SYNC | WASI_fdflags_RSYNC) ? O_SYNC : 0;
	return flags;
}

static uint32_t check_open(const struct descriptor *dir, const struct path_open_args *a, int flags)
{
	uint64_t rights = (flags & O_CREAT ? WASI_rights_PATH_CREATE_FILE : 0) | (flags & O_TRUNC ? WASI_rights_PATH_FILESTAT_SET_SIZE : 0);
	if ((dir->rights & rights) != rights)
		return WASI_ENOTCAPABLE;
	if (a->oflags & ~15u || a->fdflags & ~31u || (flags & O_CREAT && flags & O_DIRECTORY))
		return WASI_EINVAL;
	return 0;
}

uint32_t host_path_open(struct host *h, struct call *call, const struct path_open_args *a)
{
	if (h->options.socket_paths && a->fd > INT32_MAX)
		return socket_open_path(h, call, a);
	struct descriptor *dir;
	const char *path;
	int flags = open_flags(a);
	struct descriptor d = { .flags = (uint16_t)a->fdflags };
	uint32_t error = begin(h, call, a->fd, WASI_rights_PATH_OPEN, a->path, 0, &dir, &path);
	if (!error)
		error = check_open(dir, a, flags);
	if (error)
		return error;
	bool changes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
	if (dir->read_only && flags & O_CREAT) /* what is there may be opened, nothing is made */
		flags &= changes || flags & O_EXCL ? flags : ~O_CREAT;
	if (dir->read_only && (changes || flags & O_CREAT))
		return WASI_EROFS;
	error = resolve_open(h, call, dir, path, flags, &d.fd);
	if (error)
		return error;
	struct stat stat;
	if (fstat(d.fd, &stat) != 0) {
		error = errno_of(errno);
		close(d.fd);
		return error;
	}
	d.rights = a->fs_rights_base & dir->inheriting & RIGHTS_ALL;
	d.inheriting = a->fs_rights_inheriting & dir->inheriting & RIGHTS_ALL;
	d.reach = dir->reach == REACH_BENEATH ? REACH_BENEATH : REACH_WHOLE;
	d.read_only = dir->read_only;
	descriptor_describe(&d, &stat);
	uint32_t number;
	error = descriptor_add(h, &d, &number);
	if (error)
		return error;
	return guest_write_u32(call, a->opened_fd, number) ? 0 : WASI_EFAULT;
}

uint32_t host_path_readlink(struct host *h, struct call *call, const struct path_readlink_args *a)
{
	struct descriptor *dir;
	char target[4096];
	int fd;
	uint32_t error = look(h, call, a->fd, WASI_rights_PATH_READLINK, false, a->path, &dir, &fd);
	if (error)
		return error;
	ssize_t size = readlinkat(fd, "", target, sizeof target);
	error = size < 0 ? errno == ENOENT ? WASI_EINVAL : errno_of(errno) : 0; /* the kernel's word for: no symlink */
	close(fd);
	if (error)
		return error;
	uint32_t part = (uint32_t)size < a->buf.size ? (uint32_t)size : a->buf.size;
	return guest_write(call, a->buf.at, target, part) && guest_write_u32(call, a->bufused, part) ? 0 : WASI_EFAULT;
}

uint32_t host_path_remove_directory(struct host *h, struct call *call, const struct path_remove_directory_args *a)
{
	struct place place;
	uint32_t error = begin_change(h, call, a->fd, WASI_rights_PATH_REMOVE_DIRECTORY, a->path, 0, &place);
	return error ? error : after(unlinkat(place.dir, place.name, AT_REMOVEDIR), &place);
}

uint32_t host_path_unlink_file(struct host *h, struct call *call, const struct path_unlink_file_args *a)
{
	struct place place;
	uint32_t error = begin_change(h, call, a->fd, WASI_rights_PATH_UNLINK_FILE, a->path, 0, &place);
	return error ? error : after(unlinkat(place.dir, place.name, 0), &place);
}

uint32_t host_path_rename(struct host *h, struct call *call, const struct path_rename_args *a)
{
	struct place from, to;
	uint32_t error = begin_change(h, call, a->fd, WASI_rights_PATH_RENAME_SOURCE, a->old_path, 0, &from);
	if (error)
		return error;
	error = begin_change(h, call, a->new_fd, WASI_rights_PATH_RENAME_TARGET, a->new_path, 1, &to);
	if (!error)
		error = after(renameat(from.dir, from.name, to.dir, to.name), &to);
	place_finish(&from);
	return error;
}

/* What a symlink leads to is decided when it is followed. An absolute one leads nowhere from below a directory, but programs of the host
 * would follow it too. */
uint32_t host_path_symlink(struct host *h, struct call *call, const struct path_symlink_args *a)
{
	struct place place;
	const char *target;
	uint32_t error = read_path(h, call, a->old_path, 0, &target);
	if (!error)
		error = begin_change(h, call, a->fd, WASI_rights_PATH_SYMLINK, a->new_path, 1, &place);
	if (error)
		return error;
	if (target[0] == '/' && h->table[a->fd].reach == REACH_BENEATH) {
		place_finish(&place);
		return WASI_ENOTCAPABLE;
	}
	return after(symlinkat(target, place.dir, place.name), &place);
}
