#include "unit.h"
#include "wasi/call.h"
#include "wasi/net.h"

#include <sys/mman.h>

/* A guest's memory of one page of the host, with a page behind it that faults when touched. */
enum { PAGE = 4096 };
static struct memory memory = { .size = PAGE };

static int set_up(void **state)
{
	(void)state;
	void *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect((uint8_t *)pages + PAGE, PAGE, PROT_NONE), 0);
	memory.base = pages;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return munmap(memory.base, 2 * PAGE);
}

static void put_u32(uint32_t at, uint32_t value)
{
	memcpy(memory.base + at, &value, sizeof value);
}

static void put_vector(uint32_t at, uint32_t data, uint32_t size)
{
	put_u32(at, data);
	put_u32(at + 4, size);
}

#define CALL_OF(name, ...)                                                                 \
	(struct call)                                                                      \
	{                                                                                  \
		.type = call_type(CALL_##name), .args = { __VA_ARGS__ }, .memory = &memory \
	}

static const char *fault_of(struct call call)
{
	const struct param *param = call_fault(&call);
	return param ? param->name : "";
}

/* What a module that clang-19 links with Debian's wasi-libc imports; proc_raise, which that libc lacks, as the specification has it. */
static const char *const imports[][2] = {
	{ "args_get", "ii:i" },
	{ "args_sizes_get", "ii:i" },
	{ "clock_res_get", "ii:i" },
	{ "clock_time_get", "iIi:i" },
	{ "environ_get", "ii:i" },
	{ "environ_sizes_get", "ii:i" },
	{ "fd_advise", "iIIi:i" },
	{ "fd_allocate", "iII:i" },
	{ "fd_close", "i:i" },
	{ "fd_datasync", "i:i" },
	{ "fd_fdstat_get", "ii:i" },
	{ "fd_fdstat_set_flags", "ii:i" },
	{ "fd_fdstat_set_rights", "iII:i" },
	{ "fd_filestat_get", "ii:i" },
	{ "fd_filestat_set_size", "iI:i" },
	{ "fd_filestat_set_times", "iIIi:i" },
	{ "fd_pread", "iiiIi:i" },
	{ "fd_prestat_dir_name", "iii:i" },
	{ "fd_prestat_get", "ii:i" },
	{ "fd_pwrite", "iiiIi:i" },
	{ "fd_read", "iiii:i" },
	{ "fd_readdir", "iiiIi:i" },
	{ "fd_renumber", "ii:i" },
	{ "fd_seek", "iIii:i" },
	{ "fd_sync", "i:i" },
	{ "fd_tell", "ii:i" },
	{ "fd_write", "iiii:i" },
	{ "path_create_directory", "iii:i" },
	{ "path_filestat_get", "iiiii:i" },
	{ "path_filestat_set_times", "iiiiIIi:i" },
	{ "path_link", "iiiiiii:i" },
	{ "path_open", "iiiiiIIii:i" },
	{ "path_readlink", "iiiiii:i" },
	{ "path_remove_directory", "iii:i" },
	{ "path_rename", "iiiiii:i" },
	{ "path_symlink", "iiiii:i" },
	{ "path_unlink_file", "iii:i" },
	{ "poll_oneoff", "iiii:i" },
	{ "proc_exit", "i:" },
	{ "proc_raise", "i:i" },
	{ "random_get", "ii:i" },
	{ "sched_yield", ":i" },
	{ "sock_accept", "iii:i" },
	{ "sock_recv", "iiiiii:i" },
	{ "sock_send", "iiiii:i" },
	{ "sock_shutdown", "ii:i" },
};

static void signatures_are_those_of_wasi_libc(void **state)
{
	(void)state;
	size_t count = sizeof imports / sizeof *imports;
	assert_int_equal(count, 46);
	for (size_t i = 0; i < count; i++) {
		const struct call_type *call = call_find(view_text("wasi_snapshot_preview1"), view_text(imports[i][0]), 0);
		assert_non_null(call);
		assert_string_equal(call->name, imports[i][0]);
		assert_string_equal(call->signature, imports[i][1]);
		assert_ptr_equal(call, call_type(call->number));
	}
}

static void every_number_has_its_call(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < CALL_COUNT; number++) {
		const struct call_type *call = call_type(number);
		assert_non_null(call);
		assert_int_equal(call->number, number);
		assert_true(call->classes != 0);
		assert_true(call->param_count <= CALL_MAX_PARAMS && call->arg_count <= CALL_MAX_ARGS);
	}
	assert_null(call_type(CALL_COUNT));
	assert_null(call_type(UINT32_MAX));
}

static void unstable_differs_where_it_did(void **state)
{
	(void)state;
	struct view old = view_text("wasi_unstable"), new = view_text("wasi_snapshot_preview1");
	struct view seek = view_text("fd_seek");
	assert_int_equal(call_find(new, seek, 0)->number, CALL_fd_seek);
	assert_int_equal(call_find(old, seek, 0)->number, CALL_unstable_fd_seek);
	assert_string_equal(call_find(old, seek, 0)->name, "fd_seek");
	assert_string_equal(call_find(old, seek, 0)->signature, call_find(new, seek, 0)->signature);
	assert_ptr_equal(call_find(old, view_text("fd_write"), 0), call_find(new, view_text("fd_write"), 0));
	assert_null(call_find(old, view_text("sock_accept"), 0));
	assert_null(call_find(old, view_text("unstable_fd_seek"), 0));
	assert_null(call_find(new, view_text("unstable_fd_seek"), 0));
}

static void unknown_imports_are_not_found(void **state)
{
	(void)state;
	struct view module = view_text("wasi_snapshot_preview1");
	static const char *const names[] = { "", "fd", "fd_writ", "fd_write2", "FD_WRITE" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_null(call_find(module, view_text(names[i]), 0));
	assert_null(call_find(module, view_of("fd_write\0", 9), 0));
	assert_null(call_find(view_text("env"), view_text("fd_write"), 0));
	assert_null(call_find((struct view){ 0 }, view_text("fd_write"), 0));
}

static void parameters_know_their_arguments(void **state)
{
	(void)state;
	const struct call_type *poll = call_type(CALL_poll_oneoff);
	assert_int_equal(poll->params[0].count, 2);
	assert_int_equal(poll->params[1].count, 2);
	assert_int_equal(poll->params[1].used, 3);
	const struct call_type *read = call_type(CALL_fd_read);
	assert_int_equal(read->params[1].arg, 1);
	assert_int_equal(read->params[1].used, 3);
	assert_int_equal(call_type(CALL_random_get)->params[0].used, PARAM_ALL);
	assert_int_equal(call_type(CALL_path_open)->params[7].arg, 8);
	assert_string_equal(call_type(CALL_args_get)->params[0].second, "argv_buf");
}

/* Fields lie inside their structure, in order, and overlap only where a tag chooses between them. */
static void structures_are_laid_out(void **state)
{
	(void)state;
	uint32_t structures = 0;
	for (enum type_number type = 0; type < TYPE_NONE; type++) {
		const struct field *fields = struct_fields(type);
		assert_int_equal(fields != NULL, types[type].style == STYLE_STRUCT);
		structures += fields != NULL;
		for (const struct field *field = fields; field && field->name; field++) {
			const struct type *of = &types[field->type];
			assert_true(field->offset + of->size <= types[type].size);
			assert_int_equal(field->offset % of->size, 0);
			for (const struct field *before = fields; before < field; before++) {
				bool apart = before->offset + types[before->type].size <= field->offset;
				assert_true(apart || (before->tag >= 0 && before->tag == field->tag && before->value != field->value));
			}
		}
	}
	assert_int_equal(structures, 9);
	assert_null(struct_fields(TYPE_NONE));
}

static void values_have_names(void **state)
{
	(void)state;
	assert_string_equal(value_name(TYPE_clockid, 1), "MONOTONIC");
	assert_string_equal(value_name(TYPE_rights, 1u << 29), "SOCK_ACCEPT");
	assert_string_equal(value_name(TYPE_whence, 0), "SET");
	assert_string_equal(value_name(TYPE_whence_unstable, 0), "CUR");
	assert_string_equal(value_name(TYPE_errno, 76), "ENOTCAPABLE");
	assert_null(value_name(TYPE_errno, 77));
	assert_null(value_name(TYPE_errno, (uint64_t)1 << 32));
	assert_null(value_name(TYPE_rights, (uint64_t)1 << 32));
	assert_null(value_name(TYPE_size, 0));
	for (uint32_t number = 0; number <= 76; number++) {
		assert_non_null(errno_name(number));
		assert_non_null(errno_text(number));
	}
	assert_null(errno_name(77));
	assert_null(errno_text(UINT32_MAX));
}

/* Remembers the spans that were told of. */
struct spans {
	struct call_output output;
	uint32_t count;
	struct {
		uint32_t offset, size;
		bool iov;
	} list[4];
};

static void remember(struct call_output *output, uint32_t offset, const void *data, uint32_t size, bool iov)
{
	struct spans *spans = (struct spans *)output;
	assert_ptr_equal(data, memory.base + offset);
	spans->list[spans->count].offset = offset;
	spans->list[spans->count].size = size;
	spans->list[spans->count++].iov = iov;
}

static void writes_stay_in_bounds(void **state)
{
	(void)state;
	struct spans spans = { .output.span = remember };
	struct call call = CALL_OF(fd_tell, 0);
	call.output = &spans.output;
	assert_true(guest_write_u32(&call, PAGE - 4, 0x04030201));
	assert_memory_equal(memory.base + PAGE - 4, "\1\2\3\4", 4);
	assert_false(guest_write_u32(&call, PAGE - 3, 0xffffffff));
	assert_false(guest_write_u64(&call, PAGE - 4, UINT64_MAX));
	assert_false(guest_write(&call, UINT32_MAX, "x", 1));
	assert_false(guest_write(&call, UINT32_MAX - 1, "xxxx", 4));
	assert_memory_equal(memory.base + PAGE - 4, "\1\2\3\4", 4);
	assert_true(guest_write(&call, PAGE, "", 0));
	assert_false(guest_write(&call, PAGE + 1, "", 0));
	guest_filled(&call, 8, 16);
	guest_filled(&call, 8, 0);
	assert_int_equal(spans.list[0].offset, PAGE - 4);
	assert_int_equal(spans.list[0].size, 4);
	assert_false(spans.list[0].iov);
	assert_int_equal(spans.list[spans.count - 1].offset, 8);
	assert_int_equal(spans.list[spans.count - 1].size, 16);
	assert_true(spans.list[spans.count - 1].iov);
	call.output = NULL;
	assert_true(guest_write_u32(&call, 0, 1));
	guest_filled(&call, 0, 4);
}

static void faults_name_the_first_bad_parameter(void **state)
{
	(void)state;
	assert_string_equal(fault_of(CALL_OF(sched_yield, 0)), "");
	assert_string_equal(fault_of(CALL_OF(fd_tell, 3, PAGE - 8)), "");
	assert_string_equal(fault_of(CALL_OF(fd_tell, 3, PAGE - 7)), "offset");
	assert_string_equal(fault_of(CALL_OF(fd_tell, 3, UINT32_MAX)), "offset");
	assert_string_equal(fault_of(CALL_OF(path_rename, 3, 0, PAGE, 4, 1, PAGE - 1)), "");
	assert_string_equal(fault_of(CALL_OF(path_rename, 3, 0, PAGE + 1, 4, 1, PAGE)), "old_path");
	assert_string_equal(fault_of(CALL_OF(path_rename, 3, 0, PAGE, 4, 1, PAGE)), "new_path");
	assert_string_equal(fault_of(CALL_OF(path_unlink_file, 3, PAGE, 0)), "");
	assert_string_equal(fault_of(CALL_OF(path_unlink_file, 3, UINT32_MAX, UINT32_MAX)), "path");
	assert_string_equal(fault_of(CALL_OF(random_get, 1, UINT32_MAX)), "buf");
	assert_string_equal(fault_of(CALL_OF(fd_filestat_get, 1, PAGE - 64)), "");
	assert_string_equal(fault_of(CALL_OF(fd_filestat_get, 1, PAGE - 63)), "buf");
	/* Arguments that are no pointers are never looked at. */
	assert_string_equal(fault_of(CALL_OF(fd_allocate, UINT32_MAX, UINT64_MAX, UINT64_MAX)), "");
}

static void faults_look_into_vectors(void **state)
{
	(void)state;
	put_vector(16, 0, PAGE);
	put_vector(24, PAGE, 0);
	put_vector(32, PAGE - 1, 2);
	put_vector(40, UINT32_MAX, UINT32_MAX);
	assert_string_equal(fault_of(CALL_OF(fd_write, 1, 16, 2, 0)), "");
	assert_string_equal(fault_of(CALL_OF(fd_write, 1, 16, 3, 0)), "iovs");
	assert_string_equal(fault_of(CALL_OF(fd_read, 1, 40, 1, 0)), "iovs");
	assert_string_equal(fault_of(CALL_OF(fd_write, 1, PAGE, 0, 0)), "");
	assert_string_equal(fault_of(CALL_OF(fd_write, 1, PAGE - 4, 1, 0)), "iovs");
	assert_string_equal(fault_of(CALL_OF(fd_write, 1, 0, UINT32_MAX, 0)), "iovs");
	assert_string_equal(fault_of(CALL_OF(fd_write, 1, 16, 2, PAGE - 3)), "nwritten");
}

/* Counts whose product with the size of a value passes 32 bits must not wrap into bounds. */
static void faults_do_not_wrap(void **state)
{
	(void)state;
	assert_string_equal(fault_of(CALL_OF(poll_oneoff, 0, 0, PAGE / 48, 0)), "");
	assert_string_equal(fault_of(CALL_OF(poll_oneoff, 0, 0, PAGE / 48 + 1, 0)), "in");
	assert_string_equal(fault_of(CALL_OF(poll_oneoff, PAGE - 48, PAGE - 31, 1, 0)), "out");
	assert_string_equal(fault_of(CALL_OF(poll_oneoff, 0, 0, 0x10000000, 0)), "in");
	assert_string_equal(fault_of(CALL_OF(poll_oneoff, 0, 0, 0x55555556, 0)), "in");
	assert_string_equal(fault_of(CALL_OF(fd_write, 1, 0, 0x20000000, 0)), "iovs");
}

static void modules_without_memory_have_only_faults(void **state)
{
	(void)state;
	struct memory none = { 0 };
	struct call call = CALL_OF(fd_tell, 3, 0);
	call.memory = &none;
	assert_string_equal(fault_of(call), "offset");
	assert_false(guest_write_u32(&call, 0, 1));
	call = CALL_OF(sched_yield, 0);
	call.memory = &none;
	assert_string_equal(fault_of(call), "");
}

/* Writes inputs down as "name:part:offset+size". */
static void write_down(void *data, const struct input *input)
{
	static const char parts[] = { [INPUT_BYTES] = 'b', [INPUT_VECTORS] = 'v', [INPUT_DATA] = 'd' };
	char *text = data;
	size_t used = strlen(text);
	snprintf(text + used, 200 - used, "%s:%c:%zu+%zu ", input->param->name, parts[input->part],
		(size_t)(input->bytes.data - memory.base), input->bytes.size);
}

static const char *inputs_of(struct call call)
{
	static char text[200];
	text[0] = 0;
	call_inputs(&call, write_down, text);
	return text;
}

static void inputs_come_in_the_order_of_the_table(void **state)
{
	(void)state;
	put_vector(16, 100, 5);
	put_vector(24, 200, 0);
	put_vector(32, 50, 7);
	assert_string_equal(inputs_of(CALL_OF(fd_write, 1, 16, 3, 0)), "iovs:v:16+24 iovs:d:100+5 iovs:d:200+0 iovs:d:50+7 ");
	assert_string_equal(inputs_of(CALL_OF(fd_read, 1, 16, 3, 0)), "iovs:v:16+24 ");
	assert_string_equal(inputs_of(CALL_OF(fd_write, 1, 16, 0, 0)), "iovs:v:16+0 ");
	assert_string_equal(inputs_of(CALL_OF(path_rename, 3, 10, 4, 5, 20, 0)), "old_path:b:10+4 new_path:b:20+0 ");
	assert_string_equal(inputs_of(CALL_OF(poll_oneoff, 64, 0, 2, 0)), "in:b:64+96 ");
	assert_string_equal(inputs_of(CALL_OF(path_readlink, 3, 1, 2, 100, 10, 4)), "path:b:1+2 ");
	assert_string_equal(inputs_of(CALL_OF(fd_tell, 3, 0)), "");
	assert_string_equal(inputs_of(CALL_OF(args_get, 0, 0)), "");
}

static uint64_t bound_of(struct call call, uint32_t *ret_spans)
{
	return call_output_bound(&call, ret_spans);
}

static void outputs_are_bounded(void **state)
{
	(void)state;
	uint32_t spans;
	put_vector(16, 100, 5);
	put_vector(24, 200, 0);
	put_vector(32, 0, PAGE);
	assert_int_equal(bound_of(CALL_OF(fd_read, 1, 16, 3, 0), &spans), 5 + PAGE + 4 + NOTE_SIZE_MAX);
	assert_int_equal(spans, 5);
	assert_int_equal(bound_of(CALL_OF(fd_write, 1, 16, 3, 0), &spans), 4 + NOTE_SIZE_MAX);
	assert_int_equal(spans, 2);
	assert_int_equal(bound_of(CALL_OF(poll_oneoff, 0, 0, 3, 0), &spans), 3 * 32 + 4 + 4 * NOTE_SIZE_MAX);
	assert_int_equal(spans, 6);
	assert_int_equal(bound_of(CALL_OF(random_get, 0, 77), &spans), 77);
	assert_int_equal(spans, 1);
	assert_int_equal(bound_of(CALL_OF(sched_yield, 0), &spans), 0);
	assert_int_equal(spans, 0);
	assert_int_equal(bound_of(CALL_OF(args_get, 0, 0), &spans), 0);
	/* Many vectors over the same bytes: more than 32 bits in all. */
	memory.size = (uint64_t)1 << 32;
	for (uint32_t at = 0; at < PAGE; at += 8)
		put_vector(at, 0, UINT32_MAX);
	assert_int_equal(bound_of(CALL_OF(fd_read, 1, 0, PAGE / 8, 0), &spans), (uint64_t)UINT32_MAX * (PAGE / 8) + 4 + NOTE_SIZE_MAX);
	assert_int_equal(spans, PAGE / 8 + 2);
	memory.size = PAGE;
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_those_of_wasi_libc),
		cmocka_unit_test(every_number_has_its_call),
		cmocka_unit_test(unstable_differs_where_it_did),
		cmocka_unit_test(unknown_imports_are_not_found),
		cmocka_unit_test(parameters_know_their_arguments),
		cmocka_unit_test(structures_are_laid_out),
		cmocka_unit_test(values_have_names),
		WITH_MEMORY(writes_stay_in_bounds),
		WITH_MEMORY(faults_name_the_first_bad_parameter),
		WITH_MEMORY(faults_look_into_vectors),
		WITH_MEMORY(faults_do_not_wrap),
		cmocka_unit_test(modules_without_memory_have_only_faults),
		WITH_MEMORY(inputs_come_in_the_order_of_the_table),
		WITH_MEMORY(outputs_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
