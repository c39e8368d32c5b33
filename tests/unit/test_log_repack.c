/* What was left uncompressed under load is compressed later, and is the same. */
#include "log_records.h"

#include "log/segments.h"
#include "log/survey.h"

struct sums {
	uint64_t raw, packed;
};

static void count_block(void *data, const struct log_block *block)
{
	struct sums *sums = data;
	if (strcmp(block->kind, "records") != 0)
		return;
	sums->raw += strcmp(block->codec, "raw") == 0;
	sums->packed += strcmp(block->codec, "raw") != 0;
}

static struct sums survey(void)
{
	struct sums sums = { 0 };
	struct log_survey whole;
	uint32_t first, last;
	assert_true(segments_find(dir_fd, &first, &last));
	for (uint32_t i = first; i <= last; i++) {
		assert_int_equal(log_survey(dir_fd, i, count_block, &sums, &whole), ERR_NONE);
		assert_int_equal(whole.surveyed, whole.size);
	}
	return sums;
}

/* Bytes that compress, written as fast as they can be: the second thread leaves blocks as they are. */
static void what_was_left_is_compressed_at_the_end(void **state)
{
	static const struct log_options options = { .segment_size = 4 << 20, .end_duration = UINT64_C(60) * NS_PER_S };
	enum { CALLS = 3000, SIZE = 60000 };
	static uint8_t bytes[SIZE + CALLS];
	struct log_writer *w;
	struct log_reader *reader;
	struct record record;
	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(rand() % 4);
	assert_int_equal(log_writer_create(dir_fd, &options, &w), ERR_NONE);
	for (uint64_t i = 0; i < CALLS; i++) {
		assert_true(log_begin(w, 3, &i, 1, false));
		assert_true(log_commit(w, SIZE, 1));
		log_span(w, 0, bytes + i, SIZE, true);
		log_end(w, 0, 0);
	}
	assert_int_equal(log_writer_close(w), ERR_NONE);
	struct sums sums = survey();
	assert_true(sums.packed > sums.raw);
	assert_int_not_equal(faccessat(dir_fd, ".repacked", F_OK, 0), 0);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	for (uint64_t i = 0; i < CALLS; i++) {
		assert_int_equal(log_next(reader, &record), ERR_NONE);
		assert_int_equal(record.number, i);
		assert_int_equal(record.span_count, 1);
		assert_memory_equal(record.spans[0].data, bytes + i, SIZE);
	}
	assert_int_equal(log_next(reader, &record), ERR_END);
	log_close(reader);
	for (uint64_t number = 0; number < CALLS; number += 331) {
		assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
		assert_int_equal(log_seek(reader, &(struct log_target){ .number = number }), ERR_NONE);
		assert_int_equal(log_next(reader, &record), ERR_NONE);
		assert_int_equal(record.number, number);
		log_close(reader);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_left_is_compressed_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
