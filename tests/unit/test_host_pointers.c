#include "guest_calls.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

/* The guest's memory ends in the middle of what call_host compares, so that a write beyond the end is found. */
enum { SIZE = MEMORY / 2, PLACE = 64 };

static const struct view strings[] = { { (const uint8_t *)"NAME=value", 10 }, { (const uint8_t *)"b", 1 } };
static int stop = -1;

static void open_host(void)
{
	struct host_dir dir = { .path = folder, .guest = "/data" };
	struct host_options options = { .args = strings, .arg_count = 2, .env = strings, .env_count = 2, .dirs = &dir, .dir_count = 1 };
	options.stdio[0] = options.stdio[1] = options.stdio[2] = -1;
	options.stop_fd = stop;
	options.registry_fd = -1;
	assert_int_equal(host_create(&options, &host), ERR_NONE);
	memset(bytes, 0, MEMORY);
}

static int set_up(void **state)
{
	struct rlimit little = { 1 << 20, 1 << 20 }; /* fd_allocate may be asked for any size */
	setrlimit(RLIMIT_FSIZE, &little);
	if (make_folder(state) != 0)
		return -1;
	memory.size = SIZE;
	stop = eventfd(1, EFD_CLOEXEC); /* nothing waits */
	write_text(below("file"), "0123456789");
	open_host();
	return 0;
}

static int tear_down(void **state)
{
	host_destroy(host);
	close(stop);
	return remove_folder(state);
}

/* Arguments that all lead to memory: strings and buffers of 4 bytes, and a vector of as many. */
static struct call good_call(const struct call_type *type)
{
	struct call call = { .type = type, .args = { 3 } };
	for (uint8_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		if (param->kind == PARAM_VAL)
			continue;
		call.args[param->arg] = TEXT + PLACE * (uint64_t)i;
		if (param->kind == PARAM_STRS)
			call.args[param->arg + 1] = TEXT + PLACE * (uint64_t)i + PLACE / 2;
		else if (param->kind == PARAM_ARR_IN || param->kind == PARAM_ARR_OUT)
			call.args[param->count] = 1;
		else if (param->kind == PARAM_IOV_IN || param->kind == PARAM_IOV_OUT)
			call.args[param->arg] = IN, call.args[param->arg + 1] = 1;
		else if (param->kind == PARAM_ADDRINFOS)
			call.args[param->count] = 1;
		else if (param_args(param->kind) == 2)
			call.args[param->arg + 1] = 4;
	}
	put_vector(IN, TEXT + 4096, 4);
	return call;
}

static uint32_t with_arg(struct call call, uint8_t arg, uint64_t value)
{
	call.args[arg] = value;
	return call_host(call);
}

static const struct call_type *type_at(uint32_t number)
{
	return number < CALL_COUNT ? call_type(number) : NULL;
}

/* Every pointer of every call, just over the end, at the end, and far beyond it. */
static void test_each_pointer(void **state)
{
	(void)state;
	static const uint64_t wrong[] = { SIZE - 1, SIZE, SIZE + 1, 0x7ffffffc, 0xfffffff0, UINT32_MAX };
	int pointers = 0;
	for (uint32_t number = 0; number < CALL_COUNT; number++) {
		const struct call_type *type = type_at(number);
		for (uint8_t i = 0; type && i < type->param_count; i++) {
			const struct param *param = &type->params[i];
			if (param->kind == PARAM_VAL)
				continue;
			pointers++;
			for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
				assert_int_equal(with_arg(good_call(type), param->arg, wrong[j]), WASI_EFAULT);
				if (param->kind == PARAM_STRS)
					assert_int_equal(with_arg(good_call(type), param->arg + 1, wrong[j]), WASI_EFAULT);
			}
		}
	}
	assert_in_range(pointers, 50, 500);
}

static void test_each_vector(void **state)
{
	(void)state;
	static const uint32_t wrong[][2] = { { SIZE - 3, 4 }, { SIZE + 1, 0 }, { 0, SIZE + 1 }, { 4, UINT32_MAX },
		{ UINT32_MAX, UINT32_MAX } };
	for (uint32_t number = 0; number < CALL_COUNT; number++) {
		const struct call_type *type = type_at(number);
		for (uint8_t i = 0; type && i < type->param_count; i++) {
			if (type->params[i].kind != PARAM_IOV_IN && type->params[i].kind != PARAM_IOV_OUT)
				continue;
			for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
				struct call call = good_call(type);
				put_vector(IN, wrong[j][0], wrong[j][1]);
				assert_int_equal(call_host(call), WASI_EFAULT);
			}
			assert_int_equal(with_arg(good_call(type), type->params[i].arg + 1, UINT32_MAX), WASI_EFAULT);
		}
	}
}

static uint64_t random_state = 88172645463325252;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

/* Numbers of every size, most of them such as descriptors, flags, counts and addresses in memory are. */
static uint64_t random_argument(bool wide)
{
	uint64_t value = random_number(), kind = random_number() % 8;
	if (kind < 4)
		return value % 8;
	if (kind < 6)
		return value % SIZE;
	if (kind == 6)
		return SIZE - value % 64;
	return wide ? value : (uint32_t)value;
}

static void start_again(void)
{
	host_destroy(host);
	open_host();
	memcpy(bytes, "file", 4);
	open_path("file", WASI_oflags_CREAT, all_rights, 0);
	open_path(".", WASI_oflags_DIRECTORY, read_rights, 0);
	for (uint32_t at = 1024; at < 4096; at += 8)
		put_vector(at, (uint32_t)(random_number() % SIZE), (uint32_t)(random_number() % 64));
}

/* Any arguments, outputs over inputs among them: each call ends, and writes only what it tells of and in bounds; call_host looks. */
static void test_any_arguments(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		const struct call_type *type = type_at((uint32_t)(random_number() % CALL_COUNT));
		if (!type)
			continue;
		if (i % 50 == 0)
			start_again();
		struct call call = { .type = type };
		for (uint8_t arg = 0; arg < type->arg_count; arg++)
			call.args[arg] = random_argument(type->signature[arg] == 'I');
		call_host(call);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_each_pointer),
		TEST(test_each_vector),
		TEST(test_any_arguments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
