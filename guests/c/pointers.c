/*
 * pointers FILE: calls the host with pointers that lead nowhere. Every such call must give EFAULT, do nothing, and leave the guest alive.
 * Prints the calls that did otherwise, and how many there were.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

typedef uint32_t u32;
typedef uint64_t u64;

IMPORT(args_get) u32 args_get(u32 argv, u32 buf);
IMPORT(args_sizes_get) u32 args_sizes_get(u32 count, u32 size);
IMPORT(environ_get) u32 environ_get(u32 environ, u32 buf);
IMPORT(environ_sizes_get) u32 environ_sizes_get(u32 count, u32 size);
IMPORT(clock_res_get) u32 clock_res_get(u32 id, u32 resolution);
IMPORT(clock_time_get) u32 clock_time_get(u32 id, u64 precision, u32 time);
IMPORT(fd_fdstat_get) u32 fd_fdstat_get(u32 fd, u32 stat);
IMPORT(fd_filestat_get) u32 fd_filestat_get(u32 fd, u32 stat);
IMPORT(fd_prestat_get) u32 fd_prestat_get(u32 fd, u32 prestat);
IMPORT(fd_prestat_dir_name) u32 fd_prestat_dir_name(u32 fd, u32 path, u32 size);
IMPORT(fd_pread) u32 fd_pread(u32 fd, u32 iovs, u32 count, u64 offset, u32 nread);
IMPORT(fd_pwrite) u32 fd_pwrite(u32 fd, u32 iovs, u32 count, u64 offset, u32 nwritten);
IMPORT(fd_read) u32 fd_read(u32 fd, u32 iovs, u32 count, u32 nread);
IMPORT(fd_write) u32 fd_write(u32 fd, u32 iovs, u32 count, u32 nwritten);
IMPORT(fd_readdir) u32 fd_readdir(u32 fd, u32 buf, u32 size, u64 cookie, u32 used);
IMPORT(fd_seek) u32 fd_seek(u32 fd, u64 offset, u32 whence, u32 result);
IMPORT(fd_tell) u32 fd_tell(u32 fd, u32 offset);
IMPORT(path_create_directory) u32 path_create_directory(u32 fd, u32 path, u32 size);
IMPORT(path_filestat_get) u32 path_filestat_get(u32 fd, u32 flags, u32 path, u32 size, u32 stat);
IMPORT(path_filestat_set_times) u32 path_filestat_set_times(u32 fd, u32 flags, u32 path, u32 size, u64 atim, u64 mtim, u32 which);
IMPORT(path_link) u32 path_link(u32 old_fd, u32 flags, u32 old_path, u32 old_size, u32 fd, u32 path, u32 size);
IMPORT(path_open) u32 path_open(u32 fd, u32 flags, u32 path, u32 size, u32 oflags, u64 base, u64 inheriting, u32 fdflags, u32 opened);
IMPORT(path_readlink) u32 path_readlink(u32 fd, u32 path, u32 size, u32 buf, u32 room, u32 used);
IMPORT(path_remove_directory) u32 path_remove_directory(u32 fd, u32 path, u32 size);
IMPORT(path_rename) u32 path_rename(u32 old_fd, u32 old_path, u32 old_size, u32 fd, u32 path, u32 size);
IMPORT(path_symlink) u32 path_symlink(u32 old_path, u32 old_size, u32 fd, u32 path, u32 size);
IMPORT(path_unlink_file) u32 path_unlink_file(u32 fd, u32 path, u32 size);
IMPORT(poll_oneoff) u32 poll_oneoff(u32 in, u32 out, u32 count, u32 events);
IMPORT(random_get) u32 random_get(u32 buf, u32 size);
IMPORT(sock_accept) u32 sock_accept(u32 fd, u32 flags, u32 opened);
IMPORT(sock_recv) u32 sock_recv(u32 fd, u32 iovs, u32 count, u32 flags, u32 size, u32 out_flags);
IMPORT(sock_send) u32 sock_send(u32 fd, u32 iovs, u32 count, u32 flags, u32 size);

enum { EFAULT_ERRNO = 21, BAD = 0xfffffff0u };

static int calls, others;

#define EXPECT(call) expect(#call, call)

static void expect(const char *call, u32 errno_)
{
	calls++;
	if (errno_ != EFAULT_ERRNO) {
		others++;
		printf("%s = %u\n", call, errno_);
	}
}

static u32 address(const void *object)
{
	return (u32)(uintptr_t)object;
}

static void process_calls(u32 good)
{
	EXPECT(args_get(BAD, good));
	EXPECT(args_get(good, BAD));
	EXPECT(args_sizes_get(BAD, good));
	EXPECT(args_sizes_get(good, BAD));
	EXPECT(environ_sizes_get(BAD, good));
	EXPECT(environ_sizes_get(good, BAD));
	EXPECT(environ_get(BAD, good));
	EXPECT(environ_get(good, BAD));
	EXPECT(clock_res_get(1, BAD));
	EXPECT(clock_time_get(1, 0, BAD));
	EXPECT(poll_oneoff(BAD, good, 1, good));
	EXPECT(poll_oneoff(good, BAD, 1, good));
	EXPECT(poll_oneoff(good, good, 1, BAD));
	EXPECT(poll_oneoff(good, good, 0x7fffffff, good));
	EXPECT(random_get(BAD, 17));
	EXPECT(random_get(good, 0xffffffff));
}

static void descriptor_calls(u32 fd, u32 good)
{
	u32 right[2] = { good, 8 }, wrong[2] = { BAD, 32 }, large[2] = { good, 0xffffffff };
	u32 vector = address(right), lost = address(wrong), huge = address(large);
	EXPECT(fd_fdstat_get(fd, BAD));
	EXPECT(fd_filestat_get(fd, BAD));
	EXPECT(fd_prestat_get(3, BAD));
	EXPECT(fd_prestat_dir_name(3, BAD, 32));
	EXPECT(fd_read(fd, BAD, 1, good));
	EXPECT(fd_read(fd, lost, 1, good));
	EXPECT(fd_read(fd, huge, 1, good));
	EXPECT(fd_read(fd, vector, 0x20000000, good));
	EXPECT(fd_read(fd, vector, 1, BAD));
	EXPECT(fd_pread(fd, lost, 1, 0, good));
	EXPECT(fd_pread(fd, vector, 1, 0, BAD));
	EXPECT(fd_write(1, BAD, 1, good));
	EXPECT(fd_write(1, lost, 1, good));
	EXPECT(fd_write(1, huge, 1, good));
	EXPECT(fd_write(1, vector, 0xffffffff, good));
	EXPECT(fd_write(1, vector, 1, BAD));
	EXPECT(fd_pwrite(fd, lost, 1, 0, good));
	EXPECT(fd_pwrite(fd, vector, 1, 0, BAD));
	EXPECT(fd_readdir(3, BAD, 64, 0, good));
	EXPECT(fd_readdir(3, good, 64, 0, BAD));
	EXPECT(fd_seek(fd, 0, 0, BAD));
	EXPECT(fd_tell(fd, BAD));
	EXPECT(sock_accept(3, 0, BAD));
	EXPECT(sock_recv(3, lost, 1, 0, good, good));
	EXPECT(sock_send(3, lost, 1, 0, good));
}

static void path_calls(u32 good)
{
	u32 name = address("pointers-name"), size = 13;
	EXPECT(path_create_directory(3, BAD, 32));
	EXPECT(path_filestat_get(3, 0, BAD, 32, good));
	EXPECT(path_filestat_get(3, 0, name, size, BAD));
	EXPECT(path_filestat_set_times(3, 0, BAD, 32, 0, 0, 0));
	EXPECT(path_link(3, 0, BAD, 32, 3, name, size));
	EXPECT(path_link(3, 0, name, size, 3, BAD, 32));
	EXPECT(path_open(3, 0, BAD, 32, 0, 0, 0, 0, good));
	EXPECT(path_open(3, 0, name, 0xffffffff, 0, 0, 0, 0, good));
	EXPECT(path_open(3, 0, name, size, 1, 2, 0, 0, BAD));
	EXPECT(path_readlink(3, BAD, 32, good, 8, good));
	EXPECT(path_readlink(3, name, size, BAD, 32, good));
	EXPECT(path_readlink(3, name, size, good, 8, BAD));
	EXPECT(path_remove_directory(3, BAD, 32));
	EXPECT(path_rename(3, BAD, 32, 3, name, size));
	EXPECT(path_rename(3, name, size, 3, BAD, 32));
	EXPECT(path_symlink(BAD, 32, 3, name, size));
	EXPECT(path_symlink(name, size, 3, BAD, 32));
	EXPECT(path_unlink_file(3, BAD, 32));
}

int main(int argc, char **argv)
{
	static u64 room[64];
	int fd = open(argc > 1 ? argv[1] : "", O_RDWR);
	if (fd < 0)
		return 2;
	process_calls(address(room));
	descriptor_calls((u32)fd, address(room));
	path_calls(address(room));
	printf("%d calls, %d without EFAULT\n", calls, others);
	return others ? 1 : 0;
}
