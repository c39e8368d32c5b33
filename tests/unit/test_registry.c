#include "registry/config.h"
#include "registry/registry.h"
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/test_registry.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *below(const char *name)
{
	static char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static struct registry *open_registry(void)
{
	struct registry *registry;
	if (registry_open(below("registry"), &registry) != 0)
		fail_msg("%s", err_text());
	return registry;
}

static struct manifest example(void)
{
	static const struct view args[] = { { (const uint8_t *)"prog", 4 }, { (const uint8_t *)"", 0 },
		{ (const uint8_t *)"a\n\"b\\\xe2\x82\xac", 8 } };
	static const struct view env[] = { { (const uint8_t *)"BYTES=\xff\xfe", 8 }, { (const uint8_t *)"LINE=\xe2\x80\xa8 #: -", 13 } };
	static const struct manifest_dir dirs[] = { { { (const uint8_t *)"/", 1 }, { (const uint8_t *)"/", 1 }, false },
		{ { (const uint8_t *)"/tmp/x", 6 }, { (const uint8_t *)"data", 4 }, true } };
	struct manifest m = {
		.runtime = view_text("0.1.0"), .module_name = view_text("prog.wasm"), .module_path = view_text("../prog.wasm"),
		.module_size = 12345, .args = args, .arg_count = 3, .env = env, .env_count = 2, .dirs = dirs, .dir_count = 2, .restricted = true,
		.start_wall = UINT64_C(1700000000123456789), .start_monotonic = 42, .features = view_text("wasm-2.0"), .memory_pages = 65536,
		.table_elements = 10000000, .stack_bytes = UINT64_MAX,
	};
	m.module = digest_of(view_text("abc"));
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

static const char example_text[] =
	"# timecraft manifest 1 630 a6f3eb4e81b30a11\n"
	"id: 018bcfe5-687b-7e3f-8a01-23456789abcd\n"
	"runtime: \"0.1.0\"\n"
	"module:\n"
	"  digest: sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
	"  name: \"prog.wasm\"\n"
	"  path: \"../prog.wasm\"\n"
	"  size: 12345\n"
	"function: \"\"\n"
	"args:\n"
	"  - \"prog\"\n"
	"  - \"\"\n"
	"  - \"a\\x0a\\\"b\\\\\xe2\x82\xac\"\n"
	"env:\n"
	"  - !!binary \"QllURVM9//4=\"\n"
	"  - !!binary \"TElORT3igKggIzogLQ==\"\n"
	"dirs:\n"
	"  - host: \"/\"\n"
	"    guest: \"/\"\n"
	"    read_only: false\n"
	"  - host: \"/tmp/x\"\n"
	"    guest: \"data\"\n"
	"    read_only: true\n"
	"restricted: true\n"
	"start:\n"
	"  wall: 1700000000123456789\n"
	"  monotonic: 42\n"
	"settings:\n"
	"  features: \"wasm-2.0\"\n"
	"  memory_pages: 65536\n"
	"  table_elements: 10000000\n"
	"  stack_bytes: 18446744073709551615\n";

static void manifests_are_written(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = { 0 };
	struct manifest m = example();
	assert_int_equal(manifest_encode(&m, &out), 0);
	assert_string_equal(buf_text(&out), example_text);
}

static void manifests_come_back(void **state)
{
	(void)state;
	struct manifest m;
	BUF_CLEANUP struct buf again = { 0 };
	if (manifest_decode(view_text(example_text), &m) != 0)
		fail_msg("%s", err_text());
	assert_int_equal(m.arg_count, 3);
	assert_true(view_is(m.args[2], "a\n\"b\\\xe2\x82\xac"));
	assert_true(view_is(m.env[0], "BYTES=\xff\xfe"));
	assert_true(m.dirs[1].read_only);
	assert_int_equal(manifest_encode(&m, &again), 0);
	assert_string_equal(buf_text(&again), example_text);
	manifest_finish(&m);
}

/* Cut at every byte, and with every byte changed: always noticed. */
static void damaged_manifests_are_noticed(void **state)
{
	(void)state;
	char text[sizeof example_text];
	struct manifest m;
	for (size_t i = 0; i < sizeof text - 1; i++) {
		assert_int_equal(manifest_decode(view_of(example_text, i), &m), ERR_DAMAGED);
		memcpy(text, example_text, sizeof text);
		text[i] ^= 1;
		enum err err = manifest_decode(view_of(text, sizeof text - 1), &m);
		assert_true(err == ERR_DAMAGED || err == ERR_UNSUPPORTED);
	}
	memcpy(text, example_text, sizeof text);
	text[21] = '2';
	assert_int_equal(manifest_decode(view_of(text, sizeof text - 1), &m), ERR_UNSUPPORTED);
	assert_string_equal(err_text(), "manifest.yaml: version 2, of which this timecraft knows only 1");
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

	char hex[DIGEST_HEX], path[512], expected[1024];
	digest_hex(&file.digest, hex);
	snprintf(path, sizeof path, "%s/registry/modules/sha256/%.2s/%s", folder, hex, hex);
	struct stat stat;
	assert_int_equal(lstat(path, &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0400);
	chmod(path, 0600);
	write_text(path, "other bytes");
	snprintf(expected, sizeof expected, "registry %s: module sha256:%s is damaged: its bytes have another digest",
		registry_path(registry), hex);
	assert_int_equal(registry_load_module(registry, &file.digest, &again), ERR_DAMAGED);
	assert_string_equal(err_text(), expected);
	unlink(path);
	assert_int_equal(registry_load_module(registry, &file.digest, &again), ERR_NOT_FOUND);
	module_file_finish(&file);
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
	assert_string_equal(err_text(), "aaaa may be any of 2 processes; use more of its end:"
		"\n    " FIRST "  2023-11-14 22:13:20  prog.wasm\n    " SECOND "  2023-11-14 22:13:20  prog.wasm");
	assert_int_equal(registry_processes(registry, &ids, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(uuid_unique_suffix(ids, count, 0), 5);
	assert_int_equal(uuid_unique_suffix(ids, count, 2), 4);
	free(ids);
	registry_close(registry);
}

static void configurations_are_read(void **state)
{
	(void)state;
	struct config config;
	setenv("HOME", folder, 1);
	unsetenv("TIMECRAFTCONFIG");
	assert_int_equal(config_load(NULL, &config), 0);
	assert_false(config.exists);
	assert_string_equal(config.registry, below(".timecraft"));
	config_finish(&config);
	write_text(below("c.yaml"), "registry:\n  location: ~/r\ndefaults:\n  restrict: true\n  env: [A, \"B=1\"]\n  dirs: [/x::/y:ro]\n");
	assert_int_equal(config_load(below("c.yaml"), &config), 0);
	assert_true(config.exists && config.restricted);
	assert_string_equal(config.registry, below("r"));
	assert_int_equal(config.env_count, 2);
	assert_string_equal(config.env[1], "B=1");
	assert_int_equal(config.dir_count, 1);
	assert_string_equal(config.dirs[0], "/x::/y:ro");
	config_finish(&config);
	write_text(below("c.yaml"), config_template);
	setenv("TIMECRAFTCONFIG", below("c.yaml"), 1);
	assert_int_equal(config_load(NULL, &config), 0);
	assert_true(config.exists && !config.restricted);
	config_finish(&config);
}

static void wrong_configurations_are_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "registry:\n  place: /x\n", ":2: \"place\" is not known here; known are: location" },
		{ "defaults:\n  restrict: maybe\n", ":2: expected true or false" },
		{ "defaults:\n  env: A\n", ":2: expected a list" },
		{ "registry: x\n", ":1: expected keys with values" },
		{ "registry:\n  location: [a]\n", ":2: expected a string" },
		{ "registry:\n  location: a\n  location: b\n", ":3: location is there twice" },
		{ "a: [\n", ":2: did not find expected node content" },
	};
	struct config config;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char expected[1024];
		write_text(below("c.yaml"), cases[i].text);
		assert_int_equal(config_load(below("c.yaml"), &config), ERR_USAGE);
		snprintf(expected, sizeof expected, "%s%s", below("c.yaml"), cases[i].error);
		assert_string_equal(err_text(), expected);
	}
	assert_int_equal(config_load(below("none.yaml"), &config), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifiers_are_in_the_order_of_time),
		cmocka_unit_test(digests_are_sha256),
		cmocka_unit_test(manifests_are_written),
		cmocka_unit_test(manifests_come_back),
		cmocka_unit_test(damaged_manifests_are_noticed),
		cmocka_unit_test_setup_teardown(registries_are_private, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(modules_are_stored_once, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(processes_run_while_their_lock_is_held, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(processes_are_found_by_what_is_unique, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(configurations_are_read, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(wrong_configurations_are_errors, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
