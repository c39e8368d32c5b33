#include "unit.h"

#include "base/time.h"
#include "trace/descriptors.h"
#include "trace/filter.h"
#include "trace/path.h"
#include "trace/range.h"
#include "trace/summary.h"
#include "wasi/abi.h"
#include "wasi/call.h"

static void check_join(const char *directory, const char *name, const char *expected)
{
	struct buf out BUF_CLEANUP = { 0 };
	path_join(&out, view_text(directory), view_text(name));
	assert_string_equal(buf_text(&out), expected);
}

static void paths_are_joined(void **state)
{
	(void)state;
	check_join("/", "etc/hosts", "/etc/hosts");
	check_join("/", "..", "/");
	check_join("/", "../../a", "/a");
	check_join("/data", "a/./b//c/", "/data/a/b/c");
	check_join("/data", "a/../../etc", "/etc");
	check_join("/data", "/abs", "/data/abs");
	check_join(".", "a", "a");
	check_join(".", "..", "..");
	check_join(".", "../../a", "../../a");
	check_join("..", "..", "../..");
	check_join("a", "..", ".");
	check_join("", "", ".");
	check_join("...", "..a", ".../..a");
}

/* A record by hand. */
#define CALL_RECORD(name, ...)                                                                       \
	(struct record)                                                                              \
	{                                                                                            \
		.kind = RECORD_CALL, .call = CALL_##name, .finished = true, .args = { __VA_ARGS__ }, \
		.arg_count = call_type(CALL_##name)->arg_count                                       \
	}

static void follow(struct descriptors *table, struct record record)
{
	assert_int_equal(descriptors_follow(table, &record), ERR_NONE);
}

static void follow_span(struct descriptors *table, struct record record, uint32_t at, const void *data, uint32_t size)
{
	record.spans = &(struct record_span){ .offset = at, .size = size, .data = data };
	record.span_count = 1;
	follow(table, record);
}

static void open_file(struct descriptors *table, uint32_t directory, const char *path, uint32_t oflags, uint32_t fd)
{
	struct record record = CALL_RECORD(path_open, directory, 0, 64, strlen(path), oflags, 0, 0, 0, 80);
	struct view input = view_text(path);
	record.inputs = &input;
	record.input_count = 1;
	follow_span(table, record, 80, &fd, sizeof fd);
}

static void check_fd(struct descriptors *table, uint32_t fd, enum descriptor_kind kind, const char *path)
{
	struct descriptor got;
	if (!path) {
		assert_false(descriptors_get(table, fd, &got));
		return;
	}
	assert_true(descriptors_get(table, fd, &got));
	assert_int_equal(got.kind, kind);
	assert_int_equal(got.path.size, strlen(path));
	assert_memory_equal(got.path.data, path, got.path.size);
}

static void descriptors_are_followed(void **state)
{
	(void)state;
	struct descriptors *table;
	assert_int_equal(descriptors_create(&table), ERR_NONE);
	check_fd(table, 0, DESCRIPTOR_STDIN, "");
	check_fd(table, 2, DESCRIPTOR_STDERR, "");
	check_fd(table, 3, 0, NULL);
	follow_span(table, CALL_RECORD(fd_prestat_get, 3, 64), 64, "\0\0\0\0\5\0\0\0", 8);
	check_fd(table, 3, DESCRIPTOR_PREOPEN, "");
	follow_span(table, CALL_RECORD(fd_prestat_dir_name, 3, 64, 5), 64, "/data", 5);
	check_fd(table, 3, DESCRIPTOR_PREOPEN, "/data");
	open_file(table, 3, "sub", WASI_oflags_DIRECTORY, 4);
	check_fd(table, 4, DESCRIPTOR_DIRECTORY, "/data/sub");
	open_file(table, 4, "../x", 0, 5);
	check_fd(table, 5, DESCRIPTOR_FILE, "/data/x");
	open_file(table, 77, "lost", 0, 6);
	check_fd(table, 6, DESCRIPTOR_FILE, "");

	follow(table, CALL_RECORD(fd_renumber, 5, 1));
	check_fd(table, 5, 0, NULL);
	check_fd(table, 1, DESCRIPTOR_FILE, "/data/x");
	follow(table, CALL_RECORD(fd_renumber, 1, 1));
	check_fd(table, 1, DESCRIPTOR_FILE, "/data/x");
	follow(table, CALL_RECORD(fd_renumber, 99, 4));
	check_fd(table, 4, 0, NULL);

	struct record failed = CALL_RECORD(fd_close, 1);
	failed.result = WASI_EIO;
	follow(table, failed);
	check_fd(table, 1, DESCRIPTOR_FILE, "/data/x");
	follow(table, CALL_RECORD(fd_close, 1));
	check_fd(table, 1, 0, NULL);

	follow_span(table, CALL_RECORD(sock_accept, 3, 0, 80), 80, "\7\0\0\0", 4);
	check_fd(table, 7, DESCRIPTOR_SOCKET, "");
	descriptors_destroy(table);
}

static void file_types_correct_kinds(void **state)
{
	(void)state;
	struct descriptors *table;
	assert_int_equal(descriptors_create(&table), ERR_NONE);
	descriptors_add(table, 3, DESCRIPTOR_PREOPEN, view_text("/"));
	open_file(table, 3, "a", 0, 4);
	follow_span(table, CALL_RECORD(fd_fdstat_get, 4, 64), 64, "\3", 1);
	check_fd(table, 4, DESCRIPTOR_DIRECTORY, "/a");
	uint8_t stat[64] = { [16] = WASI_filetype_SOCKET_STREAM };
	follow_span(table, CALL_RECORD(fd_filestat_get, 4, 64), 64, stat, sizeof stat);
	check_fd(table, 4, DESCRIPTOR_SOCKET, "/a");
	follow_span(table, CALL_RECORD(fd_fdstat_get, 3, 64), 64, "\4", 1);
	check_fd(table, 3, DESCRIPTOR_PREOPEN, "/");
	follow_span(table, CALL_RECORD(fd_fdstat_get, 0, 64), 64, "\2", 1);
	check_fd(table, 0, DESCRIPTOR_STDIN, "");
	descriptors_destroy(table);
}

/* Numbers that collide, closed in another order than they were opened. */
static void many_descriptors(void **state)
{
	(void)state;
	enum { COUNT = 5000 };
	struct descriptors *table;
	char name[16];
	assert_int_equal(descriptors_create(&table), ERR_NONE);
	for (uint32_t i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "%u", i);
		assert_int_equal(descriptors_add(table, i * 65536 + i % 7, DESCRIPTOR_FILE, view_text(name)), ERR_NONE);
	}
	for (uint32_t i = 0; i < COUNT; i += 3)
		follow(table, CALL_RECORD(fd_close, i * 65536 + i % 7));
	for (uint32_t i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "%u", i);
		check_fd(table, i * 65536 + i % 7, DESCRIPTOR_FILE, i % 3 ? name : NULL);
	}
	descriptors_clear(table);
	check_fd(table, 65537, 0, NULL);
	descriptors_destroy(table);
}

static void descriptors_are_bounded(void **state)
{
	(void)state;
	struct descriptors *table;
	struct buf path BUF_CLEANUP = { 0 };
	for (int i = 0; i < DESCRIPTOR_PATH_MAX; i++)
		buf_append_byte(&path, 'x');
	assert_int_equal(descriptors_create(&table), ERR_NONE);
	for (uint32_t i = 0; i < DESCRIPTORS_MAX + 10; i++)
		assert_int_equal(descriptors_add(table, i, DESCRIPTOR_FILE, buf_view(&path)), ERR_NONE);
	check_fd(table, DESCRIPTORS_MAX + 5, 0, NULL);
	check_fd(table, DESCRIPTORS_MAX - 1, DESCRIPTOR_FILE, "");
	descriptors_clear(table);
	buf_append_byte(&path, 'x');
	descriptors_add(table, 3, DESCRIPTOR_FILE, buf_view(&path));
	check_fd(table, 3, DESCRIPTOR_FILE, "");
	descriptors_destroy(table);
}

static bool passes(const struct trace_filter *filter, uint16_t call)
{
	return trace_filter_passes(filter, &(struct record){ .kind = RECORD_CALL, .call = call });
}

static void filters(void **state)
{
	(void)state;
	const struct record grow = { .kind = RECORD_GROW }, end = { .kind = RECORD_EXIT }, unknown = { .kind = RECORD_CALL, .call = 9999 };
	struct trace_filter filter = { 0 };
	assert_true(passes(&filter, CALL_fd_read) && trace_filter_passes(&filter, &unknown) && trace_filter_passes(&filter, &end));
	assert_false(trace_filter_passes(&filter, &grow));

	assert_int_equal(trace_filter_add(&filter, "file,random_get"), ERR_NONE);
	assert_true(passes(&filter, CALL_path_open) && passes(&filter, CALL_random_get) && trace_filter_passes(&filter, &end));
	assert_false(passes(&filter, CALL_fd_read) || trace_filter_passes(&filter, &unknown) || trace_filter_passes(&filter, &grow));
	assert_int_equal(trace_filter_add(&filter, "!path_open,fd_seek,memory"), ERR_NONE);
	assert_false(passes(&filter, CALL_path_open));
	assert_true(passes(&filter, CALL_fd_seek) && passes(&filter, CALL_unstable_fd_seek) && trace_filter_passes(&filter, &grow));

	struct trace_filter without = { 0 };
	assert_int_equal(trace_filter_add(&without, "!clock"), ERR_NONE);
	assert_true(passes(&without, CALL_fd_read));
	assert_false(passes(&without, CALL_clock_time_get) || passes(&without, CALL_poll_oneoff));
}

static void check_filter_error(const char *list, const char *expected)
{
	struct trace_filter filter = { 0 };
	assert_int_equal(trace_filter_add(&filter, list), ERR_USAGE);
	assert_string_equal(err_text(), expected);
}

static void filter_errors(void **state)
{
	(void)state;
	check_filter_error("fd_raed", "there is no call or class \"fd_raed\"; is it \"fd_read\"?");
	check_filter_error("file,netwrok", "there is no call or class \"netwrok\"; is it \"network\"?");
	const char *classes = "classes are process, clock, descriptor, file, network, random, memory and all";
	char text[200];
	snprintf(text, sizeof text, "there is no call or class \"xyzzyxyzzy\"; %s", classes);
	check_filter_error("xyzzyxyzzy", text);
	snprintf(text, sizeof text, "there is no call or class \"\"; %s", classes);
	check_filter_error("file,", text);
}

static void check_duration(const char *text, uint64_t expected)
{
	uint64_t ns = 1;
	assert_int_equal(duration_parse(text, &ns), ERR_NONE);
	assert_int_equal(ns, expected);
}

static void durations(void **state)
{
	(void)state;
	check_duration("0s", 0);
	check_duration("250ms", 250ull * NS_PER_MS);
	check_duration("1.5s", 1500ull * NS_PER_MS);
	check_duration("1h30m", 5400ull * NS_PER_S);
	check_duration(" 2 days 1 hour", 49ull * 3600 * NS_PER_S);
	check_duration("3us", 3000);
	check_duration("0.000000001s", 1);
	static const char *const bad[] = { "", "5", "s", "-5s", "5x", "5s ", "1e3s", "99999999999999999999s", "99999999999w", "5s!",
		"5..3s" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint64_t ns = 7;
		bool trailing = strcmp(bad[i], "5s ") == 0; /* the only one of them that is good */
		assert_int_equal(duration_parse(bad[i], &ns), trailing ? ERR_NONE : ERR_USAGE);
		assert_int_equal(ns, trailing ? 5ull * NS_PER_S : 7);
	}
}

static void check_moment(const char *text, uint64_t expected, bool from_start)
{
	struct moment moment;
	assert_int_equal(moment_parse(text, 1790000000ull * NS_PER_S, &moment), ERR_NONE);
	assert_int_equal(moment.ns, expected);
	assert_int_equal(moment.from_start, from_start);
}

static void moments(void **state)
{
	(void)state;
	check_moment("now", 1790000000ull * NS_PER_S, false);
	check_moment("5m ago", 1789999700ull * NS_PER_S, false);
	check_moment("+2s", 2ull * NS_PER_S, true);
	check_moment("1970-01-01T00:00:00Z", 0, false);
	check_moment("2026-09-21T14:13:20Z", 1790000000ull * NS_PER_S, false);
	check_moment("2026-09-21 16:13:20.250+02:00", 1790000000ull * NS_PER_S + 250ull * NS_PER_MS, false);
	check_moment("2024-02-29T12:00:00-00:30", 1709209800ull * NS_PER_S, false);
	static const char *const bad[] = { "", "5m", "ago", "2026-09-21", "2026-13-01T00:00:00Z", "2026-09-21T14:13:20",
		"2026-09-21T25:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "tomorrow", "+", "5m ago!" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct moment moment;
		assert_int_equal(moment_parse(bad[i], 0, &moment), ERR_USAGE);
	}
}

static enum range_place place_of(const struct trace_range *range, uint64_t number, uint64_t start)
{
	return trace_range_place(range, 1000, &(struct record){ .number = number, .start = start });
}

static void ranges(void **state)
{
	(void)state;
	struct trace_range range = { 0 };
	assert_int_equal(place_of(&range, 0, 1000), RANGE_INSIDE);
	range = (struct trace_range){ .start = { true, 10 }, .duration = 5 };
	assert_int_equal(place_of(&range, 0, 1009), RANGE_BEFORE);
	assert_int_equal(place_of(&range, 0, 1010), RANGE_INSIDE);
	assert_int_equal(place_of(&range, 0, 1014), RANGE_INSIDE);
	assert_int_equal(place_of(&range, 0, 1015), RANGE_AFTER);
	range = (struct trace_range){ .duration = 5 };
	assert_int_equal(place_of(&range, 0, 1004), RANGE_INSIDE);
	assert_int_equal(place_of(&range, 0, 1005), RANGE_AFTER);
	range = (struct trace_range){ .limited = true };
	assert_int_equal(record_range_parse("3..9", &range.first, &range.last), ERR_NONE);
	assert_int_equal(place_of(&range, 2, 1), RANGE_BEFORE);
	assert_int_equal(place_of(&range, 9, 1), RANGE_INSIDE);
	assert_int_equal(place_of(&range, 10, 1), RANGE_AFTER);
	assert_int_equal(record_range_parse("7", &range.first, &range.last), ERR_NONE);
	assert_true(range.first == 7 && range.last == 7);
	assert_int_equal(record_range_parse("7..", &range.first, &range.last), ERR_NONE);
	assert_true(range.first == 7 && range.last == UINT64_MAX);
	assert_int_equal(record_range_parse("..7", &range.first, &range.last), ERR_NONE);
	assert_true(range.first == 0 && range.last == 7);
	static const char *const bad[] = { "", "..", "a", "3..b", "3.9", "9..3", "3...9", "-1", "99999999999999999999" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(record_range_parse(bad[i], &range.first, &range.last), ERR_USAGE);
}

static void summaries(void **state)
{
	(void)state;
	struct summary summary = { 0 };
	struct summary_line lines[CALL_COUNT + 1];
	struct record read = CALL_RECORD(fd_read, 4);
	assert_int_equal(summary_sorted(&summary, lines), 0);
	read.duration = 10;
	summary_add(&summary, &read);
	read.result = WASI_EIO;
	summary_add(&summary, &read);
	read.finished = false;
	summary_add(&summary, &read);
	struct record write = CALL_RECORD(fd_write, 4);
	write.duration = 50;
	summary_add(&summary, &write);
	summary_add(&summary, &(struct record){ .kind = RECORD_CALL, .call = 9999 });
	summary_add(&summary, &(struct record){ .kind = RECORD_EXIT });
	assert_int_equal(summary_sorted(&summary, lines), 2);
	assert_true(lines[0].call == CALL_fd_write && lines[0].calls == 1 && lines[0].errors == 0 && lines[0].total == 50);
	assert_true(lines[1].call == CALL_fd_read && lines[1].calls == 3 && lines[1].errors == 1 && lines[1].total == 20);
	assert_true(lines[2].calls == 4 && lines[2].errors == 1 && lines[2].total == 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_joined),
		cmocka_unit_test(descriptors_are_followed),
		cmocka_unit_test(file_types_correct_kinds),
		cmocka_unit_test(many_descriptors),
		cmocka_unit_test(descriptors_are_bounded),
		cmocka_unit_test(filters),
		cmocka_unit_test(filter_errors),
		cmocka_unit_test(durations),
		cmocka_unit_test(moments),
		cmocka_unit_test(ranges),
		cmocka_unit_test(summaries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
