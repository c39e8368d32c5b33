/* Calls on descriptors. */
#include <errno.h>
#include <unistd.h>

#include "host/parts.h"

static uint32_t result_of(int result)
{
	return result < 0 ? errno_of(errno) : 0;
}

uint32_t host_fd_advise(struct host *h, struct call *call, const struct fd_advise_args *a)
{
	static const int advices[] = { POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM, POSIX_FADV_WILLNEED,
		POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE };
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_ADVISE, &d);
	(void)call;
	if (error)
		return error;
	if (a->advice >= sizeof advices / sizeof *advices)
		return WASI_EINVAL;
	return errno_of(posix_fadvise(d->fd, (off_t)a->offset, (off_t)a->len, advices[a->advice]));
}

uint32_t host_fd_allocate(struct host *h, struct call *call, const struct fd_allocate_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_ALLOCATE, &d);
	if (error)
		return error;
	/* Not posix_fallocate: where the file system cannot it writes to every block, and nothing stops it. */
	while (fallocate(d->fd, 0, (off_t)a->offset, (off_t)a->len) != 0) {
		if (errno != EINTR)
			return errno_of(errno);
		if (stopping(h)) {
			call->end = CALL_STOPS;
			return WASI_EINTR;
		}
	}
	return 0;
}

uint32_t host_fd_close(struct host *h, struct call *call, const struct fd_close_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, 0, &d);
	(void)call;
	if (!error)
		descriptor_close(d);
	return error;
}

/* A pipe or terminal has nothing to write back: success, as where a file has. */
static uint32_t synced(int result)
{
	return result < 0 && errno == EINVAL ? 0 : result_of(result);
}

uint32_t host_fd_datasync(struct host *h, struct call *call, const struct fd_datasync_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_DATASYNC, &d);
	(void)call;
	return error ? error : synced(fdatasync(d->fd));
}

uint32_t host_fd_sync(struct host *h, struct call *call, const struct fd_sync_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_SYNC, &d);
	(void)call;
	return error ? error : synced(fsync(d->fd));
}

uint32_t host_fd_fdstat_get(struct host *h, struct call *call, const struct fd_fdstat_get_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, 0, &d);
	if (error)
		return error;
	uint8_t bytes[24] = { d->filetype };
	memcpy(bytes + 2, &d->flags, 2);
	memcpy(bytes + 8, &d->rights, 8);
	memcpy(bytes + 16, &d->inheriting, 8);
	return guest_write(call, a->stat, bytes, sizeof bytes) ? 0 : WASI_EFAULT;
}

/* NONBLOCK is the guest's own affair; APPEND is the kernel's, but not for a file description that we share. */
uint32_t host_fd_fdstat_set_flags(struct host *h, struct call *call, const struct fd_fdstat_set_flags_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_FDSTAT_SET_FLAGS, &d);
	(void)call;
	if (error)
		return error;
	uint32_t known = WASI_fdflags_APPEND | WASI_fdflags_DSYNC | WASI_fdflags_NONBLOCK | WASI_fdflags_RSYNC | WASI_fdflags_SYNC;
	if (a->flags & ~known)
		return WASI_EINVAL;
	uint32_t syncs = WASI_fdflags_DSYNC | WASI_fdflags_RSYNC | WASI_fdflags_SYNC;
	if ((a->flags ^ d->flags) & syncs)
		return WASI_ENOTSUP; /* Linux cannot change these later either */
	if ((a->flags ^ d->flags) & WASI_fdflags_APPEND) {
		if (d->inherited)
			return WASI_ENOTSUP;
		int flags = fcntl(d->fd, F_GETFL);
		flags = a->flags & WASI_fdflags_APPEND ? flags | O_APPEND : flags & ~O_APPEND;
		if (fcntl(d->fd, F_SETFL, flags) != 0)
			return errno_of(errno);
	}
	d->flags = (uint16_t)a->flags;
	return 0;
}

/* Rights are only ever given up. */
uint32_t host_fd_fdstat_set_rights(struct host *h, struct call *call, const struct fd_fdstat_set_rights_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, 0, &d);
	(void)call;
	if (error)
		return error;
	if (a->fs_rights_base & ~d->rights || a->fs_rights_inheriting & ~d->inheriting)
		return WASI_ENOTCAPABLE;
	d->rights = a->fs_rights_base;
	d->inheriting = a->fs_rights_inheriting;
	return 0;
}

static uint32_t get_filestat(struct host *h, struct call *call, uint32_t fd, uint32_t to, bool unstable)
{
	struct descriptor *d;
	struct stat stat;
	uint32_t error = descriptor_get(h, fd, WASI_rights_FD_FILESTAT_GET, &d);
	if (error)
		return error;
	if (fstat(d->fd, &stat) != 0)
		return errno_of(errno);
	struct filestat_bytes bytes = filestat_of(d->fd, &stat, unstable);
	return guest_write(call, to, bytes.bytes, bytes.size) ? 0 : WASI_EFAULT;
}

uint32_t host_fd_filestat_get(struct host *h, struct call *call, const struct fd_filestat_get_args *a)
{
	return get_filestat(h, call, a->fd, a->buf, false);
}

uint32_t host_unstable_fd_filestat_get(struct host *h, struct call *call, const struct unstable_fd_filestat_get_args *a)
{
	return get_filestat(h, call, a->fd, a->buf, true);
}

uint32_t host_fd_filestat_set_size(struct host *h, struct call *call, const struct fd_filestat_set_size_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_FILESTAT_SET_SIZE, &d);
	(void)call;
	if (!error && d->inherited)
		error = guard_change(h, d->fd);
	return error ? error : result_of(ftruncate(d->fd, (off_t)a->size));
}

uint32_t host_fd_filestat_set_times(struct host *h, struct call *call, const struct fd_filestat_set_times_args *a)
{
	struct descriptor *d;
	struct timespec times[2];
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_FILESTAT_SET_TIMES, &d);
	(void)call;
	if (!error) /* the kernel lets an owner set them through a descriptor that only reads */
		error = d->read_only ? WASI_EROFS : guard_change(h, d->fd);
	if (!error)
		error = times_of(a->atim, a->mtim, a->fst_flags, times);
	return error ? error : result_of(futimens(d->fd, times));
}

uint32_t host_fd_prestat_get(struct host *h, struct call *call, const struct fd_prestat_get_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, 0, &d);
	if (error || !d->preopen)
		return WASI_EBADF;
	uint32_t prestat[2] = { WASI_preopentype_DIR, (uint32_t)strlen(d->name) };
	return guest_write(call, a->prestat, prestat, sizeof prestat) ? 0 : WASI_EFAULT;
}

uint32_t host_fd_prestat_dir_name(struct host *h, struct call *call, const struct fd_prestat_dir_name_args *a)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, a->fd, 0, &d);
	if (error || !d->preopen)
		return WASI_EBADF;
	size_t size = strlen(d->name);
	if (size > a->path.size)
		return WASI_ENAMETOOLONG;
	return guest_write(call, a->path.at, d->name, (uint32_t)size) ? 0 : WASI_EFAULT;
}

/* What was at `to` is closed; what was at `fd` is there alone. Preopened directories too may move. */
uint32_t host_fd_renumber(struct host *h, struct call *call, const struct fd_renumber_args *a)
{
	struct descriptor *from, *to;
	uint32_t error = descriptor_get(h, a->fd, 0, &from);
	(void)call;
	if (!error)
		error = descriptor_get(h, a->to, 0, &to);
	if (error || from == to)
		return error;
	descriptor_close(to);
	*to = *from;
	*from = (struct descriptor){ .fd = -1 };
	return 0;
}

static uint32_t seek(struct host *h, struct call *call, uint32_t fd, uint64_t offset, int whence, uint64_t rights, uint32_t to)
{
	struct descriptor *d;
	uint32_t error = descriptor_get(h, fd, rights, &d);
	if (error == WASI_ENOTCAPABLE && h->table[fd].waits)
		return WASI_ESPIPE;
	if (error)
		return error;
	off_t at = lseek(d->fd, (off_t)offset, whence);
	if (at < 0)
		return errno_of(errno);
	return guest_write_u64(call, to, (uint64_t)at) ? 0 : WASI_EFAULT;
}

uint32_t host_fd_seek(struct host *h, struct call *call, const struct fd_seek_args *a)
{
	static const int whences[] = { SEEK_SET, SEEK_CUR, SEEK_END };
	if (a->whence >= 3)
		return WASI_EINVAL;
	return seek(h, call, a->fd, a->offset, whences[a->whence], WASI_rights_FD_SEEK, a->newoffset);
}

uint32_t host_unstable_fd_seek(struct host *h, struct call *call, const struct unstable_fd_seek_args *a)
{
	static const int whences[] = { SEEK_CUR, SEEK_END, SEEK_SET };
	if (a->whence >= 3)
		return WASI_EINVAL;
	return seek(h, call, a->fd, a->offset, whences[a->whence], WASI_rights_FD_SEEK, a->newoffset);
}

uint32_t host_fd_tell(struct host *h, struct call *call, const struct fd_tell_args *a)
{
	return seek(h, call, a->fd, 0, SEEK_CUR, WASI_rights_FD_TELL, a->offset);
}
