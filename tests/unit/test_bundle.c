#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "bundle_making.h"
#include "registry/tar.h"

#define ID "018bcfe5-687b-7e3f-8a01-23456789abcd"

/* Of a directory, however named. */
static size_t entries(const char *path)
{
	size_t count = 0;
	DIR *dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count ? count - 2 : 0;
}

static void expect_file(const char *path, const char *text, unsigned mode)
{
	char bytes[64] = { 0 };
	struct stat stat;
	int fd = open(below(path), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &stat) == 0);
	assert_true(read(fd, bytes, sizeof bytes - 1) >= 0);
	assert_string_equal(bytes, text);
	assert_int_equal(stat.st_mode & 07777, mode);
	close(fd);
}

static void bundles_come_back(void **state)
{
	(void)state;
	umask(0);
	BUF_CLEANUP struct buf bundle = { 0 };
	struct manifest manifest = bundled_manifest(view_text("module"));
	struct registry *registry = registry_at("registry");
	bool present;
	make_bundle(&manifest, view_text("module"), &bundle);
	for (int round = 0; round < 2; round++) {
		if (import_bytes(registry, buf_view(&bundle), &present))
			fail_msg("%s", err_text());
		assert_int_equal(present, round);
	}
	expect_file("registry/processes/" ID "/00000002.log", "second segment", 0600);
	expect_file("registry/processes/" ID "/00000003.log", "third", 0600);
	expect_file("registry/processes/" ID "/tail", "", 0600);
	expect_file("registry/processes/" ID "/lock", "", 0600);
	assert_int_equal(entries(below("registry/processes/" ID)), 5);
	assert_int_equal(entries(below("registry/processes")), 1);
	struct module_file module;
	assert_int_equal(registry_load_module(registry, &manifest.module, &module), 0);
	assert_true(view_is(module.bytes, "module"));
	module_file_finish(&module);
	registry_close(registry);
}

static void another_recording_of_a_process_is_refused(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf bundle = { 0 };
	struct manifest manifest = bundled_manifest(view_text("module"));
	struct registry *registry = registry_at("registry");
	bool present;
	make_bundle(&manifest, view_text("module"), &bundle);
	assert_int_equal(import_bytes(registry, buf_view(&bundle), &present), 0);
	write_text(below("registry/processes/" ID "/00000003.log"), "other");
	assert_int_equal(import_bytes(registry, buf_view(&bundle), &present), ERR_EXISTS);
	char expected[1024];
	snprintf(expected, sizeof expected, "process " ID " is in the registry %s already, with another recording", below("registry"));
	assert_string_equal(err_text(), expected);
	expect_file("registry/processes/" ID "/00000003.log", "other", 0600);
	write_text(below("registry/processes/" ID "/00000003.log"), "third");
	write_text(below("registry/processes/" ID "/00000004.log"), "");
	assert_int_equal(import_bytes(registry, buf_view(&bundle), &present), ERR_EXISTS);
	assert_int_equal(entries(below("registry/processes")), 1);
	registry_close(registry);
}

/* Refused, with a text, and nothing is left of it but perhaps the module, which is right or not there. */
static void expect_refusal(struct registry *registry, struct view bytes, const char *what, size_t at)
{
	bool present;
	enum err err = import_bytes(registry, bytes, &present);
	if (err != ERR_DAMAGED && err != ERR_MALFORMED && err != ERR_LIMIT && err != ERR_UNSUPPORTED)
		fail_msg("%s at %zu: %d", what, at, err);
	if (strncmp(err_text(), "a.tar", 5) != 0)
		fail_msg("%s at %zu: %s", what, at, err_text());
	if (entries(below("registry/processes")) != 0)
		fail_msg("%s at %zu: something is left", what, at);
}

static void bundles_that_are_cut_or_changed_are_refused(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf bundle = { 0 };
	struct manifest manifest = bundled_manifest(view_text("module"));
	struct registry *registry = registry_at("registry");
	make_bundle(&manifest, view_text("module"), &bundle);
	for (size_t i = 0; i < bundle.size; i++) {
		expect_refusal(registry, view_slice(buf_view(&bundle), 0, i), "cut", i);
		bundle.data[i] ^= (uint8_t)(1 << i % 8);
		expect_refusal(registry, buf_view(&bundle), "flipped", i);
		bundle.data[i] ^= (uint8_t)(1 << i % 8);
	}
	buf_append_byte(&bundle, 0);
	expect_refusal(registry, buf_view(&bundle), "longer", bundle.size);
	registry_close(registry);
}

static void put_member(struct buf *out, const char *name, struct view bytes)
{
	static const uint8_t zeros[TAR_BLOCK];
	assert_int_equal(tar_header(name, bytes.size, 0, out), 0);
	buf_append(out, bytes.data, bytes.size);
	buf_append(out, zeros, tar_padding(bytes.size));
}

static void contents_that_no_bundle_has_are_refused(void **state)
{
	(void)state;
#define DIGEST              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HEAD                "timecraft bundle 1\nprocess " ID "\n"
#define FILE_OF(size, name) "file " DIGEST " " size " " name "\n"
	static const struct {
		const char *contents, *message;
	} cases[] = {
		{ "", "a.tar: its contents do not begin as those of a bundle" },
		{ "timecraft bundle 2\n", "a.tar: a bundle of version 2, of which this timecraft knows only 1" },
		{ "timecraft bundle 1\nprocess x\n", "a.tar: its contents name no process" },
		{ HEAD, "a.tar: its contents lack the manifest or the log" },
		{ HEAD FILE_OF("3", "manifest.yaml"), "a.tar: its contents lack the manifest or the log" },
		{ HEAD FILE_OF("3", "00000000.log"), "a.tar: its contents are not in their order, at 00000000.log" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("3", "../x"), "a.tar: its contents are damaged at byte 150" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("3", "0000000.log"),
			"a.tar: its contents name a file that no bundle has: 0000000.log" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("3", "lock"), "a.tar: its contents name a file that no bundle has: lock" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("3", "00000001.log") FILE_OF("3", "00000001.log"),
			"a.tar: its contents are not in their order, at 00000001.log" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("3", "tail") FILE_OF("3", "00000001.log"),
			"a.tar: its contents are not in their order, at 00000001.log" },
		{ HEAD FILE_OF("16777217", "manifest.yaml"),
			"a.tar: manifest.yaml has 16777217 bytes, more than the 16777216 that it may have" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("4294967296", "module.wasm"),
			"a.tar: module.wasm has 4294967296 bytes, more than the 4294967295 that it may have" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("18446744073709551615", "00000000.log"),
			"a.tar: 00000000.log has 18446744073709551615 bytes, more than the 9223372036854775807 that it may have" },
		{ HEAD FILE_OF("3", "manifest.yaml") FILE_OF("18446744073709551616", "00000000.log"),
			"a.tar: 00000000.log has 18446744073709551615 bytes, more than the 9223372036854775807 that it may have" },
		{ HEAD FILE_OF("03", "manifest.yaml") FILE_OF("3", "00000000.log"), "a.tar: its contents are damaged" },
		{ HEAD FILE_OF("-3", "manifest.yaml"),
			"a.tar: manifest.yaml has 18446744073709551613 bytes, more than the 16777216 that it may have" },
	};
	struct registry *registry = registry_at("registry");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		BUF_CLEANUP struct buf bundle = { 0 };
		put_member(&bundle, "bundle/contents", view_text(cases[i].contents));
		expect_refusal(registry, buf_view(&bundle), "contents", i);
		assert_string_equal(err_text(), cases[i].message);
	}
	registry_close(registry);
}

static void modules_and_manifests_must_fit(void **state)
{
	(void)state;
	struct registry *registry = registry_at("registry");
	BUF_CLEANUP struct buf bundle = { 0 };
	struct manifest manifest = bundled_manifest(view_text("module"));
	make_bundle(&manifest, view_text("mordul"), &bundle);
	expect_refusal(registry, buf_view(&bundle), "another module", 0);
	assert_string_equal(err_text(), "a.tar: its module is not the one that ran");
	assert_int_equal(entries(below("registry/modules/sha256")), 0);
	registry_close(registry);
}

/* What GNU tar and Python's tarfile write for such a file. */
static void large_files_have_an_extended_header(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = { 0 };
	assert_int_equal(tar_header("bundle/00000000.log", (UINT64_C(1) << 33) - 1, 0, &out), 0);
	assert_int_equal(out.size, TAR_BLOCK);
	assert_memory_equal(out.data + 124, "77777777777", 12);
	buf_clear(&out);
	assert_int_equal(tar_header("bundle/00000000.log", UINT64_C(1) << 33, 0, &out), 0);
	assert_int_equal(out.size, 3 * TAR_BLOCK);
	assert_string_equal((char *)out.data, "bundle/size");
	assert_memory_equal(out.data + 124, "00000000023", 12);
	assert_int_equal(out.data[156], 'x');
	assert_string_equal((char *)out.data + TAR_BLOCK, "19 size=8589934592\n");
	const char *last = (char *)out.data + (size_t)2 * TAR_BLOCK;
	assert_string_equal(last, "bundle/00000000.log");
	assert_memory_equal(last + 124, "00000000000", 12);
	assert_int_equal(last[156], '0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bundles_come_back, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(another_recording_of_a_process_is_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(bundles_that_are_cut_or_changed_are_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(contents_that_no_bundle_has_are_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(modules_and_manifests_must_fit, make_folder, remove_folder),
		cmocka_unit_test(large_files_have_an_extended_header),
	};
	return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
