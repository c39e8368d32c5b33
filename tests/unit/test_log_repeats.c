/* The log: bytes that a program reads or writes again and again are stored once, and come back each time. */
#include "log/format.h"
#include "log_records.h"

enum { POOL = 3 << 20, CALLS = 12000 };

static uint8_t *pool; /* what programs read: bytes that nothing compresses */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15;
	return x ^ x >> 29;
}

static int make_pool(void **state)
{
	pool = malloc(POOL);
	assert_non_null(pool);
	for (size_t i = 0; i < POOL; i += 8) {
		uint64_t word = mix(i + 1);
		memcpy(pool + i, &word, 8);
	}
	return make_folder(state);
}

static int remove_pool(void **state)
{
	free(pool);
	return remove_folder(state);
}

/* What call `number` reads or writes: a part of the pool, of 0 bytes to more than a buffer holds. */
static struct view part_of(uint64_t number, uint32_t which)
{
	static const size_t steps[] = { 4096, 4096, 4096, 512, 700, 64 << 10, 1 };
	uint64_t random = mix(number * 8 + which);
	size_t step = steps[random % 7];
	size_t at = (random >> 8) % (POOL / 4096) * 4096;
	size_t size = random % 97 == 0 ? 700 << 10 : random % 5 == 0 ? (random >> 40) % 20000 : step;
	return view_slice(view_of(pool, POOL), at, size);
}

static bool is_odd_one(uint64_t number)
{
	return number % 50 == 49;
}

static void write_call(struct log_writer *w, uint64_t number)
{
	uint64_t args[] = { number };
	assert_true(log_begin(w, 3, args, 1, false));
	for (uint32_t i = 0; i < number % 3; i++) {
		struct view input = part_of(number, i);
		log_input(w, input.data, input.size);
	}
	assert_true(log_commit(w, 2 << 20, 3));
	for (uint32_t i = 3; i < 3 + number / 3 % 3; i++) {
		struct view output = part_of(number, i);
		log_span(w, (uint32_t)number, output.data, output.size, i % 2);
	}
	uint32_t small = (uint32_t)number;
	log_span(w, 8, &small, 4, false);
	log_end(w, small, 0);
}

static void assert_call(const struct record *r)
{
	uint64_t number = r->number;
	uint32_t outputs = number / 3 % 3;
	assert_int_equal(r->args[0], number);
	assert_int_equal(r->input_count, number % 3);
	for (uint32_t i = 0; i < r->input_count; i++)
		assert_true(view_equal(r->inputs[i], part_of(number, i)));
	assert_int_equal(r->span_count, outputs + 1);
	for (uint32_t i = 0; i < outputs; i++)
		assert_true(view_equal(view_of(r->spans[i].data, r->spans[i].size), part_of(number, 3 + i)));
	assert_int_equal(r->spans[outputs].size, 4);
	assert_memory_equal(r->spans[outputs].data, &number, 4);
}

static void write_calls(uint64_t count)
{
	struct log_writer *w;
	assert_int_equal(log_writer_create(dir_fd, NULL, &w), ERR_NONE);
	for (uint64_t i = 0; i < count; i++) {
		if (is_odd_one(i))
			assert_true(log_event(w, RECORD_GROW, (uint64_t[]){ i, i }, 2, view_of(NULL, 0)));
		else
			write_call(w, i);
	}
	assert_int_equal(log_writer_close(w), ERR_NONE);
}

/* How many of the records are there; those that are, are right. */
static uint64_t read_calls(uint64_t from, uint32_t *ret_damages)
{
	struct log_reader *reader;
	struct record record;
	uint64_t count = 0, next = from;
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	if (from)
		assert_int_equal(log_seek(reader, &(struct log_target){ .number = from }), ERR_NONE);
	*ret_damages = 0;
	for (enum err err; (err = log_next(reader, &record)) != ERR_END;) {
		if (err) {
			assert_int_equal(err, ERR_DAMAGED);
			assert_true((*ret_damages)++ < 10000);
			continue;
		}
		assert_true(record.number >= next);
		next = record.number + 1;
		count++;
		if (is_odd_one(record.number))
			assert_int_equal(record.kind, RECORD_GROW);
		else
			assert_call(&record);
	}
	log_close(reader);
	return count;
}

static off_t size_of_log(void)
{
	struct stat stat;
	assert_int_equal(fstatat(dir_fd, "00000000.log", &stat, 0), 0);
	return stat.st_size;
}

static void repeats_come_back(void **state)
{
	uint32_t damages;
	uint64_t bytes = 0;
	(void)state;
	for (uint64_t i = 0; i < CALLS; i++) {
		for (uint32_t k = 0; k < 6 && !is_odd_one(i); k++)
			bytes += (k < 3 ? k < i % 3 : k - 3 < i / 3 % 3) ? part_of(i, k).size : 0;
	}
	assert_true(bytes > 200 << 20);
	write_calls(CALLS);
	assert_int_equal(read_calls(0, &damages), CALLS);
	assert_int_equal(damages, 0);
	assert_true((uint64_t)size_of_log() < bytes / 4);
}

static void any_record_can_be_sought(void **state)
{
	uint32_t damages;
	(void)state;
	write_calls(CALLS / 4);
	for (uint64_t from = 1; from < CALLS / 4; from += 311) {
		assert_int_equal(read_calls(from, &damages), CALLS / 4 - from);
		assert_int_equal(damages, 0);
	}
}

/* A block that others repeat: theirs are missing too, but nothing is made up, and what does not depend on it is there. */
static void damage_to_what_is_repeated_is_noticed(void **state)
{
	uint32_t damages;
	uint8_t byte;
	(void)state;
	write_calls(CALLS / 8);
	int fd = openat(dir_fd, "00000000.log", O_RDWR);
	off_t size = size_of_log();
	assert_true(fd >= 0);
	for (off_t at = 100; at < size; at += size / 60) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 4;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_true(read_calls(0, &damages) < CALLS / 8 || at > size - 65536);
		assert_true(damages > 0);
		byte ^= 4;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
	assert_int_equal(read_calls(0, &damages), CALLS / 8);
}

/* The same page for ever: further than a reference reaches. */
static void one_page_costs_nearly_nothing(void **state)
{
	struct log_writer *w;
	struct log_reader *reader;
	struct record record;
	(void)state;
	assert_int_equal(log_writer_create(dir_fd, NULL, &w), ERR_NONE);
	for (uint64_t i = 0; i < 80000; i++) {
		assert_true(log_begin(w, 3, NULL, 0, false));
		assert_true(log_commit(w, 4096, 1));
		log_span(w, 0, pool + i % 3 * 4096, 4096, true);
		log_end(w, 0, 0);
	}
	assert_int_equal(log_writer_close(w), ERR_NONE);
	assert_true(size_of_log() < 8 << 20);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	for (uint64_t i = 0; i < 80000; i++) {
		assert_int_equal(log_next(reader, &record), ERR_NONE);
		assert_true(view_equal(view_of(record.spans[0].data, record.spans[0].size), view_of(pool + i % 3 * 4096, 4096)));
	}
	assert_int_equal(log_next(reader, &record), ERR_END);
	log_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_pool, remove_pool)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(repeats_come_back),
		TEST(any_record_can_be_sought),
		TEST(damage_to_what_is_repeated_is_noticed),
		TEST(one_page_costs_nearly_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
