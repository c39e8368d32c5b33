/* The log's writer when it cannot go on: what it said it would keep is kept, and nothing else is said to have happened. */
#include "log/format.h"
#include "log_records.h"

/* Runs in a child, which limits and faults are the last thing of. Asserts would not be heard from there: it exits with the line that
 * failed. */
static void in_child(void (*body)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGXFSZ, SIG_IGN);
		body();
		_exit(0);
	}
	int status;
	waitpid(child, &status, 0);
	if (status != 0)
		fail_msg("the child ended with %d at line %d", status, WEXITSTATUS(status));
}

#define CHECK(condition)                 \
	do {                             \
		if (!(condition))        \
			_exit(__LINE__); \
	} while (0)

/* From here on no file of this process may grow beyond its size of now, if that is more than `size`. */
static void limit_files(rlim_t size)
{
	struct rlimit limit = { size, size };
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static struct log_writer *writer_of(uint64_t count)
{
	struct log_writer *w;
	CHECK(log_writer_create(dir_fd, NULL, &w) == 0);
	for (uint64_t i = 0; i < count; i++)
		CHECK(write_record(w, i, 0));
	return w;
}

/* What a writer that has failed is asked all the same must leave no trace. */
static void ask_in_vain(struct log_writer *w)
{
	static const uint64_t args[3] = { 1, 2, 3 };
	for (int i = 0; i < 100; i++) {
		CHECK(!log_begin(w, 1, args, 3, false));
		log_input(w, "later", 5);
		CHECK(!log_commit(w, 100, 1));
		log_span(w, 8, "later", 5, false);
		log_end(w, 0, 0);
		CHECK(!log_event(w, RECORD_GROW, args, 2, view_of(NULL, 0)));
	}
}

static struct reading read_whole(uint64_t count)
{
	struct reading got = read_log(0);
	assert_int_equal(got.opened, ERR_NONE);
	assert_string_equal(got.text, "");
	assert_int_equal(got.count, count);
	assert_int_equal(got.next, count);
	return got;
}

/* An input that is larger than the ring, when the segment cannot take the buffers that are full. */
static void begin_what_does_not_fit(void)
{
	struct log_writer *w = writer_of(9);
	uint8_t *bytes = pattern(4 << 20, 1);
	limit_files(1000);
	CHECK(log_begin(w, 1, NULL, 0, false));
	log_input(w, bytes, 4 << 20);
	CHECK(log_failure(w) == ERR_NOSPACE);
	log_input(w, bytes, 100);
	CHECK(!log_commit(w, 0, 0));
	ask_in_vain(w);
	CHECK(log_writer_close(w) == ERR_NOSPACE);
	free(bytes);
}

static void a_record_that_cannot_be_continued_is_closed(void **state)
{
	(void)state;
	in_child(begin_what_does_not_fit);
	assert_false(read_whole(9).unfinished);
}

/* The first span fills buffers, which the second thread fails at; the ring has room for the second. */
static void fail_within_a_call(void)
{
	struct log_writer *w = writer_of(0);
	uint8_t *bytes = pattern(300 << 10, 1);
	CHECK(log_begin(w, 7, NULL, 0, false));
	CHECK(log_commit(w, 600 << 10, 2));
	limit_files(100);
	log_span(w, 4096, bytes, 300 << 10, false);
	while (!log_failure(w))
		usleep(100);
	log_span(w, 8192, bytes, 300 << 10, true);
	log_end(w, 11, 0);
	ask_in_vain(w);
	CHECK(log_writer_close(w) == ERR_NOSPACE);
	free(bytes);
}

static void a_call_that_was_made_is_kept(void **state)
{
	struct log_reader *reader;
	struct record record;
	(void)state;
	in_child(fail_within_a_call);
	uint8_t *bytes = pattern(300 << 10, 1);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	assert_int_equal(log_next(reader, &record), ERR_NONE);
	assert_true(record.finished);
	assert_int_equal(record.result, 11);
	assert_int_equal(record.span_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(record.spans[i].offset, 4096 * (i + 1));
		assert_int_equal(record.spans[i].size, 300 << 10);
		assert_memory_equal(record.spans[i].data, bytes, 300 << 10);
	}
	assert_int_equal(log_next(reader, &record), ERR_END);
	log_close(reader);
	free(bytes);
}

/* More than the ring, and the segment may not take it: the call must not be made. */
static void ask_for_too_much(void)
{
	struct log_writer *w = writer_of(9);
	limit_files(1 << 20);
	CHECK(log_begin(w, 7, NULL, 0, false));
	CHECK(!log_commit(w, 64 << 20, 1));
	CHECK(log_failure(w) == ERR_NOSPACE);
	ask_in_vain(w);
	log_writer_close(w);
}

static void a_call_without_space_is_not_made(void **state)
{
	(void)state;
	in_child(ask_for_too_much);
	assert_false(read_whole(9).unfinished);
}

/* Space that was had before the call is there when the disk is full after it. */
static void fill_the_disk_within_a_call(void)
{
	struct log_writer *w = writer_of(3000); /* the second thread has not come to all of them */
	uint8_t *bytes = pattern(1200 << 10, 100);
	CHECK(log_begin(w, 0, NULL, 0, false));
	CHECK(log_commit(w, 1200 << 10, 1));
	limit_files(100);
	log_span(w, 0, bytes, 1200 << 10, false);
	log_end(w, 0, 0);
	log_writer_close(w);
	free(bytes);
}

static void space_in_the_ring_is_waited_for(void **state)
{
	struct log_reader *reader;
	struct record record;
	(void)state;
	in_child(fill_the_disk_within_a_call);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	for (uint64_t i = 0; i <= 3000; i++) {
		assert_int_equal(log_next(reader, &record), ERR_NONE);
		assert_int_equal(record.number, i);
	}
	assert_true(record.finished);
	assert_int_equal(record.span_count, 1);
	assert_int_equal(record.spans[0].size, 1200 << 10);
	log_close(reader);
}

static void space_is_given_back(void **state)
{
	struct log_writer *w;
	struct stat stat;
	(void)state;
	assert_int_equal(log_writer_create(dir_fd, NULL, &w), ERR_NONE);
	assert_true(log_begin(w, 0, NULL, 0, false));
	assert_true(log_commit(w, 64 << 20, 1));
	log_end(w, 0, 0);
	assert_int_equal(fstatat(dir_fd, "00000000.log", &stat, 0), 0);
	bool reserved = stat.st_blocks * 512 > 60 << 20; /* not every file system does */
	assert_int_equal(log_writer_close(w), ERR_NONE);
	assert_int_equal(fstatat(dir_fd, "00000000.log", &stat, 0), 0);
	assert_true(stat.st_size < 4096);
	assert_true(stat.st_blocks * 512 < 1 << 20);
	if (!reserved)
		skip();
}

/* A tail that another process takes away while both threads work in it. The writer must notice, and write nothing that was not. */
static void write_until_the_tail_is_gone(void)
{
	struct log_writer *w;
	int lock = openat(dir_fd, "lock", O_RDWR | O_CREAT, 0600);
	CHECK(flock(lock, LOCK_EX) == 0);
	CHECK(log_writer_create(dir_fd, NULL, &w) == 0);
	for (uint64_t i = 0; write_record(w, i, i % 512 == 0 ? 700 << 10 : 0);)
		i++;
	CHECK(log_failure(w) == ERR_IO);
	CHECK(strcmp(err_text(), "the recording was cut short: its file \"tail\" was truncated or its disk failed") == 0);
	CHECK(log_writer_close(w) == ERR_IO);
}

/* Every record that is there is one that was written. */
static void read_what_is_left(void)
{
	struct log_reader *reader;
	struct record record;
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	for (uint32_t damages = 0;;) {
		enum err err = log_next(reader, &record);
		if (err == ERR_END)
			break;
		if (err)
			assert_true(damages++ < 10);
		else
			assert_record(&record, record.number % 512 == 0 ? 700 << 10 : 0);
	}
	log_close(reader);
}

static void clear_folder(void)
{
	unlinkat(dir_fd, "00000000.log", 0);
	unlinkat(dir_fd, ".log", 0);
	unlinkat(dir_fd, "tail", 0);
}

/* `grown`: to its old size again, so that nothing faults, and what was written is zero. */
static void take_the_tail(unsigned us, bool grown)
{
	struct stat stat = { 0 };
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_until_the_tail_is_gone();
		_exit(0);
	}
	while (fstatat(dir_fd, "00000000.log", &stat, 0) != 0)
		usleep(200);
	usleep(us);
	int fd = openat(dir_fd, "tail", O_RDWR), status;
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	if (grown)
		assert_int_equal(ftruncate(fd, stat.st_size), 0);
	close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		fail_msg("the child ended with %d at line %d", status, WEXITSTATUS(status));
	read_what_is_left();
	clear_folder();
}

static void a_tail_that_is_cut_under_both_threads_ends_the_recording(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++)
		take_the_tail(i * i * 37, i % 2);
}

/* Zeros where frames were, and nothing that faults: it is noticed when the buffer is to become a block. */
static void a_tail_that_was_emptied_makes_no_block(void **state)
{
	struct log_writer *w;
	struct stat stat;
	(void)state;
	assert_int_equal(log_writer_create(dir_fd, NULL, &w), ERR_NONE);
	for (uint64_t i = 0; i < 100; i++)
		assert_true(write_record(w, i, 0));
	int fd = openat(dir_fd, "tail", O_RDWR);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, stat.st_size), 0);
	close(fd);
	assert_int_equal(log_writer_close(w), ERR_IO);
	assert_int_equal(read_log(0).count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_that_cannot_be_continued_is_closed),
		TEST(a_call_that_was_made_is_kept),
		TEST(a_call_without_space_is_not_made),
		TEST(space_in_the_ring_is_waited_for),
		TEST(space_is_given_back),
		TEST(a_tail_that_is_cut_under_both_threads_ends_the_recording),
		TEST(a_tail_that_was_emptied_makes_no_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
