/* The log: what is written comes back, whatever happens to the writer or to the files. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/time.h"
#include "log/reader.h"
#include "log/writer.h"

static char folder[64];
static int dir_fd;

static int make_folder(void **state)
{
	(void)state;
	time_init();
	snprintf(folder, sizeof folder, "/tmp/test_log.XXXXXX");
	assert_non_null(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(dir_fd >= 0);
	return 0;
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	close(dir_fd);
	return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Bytes that tell where they belong. */
static uint8_t *pattern(size_t size, uint64_t seed)
{
	uint8_t *bytes = malloc(size + 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
	return bytes;
}

static const size_t sizes[] = { 0, 1, 7, 8, 100, 4096, 3 };

/* Record number `number` of a recording made up for tests: everything in it follows from the number. */
static bool write_record(struct log_writer *w, uint64_t number, size_t huge)
{
	uint64_t args[] = { number, number * number, UINT64_MAX - number };
	uint32_t arg_count = number % 4;
	if (number % 10 == 9)
		return log_event(w, RECORD_GROW, args, 2, view_of(NULL, 0));
	bool faulted = number % 10 == 8;
	if (!log_begin(w, (uint16_t)(number % 46), args, arg_count, faulted))
		return false;
	uint32_t items = faulted ? 0 : number % 3;
	for (uint32_t i = 0; i < items; i++) {
		size_t size = huge ? huge : sizes[(number + i) % 7];
		uint8_t *bytes = pattern(size, number + i);
		log_put_size(w, size);
		log_put(w, bytes, size / 2);
		log_put(w, bytes + size / 2, size - size / 2);
		free(bytes);
	}
	uint32_t spans = faulted ? 0 : (number + 1) % 3;
	if (!log_commit(w, spans * (huge ? huge : 4096), spans))
		return false;
	for (uint32_t i = 0; i < spans; i++) {
		size_t size = huge ? huge : sizes[(number + 3 + i) % 7];
		uint8_t *bytes = pattern(size, number + 100 + i);
		log_span(w, (uint32_t)number * 8, bytes, size, i == 1);
		free(bytes);
	}
	log_end(w, (uint32_t)number, number % 2 ? 1 : 0);
	return true;
}

/* Whether a record is, to the byte, what write_record wrote under its number; of an unfinished one, what there is. */
static void assert_record(const struct record *r, size_t huge)
{
	uint64_t number = r->number, args[] = { number, number * number, UINT64_MAX - number };
	if (number % 10 == 9) {
		assert_int_equal(r->kind, RECORD_GROW);
		assert_int_equal(r->arg_count, 2);
		assert_memory_equal(r->args, args, 16);
		return;
	}
	bool faulted = number % 10 == 8;
	assert_int_equal(r->kind, RECORD_CALL);
	assert_int_equal(r->call, number % 46);
	assert_int_equal(r->arg_count, number % 4);
	assert_memory_equal(r->args, args, 8 * r->arg_count);
	assert_int_equal(r->faulted, faulted);
	assert_int_equal(r->input_count, faulted ? 0 : number % 3);
	for (uint32_t i = 0; i < r->input_count; i++) {
		size_t size = huge ? huge : sizes[(number + i) % 7];
		uint8_t *bytes = pattern(size, number + i);
		assert_int_equal(r->inputs[i].size, size);
		assert_memory_equal(r->inputs[i].data, bytes, size);
		free(bytes);
	}
	if (!r->finished)
		return;
	assert_int_equal(r->span_count, faulted ? 0 : (number + 1) % 3);
	for (uint32_t i = 0; i < r->span_count; i++) {
		size_t size = huge ? huge : sizes[(number + 3 + i) % 7];
		uint8_t *bytes = pattern(size, number + 100 + i);
		assert_int_equal(r->spans[i].offset, number * 8);
		assert_int_equal(r->spans[i].size, size);
		assert_int_equal(r->spans[i].iov, i == 1);
		assert_memory_equal(r->spans[i].data, bytes, size);
		free(bytes);
	}
	assert_int_equal(r->result, (uint32_t)number);
	assert_int_equal(r->end, number % 2 ? 1 : 0);
}

static void write_log(uint64_t count, size_t huge, bool closed)
{
	struct log_writer *w;
	uint64_t exit_args[] = { 7, 1234 };
	assert_int_equal(log_writer_create(dir_fd, &w), ERR_NONE);
	for (uint64_t i = 0; i < count; i++)
		assert_true(write_record(w, i, huge));
	assert_true(log_event(w, RECORD_EXIT, exit_args, 2, view_of(NULL, 0)));
	if (closed)
		assert_int_equal(log_writer_close(w), ERR_NONE);
}

/* What reading a recording to its end gave. */
struct reading {
	uint64_t count;      /* of records that are right */
	uint64_t next;       /* number after the last one */
	uint32_t damages;
	char text[256];      /* of the last */
	bool unfinished, exited;
	enum err opened;
	enum log_state state;
};

static struct reading read_log(size_t huge)
{
	struct reading got = { 0 };
	struct log_reader *reader;
	struct record record;
	uint64_t last_start = 0;
	got.opened = log_open(dir_fd, &reader);
	if (got.opened)
		return got;
	got.state = log_state(reader);
	for (;;) {
		enum err err = log_next(reader, &record);
		if (err == ERR_END)
			break;
		if (err) {
			assert_int_equal(err, ERR_DAMAGED);
			assert_true(got.damages++ < 1000);
			assert_true(strlen(err_text()) > 10);
			snprintf(got.text, sizeof got.text, "%s", err_text());
			continue;
		}
		assert_true(record.number >= got.next);
		assert_true(record.start >= last_start);
		last_start = record.start;
		got.next = record.number + 1;
		got.count++;
		got.unfinished |= !record.finished;
		if (record.kind == RECORD_EXIT) {
			got.exited = true;
			assert_int_equal(record.args[0], 7);
		} else {
			assert_record(&record, huge);
		}
	}
	log_close(reader);
	return got;
}

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
	assert_int_equal(log_writer_create(dir_fd, &w), ERR_NONE);
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
	log_seek_number(reader, 43210);
	assert_int_equal(log_next(reader, &record), ERR_NONE);
	assert_int_equal(record.number, 43210);
	assert_record(&record, 0);
	uint64_t time = record.start;
	log_close(reader);
	assert_int_equal(log_open(dir_fd, &reader), ERR_NONE);
	log_seek_time(reader, time);
	assert_int_equal(log_next(reader, &record), ERR_NONE);
	assert_true(record.number <= 43210 && record.number > 43000 && record.start >= time);
	log_close(reader);
}

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
	int lock = openat(dir_fd, "lock", O_RDWR | O_CREAT, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) != 0 || log_writer_create(dir_fd, &w))
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
		if (log_writer_create(dir_fd, &w))
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
	assert_int_equal(log_writer_create(dir_fd, &w), ERR_NONE);
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
		TEST(records_come_back),
		TEST(huge_records_come_back),
		TEST(an_empty_recording_is_read),
		TEST(seeking_skips),
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
