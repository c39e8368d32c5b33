/* Lines of the system call trace, from records by hand. */
#include "printing.h"

#include "wasi/abi.h"
#include "wasi/call.h"

/* A record by hand. */
#define CALL_RECORD(name, ...)           \
	{ .kind = RECORD_CALL,           \
		.call = CALL_##name,     \
		.finished = true,        \
		.args = { __VA_ARGS__ }, \
		.arg_count = call_type(CALL_##name)->arg_count }
#define SPAN(at, literal) { .offset = (at), .size = sizeof(literal) - 1, .data = (const uint8_t *)(literal) }
#define IOV(at, literal)  { .offset = (at), .size = sizeof(literal) - 1, .data = (const uint8_t *)(literal), .iov = true }
#define INPUT(literal)    { (const uint8_t *)(literal), sizeof(literal) - 1 }

static void check_with(struct syscall_options options, const struct record *record, const char *expected)
{
	struct printing p;
	printing_init(&p, EMIT_LINE, options, NULL);
	assert_int_equal(syscall_print(p.printer, record, true), ERR_NONE);
	printed(&p);
	assert_string_equal(buf_text(&p.text), expected);
	printing_finish(&p);
}

static void check_line(const struct record *record, const char *expected)
{
	check_with(plain(), record, expected);
}

/* The lines that the trace is specified by. */
static void specified_lines(void **state)
{
	(void)state;
	struct record sizes = CALL_RECORD(args_sizes_get, 8, 12);
	sizes.spans = (struct record_span[]){ SPAN(8, "\1\0\0\0"), SPAN(12, "\13\0\0\0") };
	sizes.span_count = 2;
	check_line(&sizes, "args_sizes_get() = argc=1, argv_buf_size=11\n");

	struct record stat = CALL_RECORD(fd_fdstat_get, 1, 8);
	stat.spans = (struct record_span[]){ SPAN(8, "\2\0\0\0\0\0\0\0\101\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") };
	stat.span_count = 1;
	check_line(&stat,
		"fd_fdstat_get(1) = {filetype=CHARACTER_DEVICE, flags=0, rights_base=FD_DATASYNC|FD_WRITE, rights_inheriting=0}\n");

	struct record open = CALL_RECORD(path_open, 3, 1, 64, 9, 0, 6, 0, 0, 80);
	open.inputs = (struct view[]){ INPUT("etc/hosts") };
	open.input_count = 1;
	open.spans = (struct record_span[]){ SPAN(80, "\4\0\0\0") };
	open.span_count = 1;
	check_line(&open, "path_open(3, SYMLINK_FOLLOW, \"etc/hosts\", 0, FD_READ|FD_SEEK, 0, 0) = 4\n");

	struct record read = CALL_RECORD(fd_read, 4, 64, 1, 80);
	read.inputs = (struct view[]){ INPUT("\0\1\0\0\0\20\0\0") };
	read.input_count = 1;
	read.spans = (struct record_span[]){ IOV(256, "alpha\nbeta\n"), SPAN(80, "\13\0\0\0") };
	read.span_count = 2;
	check_line(&read, "fd_read(4, [4096]) = 11 [\"alpha\\nbeta\\n\"]\n");

	struct record write = CALL_RECORD(fd_write, 1, 64, 2, 80);
	write.inputs = (struct view[]){ INPUT("\0\1\0\0\15\0\0\0\15\1\0\0\1\0\0\0"), INPUT("Hello, World!"), INPUT("\n") };
	write.input_count = 3;
	write.spans = (struct record_span[]){ SPAN(80, "\16\0\0\0") };
	write.span_count = 1;
	check_line(&write, "fd_write(1, [\"Hello, World!\", \"\\n\"]) = 14\n");

	struct record missing = CALL_RECORD(path_filestat_get, 3, 0, 64, 4, 80);
	missing.inputs = (struct view[]){ INPUT("nope") };
	missing.input_count = 1;
	missing.result = WASI_ENOENT;
	check_line(&missing, "path_filestat_get(3, 0, \"nope\") = ENOENT (No such file or directory)\n");

	struct record time = CALL_RECORD(clock_time_get, 1, 0, 8);
	time.spans = (struct record_span[]){ SPAN(8, "\220\107\136\0\0\0\0\0") };
	time.span_count = 1;
	check_line(&time, "clock_time_get(MONOTONIC, 0) = 6178704\n");

	struct record exit = CALL_RECORD(proc_exit, 0);
	exit.end = CALL_EXITS;
	check_line(&exit, "proc_exit(0)\n");

	struct record poll = CALL_RECORD(poll_oneoff, 64, 128, 1, 8);
	poll.finished = false;
	poll.inputs = (struct view[]){
		INPUT("\7\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
	};
	poll.input_count = 1;
	check_line(&poll, "poll_oneoff([{userdata=7, tag=FD_READ, file_descriptor=5}], 1) = <unfinished ...>\n");
}

static void values(void **state)
{
	(void)state;
	struct record rights = CALL_RECORD(fd_fdstat_set_rights, 3, (1u << 30) - 1, ~0ull);
	check_line(&rights, "fd_fdstat_set_rights(3, ALL, ALL|0xffffffffc0000000) = 0\n");
	struct record flags = CALL_RECORD(fd_fdstat_set_flags, 3, 0xff05);
	check_line(&flags, "fd_fdstat_set_flags(3, APPEND|NONBLOCK|0xff00) = 0\n");
	struct record advice = CALL_RECORD(fd_advise, 3, 0, ~0ull, 77);
	advice.result = 200;
	check_line(&advice, "fd_advise(3, 0, 18446744073709551615, 77) = errno 200\n");

	struct syscall_options options = plain();
	options.string_size = 5;
	struct record write = CALL_RECORD(fd_write, 1, 64, 2, 80);
	write.inputs = (struct view[]){ INPUT("\0\1\0\0\5\0\0\0\15\1\0\0\6\0\0\0"), INPUT("\0001\0\"\\"), INPUT("sixsix") };
	write.input_count = 3;
	check_with(options, &write, "fd_write(1, [\"\\0001\\0\\\"\\\\\", \"sixsi\"...]) = ?\n");
	options.string_size = 0;
	check_with(options, &write, "fd_write(1, [\"\"..., \"\"...]) = ?\n");
}

/* Where outputs overlap, the last one written is what the guest finds; parts are put together. */
static void overlapping_outputs(void **state)
{
	(void)state;
	struct record sizes = CALL_RECORD(args_sizes_get, 8, 10);
	sizes.spans = (struct record_span[]){ SPAN(8, "\1\0\2\0"), SPAN(10, "\3\0\0\0") };
	sizes.span_count = 2;
	check_line(&sizes, "args_sizes_get() = argc=196609, argv_buf_size=3\n");
	struct record random = CALL_RECORD(random_get, 8, 6);
	random.spans = (struct record_span[]){ SPAN(11, "def"), SPAN(8, "abc") };
	random.span_count = 2;
	check_line(&random, "random_get(6) = \"abcdef\"\n");
	random.span_count = 1;
	check_line(&random, "random_get(6) = \"\"...\n");
}

/* What is missing from a record is shown as missing. */
static void incomplete_records(void **state)
{
	(void)state;
	struct record read = CALL_RECORD(fd_read, 4, 64, 1, 80);
	check_line(&read, "fd_read(4, 0x40, 1) = ? []\n");
	read.arg_count = 1;
	check_line(&read, "fd_read(4, ?, ?) = 0\n");
	read.arg_count = 0;
	check_line(&read, "fd_read(?, ?, ?) = 0\n");
	struct record write = CALL_RECORD(fd_write, 4, 64, 2, 80);
	write.inputs = (struct view[]){ INPUT("\0\1\0\0\5\0\0\0\15\1\0\0\6\0\0\0\1\2\3"), INPUT("hello") };
	write.input_count = 2;
	check_line(&write, "fd_write(4, [\"hello\", ?]) = ?\n");
	struct record stat = CALL_RECORD(fd_filestat_get, 4, 64);
	stat.spans = (struct record_span[]){ SPAN(64, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\4") };
	stat.span_count = 1;
	check_line(&stat, "fd_filestat_get(4) = {dev=1, ino=2, filetype=REGULAR_FILE}\n");
	struct record unknown = { .kind = RECORD_CALL, .call = 9999, .finished = true, .args = { 1, 2 }, .arg_count = 2, .result = 3 };
	check_with((struct syscall_options){ 0 }, &unknown, "call_9999(0x1, 0x2) = 3\n");
	unknown.kind = 77;
	check_line(&unknown, "--- record of unknown kind 77 ---\n");
}

/* -y: closing shows what is closed, opening what was opened. */
static void paths(void **state)
{
	(void)state;
	struct syscall_options options = plain();
	options.paths = true;
	struct printing p;
	printing_init(&p, EMIT_LINE, options, NULL);
	assert_int_equal(descriptors_add(p.descriptors, 3, DESCRIPTOR_PREOPEN, view_text("/<data>")), ERR_NONE);
	struct record open = CALL_RECORD(path_open, 3, 1, 64, 9, 0, 6, 0, 0, 80);
	open.inputs = (struct view[]){ INPUT("./a/../b") };
	open.input_count = 1;
	open.spans = (struct record_span[]){ SPAN(80, "\4\0\0\0") };
	open.span_count = 1;
	struct record close = CALL_RECORD(fd_close, 4);
	print(p.printer, &open);
	print(p.printer, &close);
	print(p.printer, &close);
	struct record out = CALL_RECORD(fd_sync, 1);
	print(p.printer, &out);
	printed(&p);
	assert_string_equal(buf_text(&p.text),
		"path_open(3</\\74data\\76>, SYMLINK_FOLLOW, \"./a/../b\", 0, FD_READ|FD_SEEK, 0, 0) = 4</\\74data\\76/b>\n"
		"fd_close(4</\\74data\\76/b>) = 0\n"
		"fd_close(4) = 0\n"
		"fd_sync(1<stdout>) = 0\n");
	printing_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specified_lines),
		cmocka_unit_test(values),
		cmocka_unit_test(overlapping_outputs),
		cmocka_unit_test(incomplete_records),
		cmocka_unit_test(paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
