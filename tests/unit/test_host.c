#include "guest_calls.h"

#include <sys/resource.h>

static int set_up(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	write_text(below("file"), "0123456789");
	make_host(-1, -1, -1);
	return 0;
}

static int tear_down(void **state)
{
	host_destroy(host);
	return remove_folder(state);
}

static uint32_t opened(const char *path, uint32_t oflags, uint64_t rights)
{
	assert_int_equal(open_path(path, oflags, rights, 0), 0);
	return load_u32(bytes + OUT);
}

/* A standard descriptor that was closed at the start is none, and its number is the first to be given. */
static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(CALL(fd_fdstat_get, 1, OUT), WASI_EBADF);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(opened("file", 0, read_rights), i < 3 ? i : i + 1);
	assert_int_equal(CALL(fd_close, 4), 0);
	assert_int_equal(CALL(fd_close, 4), WASI_EBADF);
	assert_int_equal(opened("file", 0, read_rights), 4);
	assert_int_equal(CALL(fd_close, UINT32_MAX), WASI_EBADF);
}

static void test_renumber(void **state)
{
	(void)state;
	int count = count_open();
	uint32_t fd = opened("file", 0, read_rights);
	uint32_t other = opened("file", 0, read_rights);
	assert_int_equal(CALL(fd_renumber, fd, 77), WASI_EBADF);
	assert_int_equal(CALL(fd_renumber, 77, fd), WASI_EBADF);
	assert_int_equal(CALL(fd_renumber, fd, fd), 0);
	assert_int_equal(CALL(fd_renumber, fd, other), 0);
	assert_int_equal(CALL(fd_tell, fd, OUT), WASI_EBADF);
	assert_int_equal(CALL(fd_tell, other, OUT), 0);
	assert_int_equal(CALL(fd_renumber, 3, other), 0); /* a directory that was given too */
	assert_int_equal(CALL(fd_prestat_get, 3, OUT), WASI_EBADF);
	assert_int_equal(CALL(fd_prestat_get, other, OUT), 0);
	assert_int_equal(load_u32(bytes + OUT + 4), 5);
	assert_int_equal(CALL(fd_prestat_dir_name, other, OUT, 4), WASI_ENAMETOOLONG);
	assert_int_equal(CALL(fd_prestat_dir_name, other, OUT, 5), 0);
	assert_memory_equal(bytes + OUT, "/data", 5);
	assert_int_equal(count_open(), count);
}

/* `timecraft run --restrict ... < folder` */
static void test_a_directory_as_standard_input(void **state)
{
	(void)state;
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	host_destroy(host);
	make_host(dir, -1, -1);
	uint32_t size = put_text("file");
	assert_int_equal(CALL(fd_filestat_get, 0, OUT), 0);
	assert_int_equal(bytes[OUT + 16], WASI_filetype_DIRECTORY);
	assert_int_equal(CALL(path_open, 0, 0, TEXT, size, 0, read_rights, 0, 0, OUT), WASI_ENOTCAPABLE);
	assert_int_equal(CALL(path_unlink_file, 0, TEXT, size), WASI_ENOTCAPABLE);
	assert_int_equal(CALL(fd_readdir, 0, OUT, 100, 0, IN), WASI_ENOTCAPABLE);
	assert_int_equal(CALL(fd_prestat_get, 0, OUT), WASI_EBADF);
	close(dir);
}

static void test_rights_are_only_given_up(void **state)
{
	(void)state;
	uint32_t fd = opened("file", 0, all_rights);
	assert_int_equal(CALL(fd_fdstat_set_rights, fd, WASI_rights_FD_READ, 0), 0);
	put_vector(IN, OUT + 64, 4);
	assert_int_equal(CALL(fd_read, fd, IN, 1, OUT), 0);
	assert_int_equal(CALL(fd_write, fd, IN, 1, OUT), WASI_ENOTCAPABLE);
	assert_int_equal(CALL(fd_seek, fd, 0, WASI_whence_SET, OUT), WASI_ENOTCAPABLE);
	assert_int_equal(CALL(fd_pread, fd, IN, 1, 0, OUT), WASI_ENOTCAPABLE);
	assert_int_equal(CALL(fd_filestat_set_size, fd, 0), WASI_ENOTCAPABLE);
	assert_int_equal(CALL(fd_fdstat_set_rights, fd, WASI_rights_FD_READ | WASI_rights_FD_WRITE, 0), WASI_ENOTCAPABLE);
	uint64_t kept = WASI_rights_PATH_OPEN;
	assert_int_equal(CALL(fd_fdstat_set_rights, 3, kept, WASI_rights_FD_READ), 0);
	assert_int_equal(open_path("file", WASI_oflags_TRUNC, all_rights, 0), WASI_ENOTCAPABLE);
	assert_int_equal(open_path("new", WASI_oflags_CREAT, all_rights, 0), WASI_ENOTCAPABLE);
	fd = opened("file", 0, all_rights);
	assert_int_equal(CALL(fd_fdstat_get, fd, OUT), 0);
	assert_true(load_u64(bytes + OUT + 8) == WASI_rights_FD_READ && load_u64(bytes + OUT + 16) == 0);
}

static void test_paths(void **state)
{
	(void)state;
	assert_int_equal(open_path("", 0, read_rights, 0), WASI_ENOENT);
	assert_int_equal(open_path("\xff", 0, read_rights, 0), WASI_EILSEQ);
	memset(bytes + TEXT, 'x', 5000);
	assert_int_equal(CALL(path_open, 3, 0, TEXT, 5000, 0, read_rights, 0, 0, OUT), WASI_ENAMETOOLONG);
	assert_int_equal(CALL(path_open, 3, 0, TEXT, UINT32_MAX, 0, read_rights, 0, 0, OUT), WASI_EFAULT);
	assert_int_equal(CALL(path_create_directory, 3, TEXT, 256), WASI_ENAMETOOLONG);
	memcpy(bytes + TEXT, "file\0x", 6);
	assert_int_equal(CALL(path_open, 3, 0, TEXT, 6, 0, read_rights, 0, 0, OUT), WASI_EINVAL);
	assert_int_equal(CALL(path_open, 3, 0, TEXT, 4, 0, read_rights, 0, 0, MEMORY - 2), WASI_EFAULT);
	assert_int_equal(CALL(path_unlink_file, 0, TEXT, 4), WASI_EBADF);
	uint32_t fd = opened("file", 0, read_rights);
	assert_int_equal(CALL(path_unlink_file, fd, TEXT, 4), WASI_ENOTDIR);
	assert_int_equal(open_path("file", WASI_oflags_DIRECTORY, read_rights, 0), WASI_ENOTDIR);
	assert_int_equal(open_path("file", WASI_oflags_CREAT | WASI_oflags_EXCL, all_rights, 0), WASI_EEXIST);
	assert_int_equal(open_path("file", WASI_oflags_CREAT | WASI_oflags_DIRECTORY, all_rights, 0), WASI_EINVAL);
	assert_int_equal(open_path("file", 16, all_rights, 0), WASI_EINVAL);
	assert_int_equal(open_path("file", 0, all_rights, 32), WASI_EINVAL);
	assert_int_equal(open_path(".", 0, all_rights, 0), WASI_EISDIR);
}

/* O_RDONLY | O_TRUNC truncates, though what it gives only reads. */
static void test_truncation_without_writing(void **state)
{
	(void)state;
	struct stat stat_of;
	uint32_t fd = opened("file", WASI_oflags_TRUNC, WASI_rights_FD_READ);
	assert_int_equal(stat(below("file"), &stat_of), 0);
	assert_int_equal(stat_of.st_size, 0);
	put_vector(IN, TEXT, 1);
	assert_int_equal(CALL(fd_write, fd, IN, 1, OUT), WASI_ENOTCAPABLE);
}

static void test_huge_numbers(void **state)
{
	(void)state;
	uint32_t fd = opened("file", 0, all_rights);
	put_vector(IN, OUT, 4);
	assert_int_equal(CALL(fd_pread, fd, IN, 1, UINT64_MAX, OUT), WASI_EINVAL);
	assert_int_equal(CALL(fd_pwrite, fd, IN, 1, UINT64_MAX, OUT), WASI_EINVAL);
	assert_int_equal(CALL(fd_seek, fd, (uint64_t)-1, WASI_whence_SET, OUT), WASI_EINVAL);
	assert_int_equal(CALL(fd_seek, fd, 0, 3, OUT), WASI_EINVAL);
	assert_int_equal(CALL(fd_filestat_set_size, fd, UINT64_MAX), WASI_EINVAL);
	assert_int_equal(CALL(fd_allocate, fd, 0, 0), WASI_EINVAL);
	assert_int_equal(CALL(fd_allocate, fd, UINT64_MAX, 1), WASI_EINVAL);
	assert_int_equal(CALL(fd_allocate, fd, INT64_MAX, 1), WASI_EFBIG);
	assert_int_equal(CALL(fd_advise, fd, 0, 0, 6), WASI_EINVAL);
	assert_int_equal(CALL(fd_filestat_set_times, fd, 0, 0, 16), WASI_EINVAL);
	assert_int_equal(CALL(fd_filestat_set_times, fd, 0, 0, WASI_fstflags_MTIM | WASI_fstflags_MTIM_NOW), WASI_EINVAL);
	put_vector(IN, OUT, UINT32_MAX);
	assert_int_equal(CALL(fd_read, fd, IN, 1, OUT), WASI_EFAULT);
	assert_int_equal(CALL(fd_read, fd, IN, UINT32_MAX, OUT), WASI_EFAULT);
	assert_int_equal(CALL(random_get, MEMORY - 4, 5), WASI_EFAULT);
}

/* What overlaps ends as the kernel left it, and the record has that. */
static void test_vectors(void **state)
{
	(void)state;
	uint32_t fd = opened("file", 0, all_rights);
	put_vector(IN, OUT, 4);
	put_vector(IN + 8, OUT + 2, 4);
	assert_int_equal(CALL(fd_pread, fd, IN, 2, 0, OUT + 64), 0);
	assert_memory_equal(bytes + OUT, "014567", 6);
	put_vector(IN, IN, 8); /* over the vectors themselves, and the count over that */
	put_vector(IN + 8, IN + 4, 2);
	assert_int_equal(CALL(fd_pread, fd, IN, 2, 0, IN), 0);
	assert_memory_equal(bytes + IN, "\x0a\0\0\0\x38\x39\x36\x37", 8);
	for (uint32_t i = 0; i < 3000; i++)
		put_vector(IN + 8 * i, TEXT + i % 10, 1);
	assert_int_equal(CALL(fd_write, fd, IN, 3000, OUT), 0);
	assert_int_equal(load_u32(bytes + OUT), 1024); /* as many as the kernel takes at once */
	assert_int_equal(CALL(fd_pread, fd, IN, 0, 0, OUT), 0);
	assert_int_equal(load_u32(bytes + OUT), 0);
}

static void test_filestat_of_both_versions(void **state)
{
	(void)state;
	uint32_t size = put_text("file");
	memset(bytes + OUT, 0xee, 128);
	assert_int_equal(CALL(path_filestat_get, 3, 0, TEXT, size, OUT), 0);
	assert_int_equal(bytes[OUT + 16], WASI_filetype_REGULAR_FILE);
	assert_true(load_u64(bytes + OUT + 24) == 1 && load_u64(bytes + OUT + 32) == 10);
	assert_int_equal(bytes[OUT + 64], 0xee);
	memset(bytes + OUT, 0xee, 128);
	assert_int_equal(CALL(unstable_path_filestat_get, 3, 0, TEXT, size, OUT), 0);
	assert_int_equal(bytes[OUT + 16], WASI_filetype_REGULAR_FILE);
	assert_true(load_u32(bytes + OUT + 20) == 1 && load_u64(bytes + OUT + 24) == 10);
	assert_int_equal(bytes[OUT + 56], 0xee);
}

static void test_nothing_leaks(void **state)
{
	(void)state;
	static const char *const paths[] = { "file", "nope", ".", "..", "../x", "file/x", "nope/x", "/", "", "loop" };
	assert_int_equal(symlink("loop", below("loop")), 0);
	int count = count_open();
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		uint32_t size = put_text(paths[i]);
		CALL(path_create_directory, 3, TEXT, size);
		CALL(path_remove_directory, 3, TEXT, size);
		CALL(path_readlink, 3, TEXT, size, OUT, 16, OUT + 64);
		CALL(path_filestat_get, 3, 1, TEXT, size, OUT);
		CALL(path_filestat_set_times, 3, 1, TEXT, size, 0, 0, 1);
		CALL(path_link, 3, 0, TEXT, size, 3, TEXT, size);
		CALL(path_rename, 3, TEXT, size, 3, TEXT, size);
		CALL(path_symlink, TEXT, size, 3, TEXT, size);
		for (uint32_t oflags = 0; oflags < 16; oflags++) {
			if (CALL(path_open, 3, oflags & 1, TEXT, size, oflags, all_rights, 0, 0, OUT) == 0)
				assert_int_equal(CALL(fd_close, load_u32(bytes + OUT)), 0);
		}
	}
	assert_int_equal(count_open(), count);
}

static void test_no_more_descriptors(void **state)
{
	(void)state;
	struct rlimit old, few;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ 32, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	uint32_t error = 0;
	for (int i = 0; i < 64 && !error; i++)
		error = open_path("file", 0, read_rights, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(error, WASI_EMFILE);
	assert_int_equal(open_path("file", 0, read_rights, 0), 0);
}

static void test_no_larger_files(void **state)
{
	(void)state;
	struct rlimit old, little;
	uint32_t fd = opened("file", 0, all_rights);
	put_vector(IN, TEXT, 100);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	little = (struct rlimit){ 50, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	uint32_t first = CALL(fd_write, fd, IN, 1, OUT), second = CALL(fd_write, fd, IN, 1, OUT + 8);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(first, 0);
	assert_int_equal(load_u32(bytes + OUT), 50);
	assert_int_equal(second, WASI_EFBIG);
}

/* Marks the files that a buffer of this size brings, none for the second time; the cookie of the last entry that is whole. */
static uint64_t read_page(uint32_t fd, uint64_t cookie, uint32_t size, bool *ret_more, bool seen[400])
{
	assert_int_equal(CALL(fd_readdir, fd, OUT, size, cookie, IN), 0);
	uint32_t used = load_u32(bytes + IN), at = 0;
	while (at + 24 <= used && at + 24 + load_u32(bytes + OUT + at + 16) <= used) {
		const char *name = (const char *)bytes + OUT + at + 24;
		uint32_t length = load_u32(bytes + OUT + at + 16);
		if (length == 5 && name[0] == 'n') {
			int number = (name[1] - '0') * 1000 + (name[2] - '0') * 100 + (name[3] - '0') * 10 + name[4] - '0';
			assert_in_range(number, 0, 399);
			assert_false(seen[number]);
			seen[number] = true;
		}
		cookie = load_u64(bytes + OUT + at);
		at += 24 + length;
	}
	*ret_more = used == size;
	return cookie;
}

/* Whatever the buffer's size, each entry comes once. */
static void test_readdir(void **state)
{
	(void)state;
	char name[16];
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "n%04d", i);
		write_text(below(name), "");
	}
	uint32_t fd = opened(".", WASI_oflags_DIRECTORY, read_rights);
	static const uint32_t sizes[] = { 29, 30, 57, 58, 100, 4096, 65536 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		bool seen[400] = { false }, more = true;
		for (uint64_t cookie = 0; more;)
			cookie = read_page(fd, cookie, sizes[i], &more, seen);
		for (int j = 0; j < 400; j++)
			assert_true(seen[j]);
	}
	assert_int_equal(CALL(fd_readdir, fd, OUT, 10, 0, IN), 0); /* not even a head */
	assert_int_equal(load_u32(bytes + IN), 10);
	assert_int_equal(CALL(fd_readdir, fd, OUT, 0, 0, IN), 0);
	assert_int_equal(load_u32(bytes + IN), 0);
	assert_int_equal(CALL(fd_readdir, opened("file", 0, read_rights), OUT, 10, 0, IN), WASI_ENOTCAPABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers),
		TEST(test_renumber),
		TEST(test_a_directory_as_standard_input),
		TEST(test_rights_are_only_given_up),
		TEST(test_paths),
		TEST(test_truncation_without_writing),
		TEST(test_huge_numbers),
		TEST(test_vectors),
		TEST(test_filestat_of_both_versions),
		TEST(test_nothing_leaks),
		TEST(test_no_more_descriptors),
		TEST(test_no_larger_files),
		TEST(test_readdir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
