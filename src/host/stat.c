#include <sys/socket.h>

#include "base/time.h"
#include "host/parts.h"

uint8_t filetype_of(int fd, const struct stat *stat)
{
	switch (stat->st_mode & S_IFMT) {
	case S_IFREG: return WASI_filetype_REGULAR_FILE;
	case S_IFDIR: return WASI_filetype_DIRECTORY;
	case S_IFLNK: return WASI_filetype_SYMBOLIC_LINK;
	case S_IFCHR: return WASI_filetype_CHARACTER_DEVICE;
	case S_IFBLK: return WASI_filetype_BLOCK_DEVICE;
	case S_IFSOCK: {
		int type = 0;
		socklen_t size = sizeof type;
		bool datagram = fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
		return datagram ? WASI_filetype_SOCKET_DGRAM : WASI_filetype_SOCKET_STREAM;
	}
	default: return WASI_filetype_UNKNOWN; /* a pipe: preview 1 has no type for it */
	}
}

static uint64_t ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

static void put(struct filestat_bytes *to, const void *value, uint32_t size)
{
	memcpy(to->bytes + to->size, value, size);
	to->size += size;
}

/* Fields in order of their offsets; wasi_unstable has a link count of 32 bits behind the type, without padding. */
struct filestat_bytes filestat_of(int fd, const struct stat *stat, bool unstable)
{
	struct filestat_bytes to = { 0 };
	uint64_t dev = stat->st_dev, ino = stat->st_ino, nlink = stat->st_nlink, size = (uint64_t)stat->st_size;
	uint64_t type = filetype_of(fd, stat);
	uint64_t times[3] = { ns_of(&stat->st_atim), ns_of(&stat->st_mtim), ns_of(&stat->st_ctim) };
	put(&to, &dev, 8);
	put(&to, &ino, 8);
	put(&to, &type, unstable ? 4 : 8);
	put(&to, &nlink, unstable ? 4 : 8);
	put(&to, &size, 8);
	put(&to, times, sizeof times);
	return to;
}

static uint32_t time_of_flags(uint64_t ns, bool set, bool now, struct timespec *ret_time)
{
	if (set && now)
		return WASI_EINVAL;
	if (set)
		*ret_time = (struct timespec){ (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };
	else
		*ret_time = (struct timespec){ 0, now ? UTIME_NOW : UTIME_OMIT };
	return 0;
}

uint32_t times_of(uint64_t atim, uint64_t mtim, uint32_t flags, struct timespec ret_times[2])
{
	if (flags >= 16)
		return WASI_EINVAL;
	uint32_t error = time_of_flags(atim, flags & WASI_fstflags_ATIM, flags & WASI_fstflags_ATIM_NOW, &ret_times[0]);
	return error ? error : time_of_flags(mtim, flags & WASI_fstflags_MTIM, flags & WASI_fstflags_MTIM_NOW, &ret_times[1]);
}
