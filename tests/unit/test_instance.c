/* Instances of modules that are extreme in one way. */
#include "base/buf.h"
#include "unit.h"
#include "wasm/module_parts.h"
#include "wasm/store.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* One function, without parameters. */
#define FUNC                       \
	"\0asm\1\0\0\0"            \
	"\x01\x04\x01\x60\x00\x00" \
	"\x03\x02\x01\x00"

struct made {
	struct module *module;
	struct store *store;
	struct instance *instance;
};

static void make(struct made *made, struct view bytes)
{
	if (module_decode(bytes, &made->module))
		fail_msg("%s", err_text());
	assert_int_equal(store_create(&STORE_LIMITS_DEFAULT, &made->store), 0);
	assert_int_equal(instance_create(made->store, made->module, NULL, &made->instance), 0);
}

static void call_f(struct made *made)
{
	struct extern_value f;
	assert_true(instance_export(made->instance, view_text("f"), &f));
	assert_int_equal(func_call(made->store, f.func, (uint64_t[1]){ 0 }), 0);
}

static void finish(struct made *made)
{
	store_destroy(made->store);
	module_destroy(made->module);
}

/* With one more operand it is refused (test_decode). */
static void the_largest_frame_is_run(void **state)
{
	(void)state;
	static const char bytes[] = FUNC "\x07\x05\x01\x01"
					 "f\x00\x00"
					 "\x0a\x10\x01\x0e\x01\xfe\xff\x01\x7b\x20\xfd\xff\x01\x41\x00\x1a\x1a\x0b";
	struct made made;
	make(&made, view_of(bytes, sizeof bytes - 1));
	assert_int_equal(made.module->funcs[0].local_slots + made.module->funcs[0].max_height, 65535);
	call_f(&made);
	finish(&made);
}

/* Numbers of /proc/self/statm: pages mapped, and those of them that may be written privately. */
static void measure(unsigned long *ret_mapped, unsigned long *ret_data)
{
	FILE *file = fopen("/proc/self/statm", "re");
	assert_int_equal(fscanf(file, "%lu %*u %*u %*u %*u %lu", ret_mapped, ret_data), 2); /* NOLINT(cert-err34-c): the kernel's */
	fclose(file);
}

/* Address space can be had, memory in it not. */
static void a_memory_that_cannot_be_had_leaves_nothing_mapped(void **state)
{
	(void)state;
	enum { SLACK = 64 << 20 };
	struct store *store;
	struct rlimit limit, less;
	struct memory *memory;
	unsigned long before, data, after;
	assert_int_equal(store_create(&STORE_LIMITS_DEFAULT, &store), 0);
	measure(&before, &data);
	assert_int_equal(getrlimit(RLIMIT_DATA, &limit), 0);
	less = (struct rlimit){ data * (rlim_t)getpagesize() + SLACK, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_DATA, &less), 0);
	enum err err = store_add_memory(store, (struct memtype){ { 16384, 65536 } }, &memory);
	assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
	assert_int_equal(err, ERR_NOMEM);
	assert_string_equal(err_text(), "cannot map a memory of 16384 pages: Cannot allocate memory");
	measure(&after, &data);
	assert_in_range(after, 0, before + 4096);
	store_destroy(store);
}

static void append_section(struct buf *module, uint8_t id, const struct buf *contents)
{
	buf_append_byte(module, id);
	for (int shift = 0; shift < 35; shift += 7) /* always five bytes */
		buf_append_byte(module, (uint8_t)((contents->size >> shift & 0x7f) | (shift < 28 ? 0x80 : 0)));
	buf_append(module, contents->data, contents->size);
}

/* 65,538 passive segments "?", but the last is "z" and the second "y"; the function reads the last into memory. */
static void segments_are_told_apart_beyond_16_bits(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf bytes = { 0 }, datas = { 0 };
	static const char head[] = FUNC "\x05\x03\x01\x00\x01"
					"\x07\x05\x01\x01"
					"f\x00\x00"
					"\x0c\x03\x82\x80\x04"
					"\x0a\x10\x01\x0e\x00\x41\x00\x41\x00\x41\x01\xfc\x08\x81\x80\x04\x00\x0b";
	buf_append(&bytes, head, sizeof head - 1);
	buf_append(&datas, "\x82\x80\x04", 3);
	for (uint32_t i = 0; i < 65538; i++)
		buf_append(&datas, i == 1 ? "\x01\x01y" : i == 65537 ? "\x01\x01z" : "\x01\x01?", 3);
	append_section(&bytes, 11, &datas);
	struct made made;
	make(&made, buf_view(&bytes));
	call_f(&made);
	assert_int_equal(instance_memory(made.instance)->base[0], 'z');
	finish(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_frame_is_run),
		cmocka_unit_test(a_memory_that_cannot_be_had_leaves_nothing_mapped),
		cmocka_unit_test(segments_are_told_apart_beyond_16_bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
