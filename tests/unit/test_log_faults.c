/* The log: whatever happens to the writer or to the files, what is read is what was written, and what is missing is said. */
#include "log_records.h"

/* The whole of a file, and a way to put something else in its place. */
static struct view load(const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY);
	struct stat stat;
	assert_true(fd >= 0 && fstat(fd, &stat) == 0);
	uint8_t *bytes = malloc((size_t)stat.st_size);
	assert_int_equal(read(fd, bytes, (size_t)stat.st_size), stat.st_size);
	close(fd);
	return view_of(bytes, (size_t)stat.st_size);
}

static void store(const char *name, struct view bytes)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
	close(fd);
}

static void cuts_are_noticed(void **state)
{
	(void)state;
	write_log(60, 0, true);
	struct view whole = load("00000000.log");
	for (size_t size = 0; size < whole.size; size++) {
		store("00000000.log", view_slice(whole, 0, size));
		struct reading got = read_log(0);
		assert_true(got.opened || got.damages || got.count == 61);
		assert_true(got.opened || got.damages > 0);
		assert_true(got.count <= 61);
	}
	free((void *)whole.data);
}

static void flips_are_noticed(void **state)
{
	(void)state;
	write_log(60, 0, true);
	struct view whole = load("00000000.log");
	uint8_t *bytes = (uint8_t *)whole.data;
	for (size_t i = 0; i < whole.size; i++) {
		bytes[i] ^= (uint8_t)(1 << (i % 8));
		store("00000000.log", whole);
		struct reading got = read_log(0);
		assert_true(got.opened || got.damages > 0);
		bytes[i] ^= (uint8_t)(1 << (i % 8));
	}
	free(bytes);
}

/* A child writes as fast as it can until it is killed. */
static void write_until_killed(void)
{
	struct log_writer *w;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed must not leave somebody who fills the disk */
	int lock = openat(dir_fd, "lock", O_RDWR | O_CREAT, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) != 0 || log_writer_create(dir_fd, NULL, &w))
		_exit(1);
	for (uint64_t i = 0;; i++) {
		if (!write_record(w, i, 0))
			_exit(2);
	}
}

static uint64_t kill_after(unsigned us)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		write_until_killed();
	usleep(us);
	kill(child, SIGKILL);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	struct reading got = read_log(0);
	if (got.opened)
		return 0; /* killed before there was a log */
	assert_string_equal(got.text, "");
	assert_int_equal(got.count, got.next);
	return got.count;
}

static void nothing_is_lost_when_killed(void **state)
{
	uint64_t most = 0;
	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		uint64_t count = kill_after(500 + i * i * 29);
		most = count > most ? count : most;
		unlinkat(dir_fd, "00000000.log", 0);
		unlinkat(dir_fd, ".log", 0);
		unlinkat(dir_fd, "tail", 0);
	}
	for (unsigned us = 100000; most < 10000; us *= 2) { /* some are killed after the ring has gone round */
		unlinkat(dir_fd, "00000000.log", 0);
		unlinkat(dir_fd, ".log", 0);
		unlinkat(dir_fd, "tail", 0);
		most = kill_after(us);
	}
}

static void damage_to_a_killed_recording_is_noticed(void **state)
{
	(void)state;
	uint64_t count = 0;
	for (unsigned us = 3000; count == 0; us *= 2) { /* a busy machine may not have come to it */
		unlinkat(dir_fd, "00000000.log", 0);
		unlinkat(dir_fd, ".log", 0);
		unlinkat(dir_fd, "tail", 0);
		count = kill_after(us);
	}
	struct view tail = load("tail"), log = load("00000000.log");
	uint8_t *bytes = (uint8_t *)tail.data;
	for (size_t i = 0; i < tail.size; i += i < 8192 ? 1 : 977) {
		bytes[i] ^= 0x10;
		store("tail", tail);
		struct reading got = read_log(0); /* what is shown is right: read_log asserts it */
		assert_true(got.opened || got.damages || got.count == count || i >= 56);
		bytes[i] ^= 0x10;
	}
	for (size_t size = 0; size < tail.size; size += 4099) {
		store("tail", view_slice(tail, 0, size));
		read_log(0);
	}
	unlinkat(dir_fd, "tail", 0);
	assert_true(read_log(0).damages > 0);
	free(bytes);
	free((void *)log.data);
}

static void a_reader_keeps_up_with_a_writer(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		int lock = openat(dir_fd, "lock", O_RDWR | O_CREAT, 0600);
		if (flock(lock, LOCK_EX) != 0)
			_exit(1);
		write_log(200000, 0, true);
		_exit(0);
	}
	struct log_reader *reader = NULL;
	while (log_open(dir_fd, &reader) || log_state(reader) != LOG_RUNNING) { /* until it holds the lock */
		log_close(reader);
		reader = NULL;
		usleep(200);
	}
	struct record record;
	uint64_t next = 0;
	for (;;) {
		enum err err = log_next(reader, &record);
		if (err == ERR_END) {
			usleep(50);
			continue;
		}
		if (err)
			fail_msg("after record %llu: %s", (unsigned long long)next, err_text());
		assert_int_equal(record.number, next);
		next++;
		if (record.kind == RECORD_EXIT)
			break;
		assert_record(&record, 0);
	}
	assert_int_equal(next, 200001);
	log_close(reader);
	int status;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

/* In a child, since limits cannot be raised again: the writer stops when the file may not grow, and what it had is whole. */
static void a_full_disk_stops_the_writer(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		struct log_writer *w;
		signal(SIGXFSZ, SIG_IGN);
		if (log_writer_create(dir_fd, NULL, &w))
			_exit(1);
		struct rlimit limit = { 200000, 200000 };
		setrlimit(RLIMIT_FSIZE, &limit);
		uint64_t i = 0;
		while (write_record(w, i, 0))
			i++;
		bool said = log_failure(w) == ERR_NOSPACE && strstr(err_text(), "cannot go on recording");
		_exit(said && i > 1000 ? 0 : 2);
	}
	int status;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	struct reading got = read_log(0);
	assert_int_equal(got.damages, 0);
	assert_int_equal(got.count, got.next);
	assert_true(got.count > 1000);
}

static void a_truncated_tail_stops_the_writer(void **state)
{
	struct log_writer *w;
	(void)state;
	assert_int_equal(log_writer_create(dir_fd, NULL, &w), ERR_NONE);
	assert_true(write_record(w, 0, 0));
	int fd = openat(dir_fd, "tail", O_RDWR);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	uint64_t i = 1;
	while (i < 100000 && write_record(w, i, 0))
		i++;
	assert_true(i < 100000);
	assert_int_equal(log_failure(w), ERR_IO);
	assert_string_equal(err_text(), "the recording was cut short: its file \"tail\" was truncated or its disk failed");
	assert_int_equal(log_writer_close(w), ERR_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cuts_are_noticed),
		TEST(flips_are_noticed),
		TEST(nothing_is_lost_when_killed),
		TEST(damage_to_a_killed_recording_is_noticed),
		TEST(a_reader_keeps_up_with_a_writer),
		TEST(a_full_disk_stops_the_writer),
		TEST(a_truncated_tail_stops_the_writer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
