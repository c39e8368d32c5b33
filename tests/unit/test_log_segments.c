/* The log in several segments: where one ends and the next begins makes no difference; checkpoints; bounds. */
#include "log_records.h"

#include "log/segments.h"

enum { RECORDS = 60000 };

/* Calls 3 and 5, and 8 where next to nothing was written. */
static const uint8_t wanted[] = { 0, 0, 0, FOLLOW_ALL, 0, FOLLOW_ALL, 0, 0, FOLLOW_EMPTY };

static const struct log_options small = { .segment_size = 64 << 10 };

static void use_small(void)
{
	how = &small;
}

static void remove_log(void)
{
	uint32_t first, last;
	char name[SEGMENT_NAME];
	unlinkat(dir_fd, "tail", 0);
	unlinkat(dir_fd, ".log", 0);
	if (!segments_find(dir_fd, &first, &last))
		return;
	for (uint32_t i = first; i <= last; i++)
		unlinkat(dir_fd, segment_name(i, name), 0);
}

static uint32_t segment_count(void)
{
	uint32_t first, last;
	return segments_find(dir_fd, &first, &last) ? last - first + 1 : 0;
}

static void segments_make_no_difference(void **state)
{
	struct log_summary summary;
	(void)state;
	use_small();
	write_log(RECORDS, 0, true);
	assert_true(segment_count() > 5);
	struct reading got = read_log(0);
	assert_string_equal(got.text, "");
	assert_int_equal(got.count, RECORDS + 1);
	assert_true(got.exited);
	assert_int_equal(log_summarize(dir_fd, &summary), ERR_NONE);
	assert_int_equal(summary.record_count, RECORDS + 1);
	assert_int_equal(summary.state, LOG_CLOSED);
}

/* Records larger than a segment, whose bytes repeat those of blocks before. */
static void huge_records_span_segments(void **state)
{
	(void)state;
	use_small();
	write_log(12, 5 << 20, true);
	assert_true(segment_count() > 2);
	struct reading got = read_log(5 << 20);
	assert_string_equal(got.text, "");
	assert_int_equal(got.count, 13);
}

static void any_record_can_be_sought(void **state)
{
	struct log_reader *reader;
	struct record record;
	(void)state;
	use_small();
	write_log(RECORDS, 0, true);
	for (uint64_t number = 0; number <= RECORDS; number += 997) {
		assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
		assert_int_equal(log_seek(reader, &(struct log_target){ .number = number }), ERR_NONE);
		assert_int_equal(log_next(reader, &record), ERR_NONE);
		assert_int_equal(record.number, number);
		uint64_t time = record.start;
		log_close(reader);
		assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
		assert_int_equal(log_seek(reader, &(struct log_target){ .by_time = true, .time = time }), ERR_NONE);
		assert_int_equal(log_next(reader, &record), ERR_NONE);
		assert_true(record.number <= number && record.start >= time);
		log_close(reader);
	}
}

/* A call that is followed, or is not: by its result, by what was written, by a note. */
static void write_followed(struct log_writer *w, uint64_t number)
{
	static const uint8_t bytes[300];
	assert_true(log_begin(w, (uint16_t)(number % 9), &number, 1, false));
	assert_true(log_commit(w, 4096, 2));
	log_span(w, 0, bytes, number % 2 ? 4 : sizeof bytes, false);
	if (number % 100 == 99)
		log_note(w, view_of("xy", 2));
	log_end(w, number % 7 == 6 ? 6 : 0, 0);
}

static bool is_followed(uint64_t number)
{
	uint64_t call = number % 9;
	return number % 100 == 99 || (number % 7 != 6 && (call == 3 || call == 5 || (call == 8 && number % 2)));
}

static uint64_t followed_count, followed_sum;

static void take_followed(struct log_follower *follower, const struct record *record)
{
	(void)follower;
	if (!is_followed(record->number) || record->arg_count != 1 || record->args[0] != record->number) {
		fprintf(stderr, "record %llu of call %u is told of\n", (unsigned long long)record->number, record->call);
		abort(); /* this is the second thread: the test would not notice */
	}
	followed_count++;
	followed_sum += record->number;
}

static void save_followed(struct log_follower *follower, struct buf *to)
{
	(void)follower;
	buf_append(to, &followed_count, sizeof followed_count);
	buf_append(to, &followed_sum, sizeof followed_sum);
}

/* A checkpoint knows all records before the one that is read next, and no other. */
static void checkpoints_know_what_went_before(void **state)
{
	static struct log_follower follower = { wanted, sizeof wanted, take_followed, save_followed };
	static const struct log_options options = { .segment_size = 256 << 10, .follower = &follower };
	enum { MANY = 500000 };
	struct log_writer *w;
	(void)state;
	assert_int_equal(log_writer_create(dir_fd, &options, &w), ERR_NONE);
	for (uint64_t i = 0; i < MANY; i++)
		write_followed(w, i);
	assert_int_equal(log_writer_close(w), ERR_NONE);
	uint64_t count = 0, sum = 0, next = 0;
	for (uint64_t number = 0; number < MANY; number += 7919) {
		struct log_reader *reader;
		struct record record;
		struct view checkpoint;
		uint64_t told[2] = { 0 };
		assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
		assert_int_equal(log_seek_checkpoint(reader, &(struct log_target){ .number = number }, &checkpoint), ERR_NONE);
		assert_true(checkpoint.size == 0 || checkpoint.size == sizeof told);
		if (checkpoint.size)
			memcpy(told, checkpoint.data, sizeof told);
		assert_int_equal(log_next(reader, &record), ERR_NONE);
		assert_true(record.number <= number && (checkpoint.size || record.number == 0));
		assert_true(number - record.number < 120000);
		for (; next < record.number; next++) {
			count += is_followed(next);
			sum += is_followed(next) ? next : 0;
		}
		assert_int_equal(told[0], count);
		assert_int_equal(told[1], sum);
		log_close(reader);
	}
}

static void write_until_killed(void)
{
	struct log_writer *w;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed must not leave somebody who fills the disk */
	int lock = openat(dir_fd, "lock", O_RDWR | O_CREAT, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) != 0 || log_writer_create(dir_fd, how, &w))
		_exit(1);
	for (uint64_t i = 0;; i++) {
		if (!write_record(w, i, 0))
			_exit(2);
	}
}

static pid_t start_writing(void)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		write_until_killed();
	return child;
}

static void kill_child(pid_t child)
{
	int status;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void nothing_is_lost_when_killed(void **state)
{
	uint32_t most = 0;
	(void)state;
	use_small();
	for (unsigned i = 0; i < 30 || most < 4; i++) {
		pid_t child = start_writing();
		usleep(2000 + i * i * 200);
		kill_child(child);
		struct reading got = read_log(0);
		if (!got.opened) {
			assert_string_equal(got.text, "");
			assert_int_equal(got.count, got.next);
		}
		most = segment_count() > most ? segment_count() : most;
		remove_log();
	}
}

static void a_reader_keeps_up_with_a_writer(void **state)
{
	struct log_reader *reader = NULL;
	struct record record;
	(void)state;
	use_small();
	pid_t child = start_writing();
	while (log_open(dir_fd, &reader) != ERR_NONE || log_state(reader) != LOG_RUNNING)
		log_close(reader), reader = NULL;
	for (uint64_t next = 0; next < 200000;) {
		enum err err = log_next(reader, &record);
		if (err == ERR_END)
			continue;
		if (err)
			fail_msg("after record %llu: %s", (unsigned long long)next, err_text());
		assert_int_equal(record.number, next);
		assert_record(&record, 0);
		next++;
	}
	assert_true(segment_count() > 3);
	log_close(reader);
	kill_child(child);
}

/* Whatever is missing or damaged is said, and the rest is there. */
static void damage_to_a_segment_is_noticed(void **state)
{
	enum { FEW = 24000 };
	char name[SEGMENT_NAME];
	(void)state;
	use_small();
	write_log(FEW, 0, true);
	uint32_t count = segment_count();
	assert_true(count > 2);
	for (uint32_t i = 1; i < count; i++) {
		segment_name(i, name);
		assert_int_equal(renameat(dir_fd, name, dir_fd, "away"), 0);
		struct reading got = read_log(0);
		assert_true(i == count - 1 || got.damages > 0);
		assert_true(got.count > FEW / 2 / count * (count - 1) && got.count <= FEW);
		assert_true(got.exited == (i != count - 1));
		assert_int_equal(renameat(dir_fd, "away", dir_fd, name), 0);
	}
	for (uint32_t i = 0; i < count; i += count - 2) { /* the first, the last but one */
		int fd = openat(dir_fd, segment_name(i, name), O_RDWR);
		struct stat stat;
		assert_int_equal(fstat(fd, &stat), 0);
		for (off_t at = 0; at < stat.st_size; at += at < 176 ? 11 : stat.st_size / 7) {
			uint8_t byte;
			assert_int_equal(pread(fd, &byte, 1, at), 1);
			byte ^= 0x40;
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
			struct reading got = read_log(0);
			assert_true(got.opened || got.damages > 0 || got.count == FEW + 1);
			byte ^= 0x40;
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		close(fd);
	}
	assert_int_equal(read_log(0).count, FEW + 1);
}

static void only_the_newest_is_kept(void **state)
{
	static const struct log_options options = { .segment_size = 64 << 10, .keep_size = 8 << 20 };
	struct log_reader *reader;
	struct record record;
	enum { MANY = 400000 };
	(void)state;
	how = &options;
	write_log(MANY, 0, true);
	struct log_summary summary;
	assert_int_equal(log_summarize(dir_fd, &summary), ERR_NONE);
	assert_true(summary.size < 8 << 20);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	uint64_t next = log_first(reader);
	assert_true(next > 0);
	while (log_next(reader, &record) == ERR_NONE && record.kind != RECORD_EXIT) {
		assert_true(record.number == next || next == log_first(reader)); /* one that began before is not there */
		assert_record(&record, 0);
		next = record.number + 1;
	}
	assert_int_equal(record.number, MANY);
	log_close(reader);
}

static void syncing_makes_no_difference(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct log_options options = { .segment_size = 64 << 10, .sync = i ? LOG_SYNC_ALWAYS : LOG_SYNC_INTERVAL };
		how = &options;
		write_log(i ? 500 : RECORDS, 0, true);
		struct reading got = read_log(0);
		assert_string_equal(got.text, "");
		assert_int_equal(got.count, (i ? 500 : RECORDS) + 1);
		remove_log();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(segments_make_no_difference),
		TEST(huge_records_span_segments),
		TEST(any_record_can_be_sought),
		TEST(checkpoints_know_what_went_before),
		TEST(nothing_is_lost_when_killed),
		TEST(a_reader_keeps_up_with_a_writer),
		TEST(damage_to_a_segment_is_noticed),
		TEST(only_the_newest_is_kept),
		TEST(syncing_makes_no_difference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
