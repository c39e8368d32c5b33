/*
 * Calls whose outputs lie over their inputs: iovecs over their own array, lengths inside of the array or of the data, events over
 * subscriptions, paths over what is told of them. Prints the memory that each left, as numbers.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

typedef uint32_t word;
#define CALL(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int32_t raw_##name
CALL(fd_read)(word fd, void *vectors, word count, void *nread);
CALL(fd_pread)(word fd, void *vectors, word count, uint64_t offset, void *nread);
CALL(fd_write)(word fd, void *vectors, word count, void *nwritten);
CALL(fd_readdir)(word fd, void *buffer, word size, uint64_t cookie, void *used);
CALL(path_open)(word fd, word flags, void *path, word size, word oflags, uint64_t rights, uint64_t inheriting, word fdflags, void *opened);
CALL(path_filestat_get)(word fd, word flags, void *path, word size, void *stat);
CALL(path_readlink)(word fd, void *path, word path_size, void *buffer, word size, void *used);
CALL(path_symlink)(const void *to, word to_size, word fd, const void *path, word size);
CALL(path_create_directory)(word fd, const void *path, word size);
CALL(poll_oneoff)(void *in, void *out, word count, void *nevents);
CALL(random_get)(void *buffer, word size);
CALL(clock_time_get)(word id, uint64_t precision, void *time);
CALL(args_sizes_get)(void *argc, void *size);
CALL(args_get)(void *argv, void *bytes);

enum { DIR = 3, RIGHTS = 0x1fffffff, NO_WRITE = RIGHTS & ~64 };

static union {
	uint8_t bytes[512];
	word words[128];
} m;

static void fill(void)
{
	for (int i = 0; i < 512; i++)
		m.bytes[i] = (uint8_t)(i * 7);
}

static void vector(int at, void *data, word size)
{
	m.words[at] = (word)(uintptr_t)data;
	m.words[at + 1] = size;
}

static void show(const char *what, int32_t error)
{
	uint32_t sum = 2166136261;
	for (int i = 0; i < 512; i++)
		sum = (sum ^ m.bytes[i]) * 16777619;
	printf("%s %d %u\n", what, error, (unsigned)sum);
	fflush(stdout);
}

static word opened(const char *path, word oflags)
{
	strcpy((char *)m.bytes, path);
	word rights = oflags & __WASI_OFLAGS_DIRECTORY ? NO_WRITE : RIGHTS;
	if (raw_path_open(DIR, 0, m.bytes, (word)strlen(path), oflags, rights, RIGHTS, 0, m.bytes) != 0)
		printf("cannot open %s\n", path);
	return m.words[0]; /* where the path was */
}

static void read_and_write(void)
{
	word file = opened("file", __WASI_OFLAGS_CREAT);
	fill();
	vector(0, m.bytes + 64, 100);
	vector(2, m.bytes, 16); /* the array, written as the file's data, and the length over it after */
	show("write", raw_fd_write(file, m.words, 2, m.words + 1));
	vector(0, m.bytes + 100, 8);
	vector(2, m.bytes + 4, 20); /* the array itself */
	vector(4, m.bytes + 102, 30); /* what was read before */
	show("read", raw_fd_pread(file, m.words, 3, 3, m.words + 3));
	vector(0, m.bytes, 40);
	show("read over the array, length over the data", raw_fd_pread(file, m.words, 1, 0, m.words + 2));
	vector(0, m.bytes + 16, 4);
	show("length over the only byte", raw_fd_pread(file, m.words, 1, 0, m.words + 4));
	memcpy(m.bytes + 32, "seen on standard output\n", 24);
	vector(0, m.bytes + 32, 5);
	vector(2, m.bytes + 37, 19);
	show("print, length over the array", raw_fd_write(1, m.words, 2, m.words));
	memcpy(m.bytes + 32, "seen on standard output\n", 24);
	vector(0, m.bytes + 32, 24);
	show("print, length over the data", raw_fd_write(1, m.words, 1, m.bytes + 34));
}

static void paths(void)
{
	raw_path_symlink("target-of-the-link", 18, DIR, "link", 4);
	raw_path_create_directory(DIR, "directory", 9);
	memcpy(m.bytes, "link", 4);
	show("readlink over its path", raw_path_readlink(DIR, m.bytes, 4, m.bytes + 1, 64, m.bytes + 2));
	word directory = opened("directory", __WASI_OFLAGS_DIRECTORY);
	show("readdir, used over the entries", raw_fd_readdir(directory, m.bytes, 40, 0, m.bytes + 4) || m.words[1] != 40);
	memcpy(m.bytes + 10, "file", 4);
	show("filestat over its path",
		raw_path_filestat_get(DIR, 0, m.bytes + 10, 4, m.bytes) != 0 || m.bytes[16] != __WASI_FILETYPE_REGULAR_FILE);
}

/* Three clocks that are over, and a descriptor that is ready: 48 bytes each, and the events 32, from `shift` bytes behind them on. */
static void polls(int shift)
{
	fill();
	memset(m.bytes, 0, 4 * 48);
	for (int i = 0; i < 4; i++) {
		m.bytes[48 * i] = (uint8_t)(i + 1);
		m.bytes[48 * i + 16] = 1;
	}
	m.bytes[48 * 3 + 8] = __WASI_EVENTTYPE_FD_WRITE;
	show("poll over its subscriptions", raw_poll_oneoff(m.bytes, m.bytes + shift, 4, m.bytes + shift + 4));
}

int main(void)
{
	read_and_write();
	paths();
	for (int shift = 0; shift <= 160; shift += 40)
		polls(shift);
	show("random", raw_random_get(m.bytes + 5, 300));
	show("time", raw_clock_time_get(0, 0, m.bytes + 3));
	show("sizes in one place", raw_args_sizes_get(m.bytes + 8, m.bytes + 10));
	show("arguments over their table", raw_args_get(m.bytes, m.bytes + 2));
	return 0;
}
