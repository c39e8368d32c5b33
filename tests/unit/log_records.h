/* What tests of the log share: recordings made up so that everything in a record follows from its number. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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
static const struct log_options *how; /* recordings are written; NULL: by default */
static int dir_fd;

static inline int make_folder(void **state)
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

static inline int remove_folder(void **state)
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
		log_input(w, bytes, size);
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

static inline void write_log(uint64_t count, size_t huge, bool closed)
{
	struct log_writer *w;
	uint64_t exit_args[] = { 7, 1234 };
	assert_int_equal(log_writer_create(dir_fd, how, &w), ERR_NONE);
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

static inline struct reading read_log(size_t huge)
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
