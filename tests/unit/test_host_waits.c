#include "guest_calls.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

static int in[2], out[2], stop;

static int set_up(void **state)
{
	if (make_folder(state) != 0 || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return -1;
	stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	write_text(below("file"), "0123456789");
	make_host(in[0], out[1], stop);
	return stop < 0;
}

static int tear_down(void **state)
{
	const int fds[] = { in[0], in[1], out[0], out[1], stop };
	host_destroy(host);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		close(fds[i]); /* each is still open, whatever the guest closed */
	return remove_folder(state);
}

static void say_stop(void)
{
	assert_int_equal(eventfd_write(stop, 1), 0);
}

static uint32_t opened(const char *path, uint32_t fdflags)
{
	assert_int_equal(open_path(path, 0, all_rights, fdflags), 0);
	return load_u32(bytes + OUT);
}

static void put_clock(uint32_t at, uint64_t userdata, uint32_t clock, uint64_t timeout, uint16_t flags)
{
	memset(bytes + at, 0, 48);
	put_u64(at, userdata);
	bytes[at + 8] = WASI_eventtype_CLOCK;
	put_u32(at + 16, clock);
	put_u64(at + 24, timeout);
	memcpy(bytes + at + 40, &flags, 2);
}

static void put_fd(uint32_t at, uint64_t userdata, uint8_t type, uint32_t fd)
{
	memset(bytes + at, 0, 48);
	put_u64(at, userdata);
	bytes[at + 8] = type;
	put_u32(at + 16, fd);
}

/* Event number `i`: its userdata, and its errno. */
static uint64_t event(uint32_t i, uint16_t *ret_error)
{
	memcpy(ret_error, bytes + OUT + 32 * i + 8, 2);
	return load_u64(bytes + OUT + 32 * i);
}

static uint32_t poll_for(uint32_t count)
{
	uint32_t error = CALL(poll_oneoff, IN, OUT, count, TEXT);
	return error ? error : load_u32(bytes + TEXT);
}

static void test_poll_of_everything(void **state)
{
	(void)state;
	uint16_t error;
	uint32_t file = opened("file", 0);
	put_clock(IN, 1, 0, UINT64_MAX, 0);
	put_fd(IN + 48, 2, WASI_eventtype_FD_READ, 0);
	put_fd(IN + 96, 3, WASI_eventtype_FD_WRITE, 1);
	put_fd(IN + 144, 4, WASI_eventtype_FD_READ, file);
	put_fd(IN + 192, 5, WASI_eventtype_FD_READ, 99);
	put_clock(IN + 240, 6, 9, 0, 0);
	assert_int_equal(poll_for(6), 4);
	static const uint64_t userdata[] = { 3, 4, 5, 6 };
	static const uint16_t errors[] = { 0, 0, WASI_EBADF, WASI_EINVAL };
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(event(i, &error) == userdata[i]);
		assert_int_equal(error, errors[i]);
	}
	assert_int_equal(write(in[1], "abc", 3), 3);
	assert_int_equal(poll_for(2), 1);
	assert_true(event(0, &error) == 2 && load_u64(bytes + OUT + 16) == 3);
	close(in[1]);
	in[1] = -1;
	assert_int_equal(poll_for(2), 1);
	assert_int_equal(bytes[OUT + 24], WASI_eventrwflags_FD_READWRITE_HANGUP);
}

/* The kernel polls no more at a time than a process may have descriptors. */
static void test_poll_of_more_than_there_may_be_descriptors(void **state)
{
	(void)state;
	enum { COUNT = 1000 };
	uint16_t error;
	struct rlimit limit, few = { .rlim_cur = 64 };
	assert_int_equal(mkfifo(below("fifo"), 0600), 0);
	uint32_t fifo = opened("fifo", 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max); /* the guest has all that there are */
	few.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (uint32_t i = 0; i < COUNT; i++)
		put_fd(IN + 48 * i, i, i % 2 ? WASI_eventtype_FD_WRITE : WASI_eventtype_FD_READ, fifo);
	assert_int_equal(poll_for(COUNT), COUNT / 2);
	for (uint32_t i = 0; i < COUNT / 2; i++)
		assert_true(event(i, &error) == 2 * i + 1 && error == 0 && bytes[OUT + 32 * i + 10] == WASI_eventtype_FD_WRITE);
	put_vector(TEXT, TEXT, 3);
	assert_int_equal(CALL(fd_write, fifo, TEXT, 1, OUT), 0);
	assert_int_equal(poll_for(COUNT), COUNT);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_true(event(i, &error) == i && error == 0 && load_u64(bytes + OUT + 32 * i + 16) == (i % 2 ? 1 : 3));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_poll_of_clocks(void **state)
{
	(void)state;
	uint16_t error;
	put_clock(IN, 1, 1, 1000000, 0);
	put_clock(IN + 48, 2, 1, UINT64_MAX, 0);
	put_clock(IN + 96, 3, 0, 0, WASI_subclockflags_SUBSCRIPTION_CLOCK_ABSTIME); /* long ago */
	assert_int_equal(poll_for(2), 1);
	assert_true(event(0, &error) == 1);
	assert_int_equal(poll_for(3), 1);
	assert_true(event(0, &error) == 3);
	memmove(bytes + IN + 24, bytes + IN + 16, 32); /* the older version's has an identifier before */
	put_u64(IN + 16, 77);
	assert_int_equal(CALL(unstable_poll_oneoff, IN, OUT, 1, TEXT), 0);
	assert_true(load_u32(bytes + TEXT) == 1 && event(0, &error) == 1 && error == 0);
}

static void test_poll_of_nothing(void **state)
{
	(void)state;
	uint16_t error;
	assert_int_equal(CALL(poll_oneoff, IN, OUT, 0, TEXT), WASI_EINVAL);
	assert_int_equal(CALL(poll_oneoff, IN, OUT, UINT32_MAX, TEXT), WASI_EFAULT);
	put_fd(IN, 1, 3, 0);
	assert_int_equal(poll_for(1), 1);
	assert_true(event(0, &error) == 1 && error == WASI_EINVAL);
}

static void test_a_stop_ends_every_wait(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(below("fifo"), 0600), 0);
	say_stop();
	put_vector(IN, OUT, 4);
	CALL(fd_read, 0, IN, 1, TEXT);
	assert_int_equal(end, CALL_STOPS);
	put_clock(IN, 1, 1, UINT64_MAX, 0);
	CALL(poll_oneoff, IN, OUT, 1, TEXT);
	assert_int_equal(end, CALL_STOPS);
	open_path("fifo", 0, WASI_rights_FD_WRITE, 0);
	assert_int_equal(end, CALL_STOPS);
}

static void test_what_does_not_wait(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(below("fifo"), 0600), 0);
	assert_int_equal(open_path("fifo", 0, WASI_rights_FD_WRITE, WASI_fdflags_NONBLOCK), WASI_ENXIO);
	uint32_t fifo = opened("fifo", WASI_fdflags_NONBLOCK);
	put_vector(IN, OUT, 4);
	assert_int_equal(CALL(fd_read, fifo, IN, 1, TEXT), WASI_EAGAIN);
	assert_int_equal(CALL(fd_fdstat_set_flags, 0, WASI_fdflags_NONBLOCK), 0);
	assert_int_equal(CALL(fd_read, 0, IN, 1, TEXT), WASI_EAGAIN);
	assert_int_equal(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0); /* it is shared with others */
	assert_int_equal(CALL(fd_fdstat_set_flags, 0, 0), 0);
	put_vector(IN, OUT, 0); /* nothing is asked for */
	assert_int_equal(CALL(fd_read, 0, IN, 1, TEXT), 0);
	assert_int_equal(load_u32(bytes + TEXT), 0);
	assert_int_equal(CALL(fd_pread, 0, IN, 1, 0, TEXT), WASI_ESPIPE);
	assert_int_equal(CALL(fd_seek, 0, 0, WASI_whence_CUR, TEXT), WASI_ESPIPE);
}

static void test_a_socket_in_the_file_system(void **state)
{
	(void)state;
	struct sockaddr address = { .sa_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* As much of a path as fits. */
	assert_int_equal(chdir(folder), 0);
	memcpy(address.sa_data, "socket", 7);
	assert_int_equal(bind(fd, &address, sizeof address), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(open_path("socket", 0, WASI_rights_FD_WRITE, 0), WASI_ENXIO);
	close(fd);
}

static void test_what_is_shared_stays_open(void **state)
{
	(void)state;
	assert_int_equal(CALL(fd_close, 0), 0);
	assert_int_equal(CALL(fd_renumber, 3, 1), 0);
	assert_true(fcntl(in[0], F_GETFD) >= 0 && fcntl(out[1], F_GETFD) >= 0);
	assert_int_equal(write(out[1], "x", 1), 1);
}

static void test_a_reader_that_left(void **state)
{
	(void)state;
	close(out[0]);
	out[0] = -1;
	put_vector(IN, TEXT, 4);
	assert_int_equal(CALL(fd_write, 1, IN, 1, OUT), WASI_EPIPE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_poll_of_everything),
		TEST(test_poll_of_more_than_there_may_be_descriptors),
		TEST(test_poll_of_clocks),
		TEST(test_poll_of_nothing),
		TEST(test_a_stop_ends_every_wait),
		TEST(test_what_does_not_wait),
		TEST(test_a_socket_in_the_file_system),
		TEST(test_what_is_shared_stays_open),
		TEST(test_a_reader_that_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
