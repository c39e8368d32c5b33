#include "folder.h"
#include "registry/removal.h"

#include <fcntl.h>
#include <sys/wait.h>

static struct registry *open_registry(void)
{
	struct registry *registry;
	if (registry_open(below("registry"), &registry) != 0)
		fail_msg("%s", err_text());
	return registry;
}

/* Its identifier is the test's to set. */
static struct manifest example(void)
{
	struct manifest m = {
		.runtime = view_text("0.1.0"),
		.module_name = view_text("prog.wasm"),
		.start_wall = UINT64_C(1700000000123456789),
		.features = view_text("wasm-2.0"),
	};
	assert_true(uuid_parse(view_text("018bcfe5-687b-7e3f-8a01-23456789abcd"), &m.id));
	return m;
}

static void identifiers_are_in_the_order_of_time(void **state)
{
	(void)state;
	struct uuid a, b, c;
	char text[UUID_TEXT];
	uint64_t wall = UINT64_C(1700000000000000000);
	assert_int_equal(uuid_create(wall, &a), 0);
	assert_int_equal(uuid_create(wall + 300, &b), 0);
	assert_int_equal(uuid_create(wall + 1000000, &c), 0);
	assert_true(memcmp(&a, &b, sizeof a) < 0 && memcmp(&b, &c, sizeof a) < 0);
	uuid_print(&a, text);
	assert_int_equal(strlen(text), UUID_LENGTH);
	assert_memory_equal(text, "018bcfe5-6800-7000-", 19);
	assert_non_null(strchr("89ab", text[19]));
	assert_true(uuid_parse(view_text(text), &b));
	assert_true(uuid_equal(&a, &b));
	assert_true(uuid_parse(view_text("018BCFE5-6800-7000-8000-000000000000"), &b));
	assert_false(uuid_parse(view_text("018bcfe5-6800-7000-8000-00000000000"), &b));
	assert_false(uuid_parse(view_text("018bcfe5-6800-7000-8000-00000000000g"), &b));
	assert_false(uuid_parse(view_text("018bcfe5x6800-7000-8000-000000000000"), &b));
}

static void digests_are_sha256(void **state)
{
	(void)state;
	static const char expected[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct digest digest = digest_of(view_text("abc")), parsed;
	char text[DIGEST_TEXT];
	digest_print(&digest, text);
	assert_string_equal(text, expected);
	assert_true(digest_parse(view_text(expected), &parsed));
	assert_memory_equal(&parsed, &digest, sizeof digest);
	assert_true(digest_parse(view_text(expected + 7), &parsed));
	assert_false(digest_parse(view_text(expected + 8), &parsed));
	assert_false(digest_parse(view_text("sha256:"), &parsed));
}

static void registries_are_private(void **state)
{
	(void)state;
	umask(0);
	struct registry *registry = open_registry();
	struct process process;
	struct manifest m = example();
	assert_int_equal(registry_create_process(registry, &m, &process), 0);
	struct stat stat;
	assert_int_equal(fstat(registry_fd(registry), &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0700);
	assert_int_equal(fstat(process.dir_fd, &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0700);
	assert_int_equal(fstatat(process.dir_fd, "manifest.yaml", &stat, 0), 0);
	assert_int_equal(stat.st_mode & 07777, 0600);
	process_close(&process);
	registry_close(registry);

	char expected[1024];
	chmod(below("registry"), 0750);
	snprintf(expected, sizeof expected, "the registry %s is open to other users (mode 0750): run chmod -R go= %s", below("registry"),
		below("registry"));
	assert_int_equal(registry_open(below("registry"), &registry), ERR_ACCESS);
	assert_string_equal(err_text(), expected);
}

static void modules_are_stored_once(void **state)
{
	(void)state;
	struct registry *registry = open_registry();
	struct module_file file, again;
	write_text(below("m.wasm"), "some bytes");
	assert_int_equal(module_file_read(below("m.wasm"), &file), 0);
	assert_int_equal(registry_add_module(registry, &file), 0);
	assert_int_equal(registry_add_module(registry, &file), 0);
	struct stored_module *modules;
	size_t count;
	assert_int_equal(registry_modules(registry, &modules, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(modules[0].size, 10);
	free(modules);
	assert_int_equal(registry_load_module(registry, &file.digest, &again), 0);
	assert_true(view_equal(again.bytes, file.bytes));
	module_file_finish(&again);

	char hex[DIGEST_HEX], path[512], expected[2048];
	digest_hex(&file.digest, hex);
	snprintf(path, sizeof path, "%s/registry/modules/sha256/%.2s/%s", folder, hex, hex);
	struct stat stat;
	assert_int_equal(lstat(path, &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0400);
	chmod(path, 0600);
	write_text(path, "other bytes");
	snprintf(expected, sizeof expected,
		"registry %s: module sha256:%s is damaged: its bytes have another digest; remove %s, and the next run of that module "
		"stores it again",
		registry_path(registry), hex, path);
	assert_int_equal(registry_load_module(registry, &file.digest, &again), ERR_DAMAGED);
	assert_string_equal(err_text(), expected);
	unlink(path);
	assert_int_equal(registry_load_module(registry, &file.digest, &again), ERR_NOT_FOUND);
	module_file_finish(&file);
	registry_close(registry);
}

/* One of many that store the same module and a process of their own at the same time. */
static int store(int number)
{
	static uint8_t bytes[1 << 20];
	struct registry *registry;
	struct process process;
	struct manifest m = example();
	struct module_file file = { .bytes = view_of(bytes, sizeof bytes), .digest = digest_of(view_of(bytes, sizeof bytes)) };
	m.id.bytes[15] = (uint8_t)number;
	if (registry_open(below("registry"), &registry) != 0 || registry_add_module(registry, &file) != 0)
		return 1;
	struct module_file stored;
	if (registry_load_module(registry, &file.digest, &stored) != 0 || !view_equal(stored.bytes, file.bytes))
		return 2;
	return registry_create_process(registry, &m, &process) != 0 ? 3 : 0;
}

static void many_may_use_a_registry_at_once(void **state)
{
	(void)state;
	enum { MANY = 8 };
	pid_t children[MANY];
	for (int i = 0; i < MANY; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(store(i));
	}
	for (int i = 0; i < MANY; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	struct registry *registry = open_registry();
	struct stored_module *modules;
	struct uuid *ids;
	size_t module_count, process_count;
	assert_int_equal(registry_modules(registry, &modules, &module_count), 0);
	assert_int_equal(registry_processes(registry, &ids, &process_count), 0);
	assert_int_equal(module_count, 1);
	assert_int_equal(process_count, MANY);
	free(modules);
	free(ids);
	registry_close(registry);
}

static void processes_run_while_their_lock_is_held(void **state)
{
	(void)state;
	struct registry *registry = open_registry();
	struct process process, reader;
	struct manifest m = example(), read;
	assert_int_equal(registry_open_process(registry, &m.id, &reader), ERR_NOT_FOUND);
	assert_int_equal(registry_create_process(registry, &m, &process), 0);
	assert_int_equal(registry_open_process(registry, &m.id, &reader), 0);
	assert_true(process_is_running(&reader));
	process_close(&process);
	assert_false(process_is_running(&reader));
	assert_int_equal(process_manifest(&reader, &read), 0);
	assert_true(view_is(read.module_name, "prog.wasm"));
	manifest_finish(&read);
	process_close(&reader);
	assert_int_not_equal(registry_create_process(registry, &m, &process), 0);
	registry_close(registry);
}

static void a_process_is_found_when_it_is_published(void **state)
{
	(void)state;
	struct registry *registry = open_registry();
	struct process process, reader;
	struct manifest m = example();
	char **left;
	size_t count;
	assert_int_equal(registry_begin_process(registry, &m, &process), 0);
	assert_int_equal(registry_open_process(registry, &m.id, &reader), ERR_NOT_FOUND);
	assert_int_equal(registry_publish_process(registry, &process), 0);
	assert_int_equal(registry_open_process(registry, &m.id, &reader), 0);
	process_close(&reader);
	process_close(&process);
	/* One that is there already leaves nothing behind, and does not change. */
	assert_int_equal(registry_begin_process(registry, &m, &process), 0);
	assert_int_not_equal(registry_publish_process(registry, &process), 0);
	registry_abandon_process(registry, &process);
	assert_int_equal(registry_leftovers(registry, false, &left, &count), 0);
	assert_int_equal(count, 0);
	free(left);
	assert_int_equal(registry_open_process(registry, &m.id, &reader), 0);
	assert_int_equal(process_manifest(&reader, &m), 0);
	manifest_finish(&m);
	process_close(&reader);
	registry_close(registry);
}

static void add_process(struct registry *registry, const char *id)
{
	struct manifest m = example();
	struct process process;
	assert_true(uuid_parse(view_text(id), &m.id));
	assert_int_equal(registry_create_process(registry, &m, &process), 0);
	process_close(&process);
}

static void assert_resolves(struct registry *registry, const char *id, const char *expected)
{
	struct uuid found;
	char text[UUID_TEXT];
	if (registry_resolve(registry, id, &found) != 0)
		fail_msg("%s", err_text());
	uuid_print(&found, text);
	assert_string_equal(text, expected);
}

#define FIRST  "018bcfe5-0000-7000-8000-00000000aaaa"
#define SECOND "018bcfe5-0001-7000-8000-00000001aaaa"
#define THIRD  "018bcfe6-0000-7000-8000-00000000bbbb"

static void processes_are_found_by_what_is_unique(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	struct registry *registry = open_registry();
	struct uuid found, *ids;
	size_t count;
	assert_int_equal(registry_resolve(registry, "@last", &found), ERR_NOT_FOUND);
	add_process(registry, SECOND);
	add_process(registry, THIRD);
	add_process(registry, FIRST);
	assert_resolves(registry, FIRST, FIRST);
	assert_resolves(registry, "@last", THIRD);
	assert_resolves(registry, "@1", THIRD);
	assert_resolves(registry, "@3", FIRST);
	assert_resolves(registry, "018BCFE6", THIRD);
	assert_resolves(registry, "bbbb", THIRD);
	assert_resolves(registry, "1aaaa", SECOND);
	assert_int_equal(registry_resolve(registry, "@4", &found), ERR_NOT_FOUND);
	assert_int_equal(registry_resolve(registry, "@x", &found), ERR_USAGE);
	assert_int_equal(registry_resolve(registry, "cccc", &found), ERR_NOT_FOUND);
	assert_int_equal(registry_resolve(registry, "", &found), ERR_NOT_FOUND);
	assert_int_equal(registry_resolve(registry, "aaaa", &found), ERR_AMBIGUOUS);
	assert_string_equal(err_text(),
		"aaaa may be any of 2 processes; use more of its end:"
		"\n    " FIRST "  2023-11-14 22:13:20  prog.wasm\n    " SECOND "  2023-11-14 22:13:20  prog.wasm");
	assert_int_equal(registry_processes(registry, &ids, &count), 0);
	assert_int_equal(count, 3);
	uint8_t *lengths;
	assert_int_equal(uuid_unique_suffixes(ids, count, &lengths), 0);
	assert_memory_equal(lengths, ((uint8_t[]){ 5, 5, 4 }), 3);
	free(lengths);
	free(ids);
	registry_close(registry);
}

static void who_reads_a_process_learns_that_it_was_deleted(void **state)
{
	(void)state;
	struct registry *registry = open_registry();
	struct manifest m = example(), read;
	struct process process, reader;
	struct process_usage usage;
	assert_int_equal(registry_create_process(registry, &m, &process), 0);
	assert_int_equal(registry_remove_process(registry, &m.id), ERR_ACCESS);
	assert_string_equal(err_text(), "process 018bcfe5-687b-7e3f-8a01-23456789abcd is running: it can be deleted when it has ended");
	process_close(&process);
	assert_int_equal(registry_open_process(registry, &m.id, &reader), 0);
	assert_int_equal(process_usage(&reader, &usage), 0);
	struct stat stat;
	assert_int_equal(fstatat(reader.dir_fd, "manifest.yaml", &stat, 0), 0);
	assert_int_equal(usage.size, stat.st_size);
	assert_int_equal(process_explain(&reader, ERR_DAMAGED), ERR_DAMAGED);
	assert_false(process_was_deleted(&reader));
	assert_int_equal(registry_remove_process(registry, &m.id), 0);
	assert_true(process_was_deleted(&reader));
	assert_int_equal(process_manifest(&reader, &read), 0); /* until it is swept */
	manifest_finish(&read);
	assert_int_equal(registry_sweep(registry), 0);
	assert_int_equal(process_manifest(&reader, &read), ERR_NOT_FOUND);
	assert_string_equal(err_text(), "process 018bcfe5-687b-7e3f-8a01-23456789abcd was deleted meanwhile");
	assert_int_equal(process_explain(&reader, ERR_NONE), ERR_NONE);
	assert_int_equal(process_explain(&reader, ERR_END), ERR_END);
	assert_int_equal(registry_remove_process(registry, &m.id), ERR_NOT_FOUND);
	process_close(&reader);
	/* Another of that name is not it. */
	assert_int_equal(registry_create_process(registry, &m, &process), 0);
	assert_false(process_was_deleted(&process));
	process_close(&process);
	registry_close(registry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifiers_are_in_the_order_of_time),
		cmocka_unit_test(digests_are_sha256),
		cmocka_unit_test_setup_teardown(registries_are_private, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(modules_are_stored_once, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(many_may_use_a_registry_at_once, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(processes_run_while_their_lock_is_held, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_process_is_found_when_it_is_published, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(processes_are_found_by_what_is_unique, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(who_reads_a_process_learns_that_it_was_deleted, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
