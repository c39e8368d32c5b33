#include "guest_calls.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pty.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { NOT_PERMITTED = 77 };

static int tear_down(void **state)
{
	host_destroy(host);
	host = NULL;
	return remove_folder(state);
}

/* What a check says in a process of its own, whose mounts and filters end with it. */
static int in_child(int (*check)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int refuse_openat2(int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return NOT_PERMITTED;
	struct host_options options = { .stdio = { -1, -1, -1 }, .stop_fd = -1, .registry_fd = -1 };
	struct host *made = NULL;
	return host_create(&options, &made) == ERR_UNSUPPORTED && !made && strstr(err_text(), "openat2") ? 0 : 1;
}

static int without_openat2(void)
{
	return refuse_openat2(ENOSYS);
}

static int with_openat2_filtered(void)
{
	return refuse_openat2(EPERM);
}

/* Paths that the kernel does not confine are not confined in another way. */
static void test_no_run_without_openat2(void **state)
{
	(void)state;
	int first = in_child(without_openat2);
	if (first == NOT_PERMITTED)
		skip();
	assert_int_equal(first, 0);
	assert_int_equal(in_child(with_openat2_filtered), 0);
}

static bool make_shown_twice(void)
{
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	char real[512];
	snprintf(real, sizeof real, "%s", below("real"));
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount(real, below("shown"), NULL, MS_BIND, NULL) == 0;
}

static uint32_t on_one(uint32_t number, const char *path)
{
	uint32_t size = put_text(path);
	return call_host((struct call){ .type = call_type(number), .args = { 3, TEXT, size } });
}

static uint32_t put_second(const char *text)
{
	size_t size = strlen(text);
	memcpy(bytes + TEXT + 4096, text, size);
	return (uint32_t)size;
}

static uint32_t renamed(const char *from, const char *to)
{
	return CALL(path_rename, 3, TEXT, put_text(from), 3, TEXT + 4096, put_second(to));
}

static uint32_t linked(const char *from, const char *to)
{
	return CALL(path_link, 3, 0, TEXT, put_text(from), 3, TEXT + 4096, put_second(to));
}

static uint32_t touched(const char *path)
{
	return CALL(path_filestat_set_times, 3, 0, TEXT, put_text(path), 0, 0, WASI_fstflags_MTIM_NOW);
}

/* 0, or 2 and more: which of the attempts was not refused. */
static int change_what_is_shown(void)
{
	if (!make_shown_twice())
		return NOT_PERMITTED;
	struct host_dir dir = { .path = folder, .guest = "/data" };
	struct host_options options = { .dirs = &dir, .dir_count = 1, .stdio = { -1, -1, -1 }, .stop_fd = -1 };
	options.registry_fd = open(below("real/registry"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (options.registry_fd < 0 || host_create(&options, &host) != ERR_NONE)
		return 1;
	const uint32_t results[] = {
		open_path("shown/registry/log", 0, all_rights, 0),
		open_path("shown/registry/log", WASI_oflags_TRUNC, read_rights, 0),
		open_path("shown/registry/new", WASI_oflags_CREAT, all_rights, 0),
		on_one(CALL_path_unlink_file, "shown/registry/log"),
		on_one(CALL_path_create_directory, "shown/registry/new"),
		on_one(CALL_path_remove_directory, "shown/registry/empty"),
		renamed("shown/registry", "shown/gone"),
		renamed("shown/registry/log", "shown/gone"),
		renamed("mine", "shown/registry/log"),
		linked("shown/registry/log", "shown/linked"),
		touched("shown/registry/log"),
		renamed("real", "gone"),
	};
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		if (results[i] != WASI_EACCES)
			return (int)i + 2;
	}
	bool reads = open_path("shown/registry/log", 0, read_rights, 0) == 0;
	return reads && open_path("shown/mine", 0, all_rights, 0) == 0 && open_path("mine", 0, all_rights, 0) == 0 ? 0 : 50;
}

/* A mount that shows the registry again does not open it to the guest. */
static void test_the_registry_by_another_name(void **state)
{
	(void)state;
	static const char *const dirs[] = { "real", "real/registry", "real/registry/empty", "shown" };
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		assert_int_equal(mkdir(below(dirs[i]), 0700), 0);
	write_text(below("real/registry/log"), "log");
	write_text(below("real/mine"), "mine");
	write_text(below("mine"), "mine");
	int result = in_child(change_what_is_shown);
	if (result == NOT_PERMITTED)
		skip();
	assert_int_equal(result, 0);
}

static bool is_terminal(uint32_t fd)
{
	assert_int_equal(CALL(fd_fdstat_get, fd, OUT), 0);
	assert_int_equal(bytes[OUT], WASI_filetype_CHARACTER_DEVICE);
	return !(load_u64(bytes + OUT + 8) & (WASI_rights_FD_SEEK | WASI_rights_FD_TELL));
}

/* As wasi-libc's isatty tells: a guest that reads /dev/null must not start a dialogue. */
static void test_a_device_that_is_no_terminal(void **state)
{
	(void)state;
	int controller, terminal, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(openpty(&controller, &terminal, NULL, NULL, NULL), 0);
	make_host(null, terminal, -1);
	assert_false(is_terminal(0));
	assert_true(is_terminal(1));
	assert_int_equal(CALL(fd_seek, 0, 5, WASI_whence_SET, OUT), 0);
	assert_int_equal(CALL(fd_seek, 1, 0, WASI_whence_CUR, OUT), WASI_ESPIPE);
	put_vector(IN, OUT + 64, 4);
	assert_int_equal(CALL(fd_pread, 0, IN, 1, 0, OUT), 0);
	assert_int_equal(CALL(fd_pread, 1, IN, 1, 0, OUT), WASI_ESPIPE);
	close(controller);
	close(terminal);
	close(null);
}

/* 0 bytes read would be the file's end. */
static void test_many_empty_vectors(void **state)
{
	(void)state;
	write_text(below("file"), "0123");
	make_host(-1, -1, -1);
	assert_int_equal(open_path("file", 0, read_rights, 0), 0);
	uint32_t fd = load_u32(bytes + OUT);
	for (uint32_t i = 0; i < 2000; i++)
		put_vector(IN + 8 * i, OUT + 64, i < 1999 ? 0 : 4);
	assert_int_equal(CALL(fd_read, fd, IN, 2000, OUT), 0);
	assert_int_equal(load_u32(bytes + OUT), 4);
	assert_memory_equal(bytes + OUT + 64, "0123", 4);
}

static void test_absolute_symlinks(void **state)
{
	(void)state;
	make_host(-1, -1, -1);
	char target[512];
	uint32_t size = put_text("/etc/passwd"), name = put_second("link");
	assert_int_equal(CALL(path_symlink, TEXT, size, 3, TEXT + 4096, name), WASI_ENOTCAPABLE);
	assert_true(readlink(below("link"), target, sizeof target) < 0);
	assert_int_equal(CALL(path_symlink, TEXT + 1, size - 1, 3, TEXT + 4096, name), 0);
	assert_int_equal(readlink(below("link"), target, sizeof target), size - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_no_run_without_openat2),
		TEST(test_the_registry_by_another_name),
		TEST(test_a_device_that_is_no_terminal),
		TEST(test_many_empty_vectors),
		TEST(test_absolute_symlinks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
