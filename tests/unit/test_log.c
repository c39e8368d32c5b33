/* The log: what is written comes back. */
#include "log_records.h"

static void records_come_back(void **state)
{
	(void)state;
	write_log(20000, 0, true);
	struct reading got = read_log(0);
	assert_int_equal(got.count, 20001);
	assert_int_equal(got.damages, 0);
	assert_true(got.exited);
	assert_int_equal(got.state, LOG_CLOSED);
	assert_int_not_equal(faccessat(dir_fd, "tail", F_OK, 0), 0);
	struct log_summary summary;
	assert_int_equal(log_summarize(dir_fd, &summary), ERR_NONE);
	assert_int_equal(summary.record_count, 20001);
	assert_int_equal(summary.end_kind, RECORD_EXIT);
	assert_int_equal(summary.end_args[0], 7);
	assert_int_equal(summary.end_args[1], 1234);
}

static void huge_records_come_back(void **state)
{
	(void)state;
	write_log(6, 20 << 20, true);
	struct reading got = read_log(20 << 20);
	assert_int_equal(got.count, 7);
	assert_int_equal(got.damages, 0);
}

static void an_empty_recording_is_read(void **state)
{
	struct log_writer *w;
	(void)state;
	assert_int_equal(log_writer_create(dir_fd, NULL, &w), ERR_NONE);
	struct reading got = read_log(0);
	assert_int_equal(got.count, 0);
	assert_int_equal(got.damages, 0);
	assert_int_equal(log_writer_close(w), ERR_NONE);
	got = read_log(0);
	assert_int_equal(got.count, 0);
	assert_int_equal(got.damages, 0);
}

static void seeking_skips(void **state)
{
	struct log_reader *reader;
	struct record record;
	(void)state;
	write_log(50000, 0, true);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	assert_int_equal(log_seek(reader, &(struct log_target){ .number = 43210 }), ERR_NONE);
	assert_int_equal(log_next(reader, &record), ERR_NONE);
	assert_int_equal(record.number, 43210);
	assert_record(&record, 0);
	uint64_t time = record.start;
	log_close(reader);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	assert_int_equal(log_seek(reader, &(struct log_target){ .by_time = true, .time = time }), ERR_NONE);
	assert_int_equal(log_next(reader, &record), ERR_NONE);
	assert_true(record.number <= 43210 && record.number > 43000 && record.start >= time);
	log_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_come_back),
		TEST(huge_records_come_back),
		TEST(an_empty_recording_is_read),
		TEST(seeking_skips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
