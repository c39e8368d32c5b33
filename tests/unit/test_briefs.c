#include "folder.h"
#include "log/writer.h"
#include "registry/brief.h"

#include <fcntl.h>
#include <inttypes.h>
#include <xxhash.h>

enum { PROCESSES = 40, SETTLED_MS = 2100, CHECK_AT = 8, CHECKED_FROM = 16 };

static struct uuid id_of(unsigned number)
{
	struct uuid id;
	assert_true(uuid_parse(view_text("018bcfe5-687b-7e3f-8a01-234567890000"), &id));
	id.bytes[15] = (uint8_t)number;
	return id;
}

static const char *file_of(unsigned number, const char *name)
{
	static char path[1024];
	char id[UUID_TEXT];
	struct uuid uuid = id_of(number);
	uuid_print(&uuid, id);
	snprintf(path, sizeof path, "%s/registry/processes/%s/%s", folder, id, name);
	return path;
}

static void add_process(struct registry *registry, unsigned number)
{
	char name[32];
	struct process process;
	struct log_writer *writer;
	snprintf(name, sizeof name, "prog%02u.wasm", number);
	struct manifest manifest = { .id = id_of(number),
		.runtime = view_text("0.1.0"),
		.module_name = view_text(name),
		.start_wall = UINT64_C(1700000000000000000) + number,
		.features = view_text("wasm-2.0") };
	assert_int_equal(registry_create_process(registry, &manifest, &process), 0);
	assert_int_equal(log_writer_create(process.dir_fd, NULL, &writer), 0);
	log_event(writer, RECORD_EXIT, (uint64_t[]){ number, 1 }, 2, view_text(""));
	assert_int_equal(log_writer_close(writer), 0);
	process_close(&process);
}

/* What lists know, as text; the index is then as a list leaves it. */
static void load(struct registry *registry, struct buf *out)
{
	struct briefs briefs;
	buf_clear(out);
	assert_int_equal(briefs_load(registry, &briefs), 0);
	for (size_t i = 0; i < briefs.count; i++) {
		const struct brief *brief = &briefs.items[i];
		char id[UUID_TEXT];
		uuid_print(&brief->id, id);
		buf_printf(out, "%s %.*s %.*s %.*s %" PRIu64 " %d %" PRIu64 " %" PRIu64 " %s\n", id, VIEW_ARG(brief->module_name),
			VIEW_ARG(brief->runtime), VIEW_ARG(brief->features), brief->start_wall, brief->log.state, brief->log.record_count,
			brief->log.end_args[0], brief->problem ? brief->problem : "");
	}
	briefs_finish(&briefs);
}

static void read_index(struct buf *bytes)
{
	FILE *file = fopen(below("registry/processes/.index"), "rbe");
	int byte;
	assert_non_null(file);
	buf_clear(bytes);
	while ((byte = fgetc(file)) != EOF)
		buf_append_byte(bytes, (uint8_t)byte);
	fclose(file);
}

static void write_index(const void *bytes, size_t size)
{
	FILE *file = fopen(below("registry/processes/.index"), "wbe");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

struct world {
	struct registry *registry;
	struct buf truth, index, got;
};

static void make_world(struct world *world)
{
	*world = (struct world){ 0 };
	assert_int_equal(registry_open(below("registry"), &world->registry), 0);
	for (unsigned i = 0; i < PROCESSES; i++)
		add_process(world->registry, i);
	load(world->registry, &world->truth);
	assert_int_equal(access(below("registry/processes/.index"), F_OK), -1); /* too young to be told from what comes next */
	usleep(SETTLED_MS * 1000);
	load(world->registry, &world->got);
	assert_string_equal(buf_text(&world->got), buf_text(&world->truth));
	read_index(&world->index);
	struct stat stat;
	assert_int_equal(lstat(below("registry/processes/.index"), &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0600);
}

static void finish_world(struct world *world)
{
	registry_close(world->registry);
	buf_finish(&world->truth);
	buf_finish(&world->index);
	buf_finish(&world->got);
}

static void assert_true_still(struct world *world)
{
	load(world->registry, &world->got);
	assert_string_equal(buf_text(&world->got), buf_text(&world->truth));
}

static uint8_t *find(struct buf *bytes, const char *text)
{
	return memmem(bytes->data, bytes->size, text, strlen(text));
}

/* Puts the checksum of the first entry right. */
static void forge(struct buf *index)
{
	uint32_t size;
	memcpy(&size, index->data + 4, sizeof size);
	if (size < CHECKED_FROM || size > index->size)
		return;
	uint64_t check = XXH3_64bits(index->data + CHECKED_FROM, size - CHECKED_FROM);
	memcpy(index->data + CHECK_AT, &check, sizeof check);
}

/* Else the other cases would prove nothing. */
static void what_is_in_the_index_is_not_read_again(void **state)
{
	(void)state;
	struct world world;
	make_world(&world);
	memcpy(find(&world.index, "prog00.wasm"), "forged.wasm", 11);
	forge(&world.index);
	write_index(world.index.data, world.index.size);
	load(world.registry, &world.got);
	assert_non_null(strstr(buf_text(&world.got), "forged.wasm"));
	assert_null(strstr(buf_text(&world.got), "prog00.wasm"));
	finish_world(&world);
}

static void an_index_that_is_damaged_changes_nothing(void **state)
{
	(void)state;
	struct world world;
	make_world(&world);
	size_t entry = world.index.size / PROCESSES;
	for (size_t at = 0; at < 3 * entry; at++) {
		world.index.data[at] ^= (uint8_t)(1 + at % 255);
		write_index(world.index.data, world.index.size);
		world.index.data[at] ^= (uint8_t)(1 + at % 255);
		assert_true_still(&world);
	}
	for (size_t size = 0; size < world.index.size; size += 61) {
		write_index(world.index.data, size);
		assert_true_still(&world);
	}
	finish_world(&world);
}

static void an_index_that_lies_about_sizes_changes_nothing(void **state)
{
	(void)state;
	struct world world;
	make_world(&world);
	struct buf *index = &world.index;
	size_t entry = index->size / PROCESSES, texts = (size_t)(find(index, "prog00.wasm") - index->data);
	static const uint32_t sizes[] = { 0, 1, 8, 16, 64, 4096, UINT32_MAX, UINT32_MAX - 7, 1 << 31 };
	BUF_CLEANUP struct buf kept = { 0 };
	buf_append(&kept, index->data, index->size);
	for (size_t at = 4; at < texts; at = at == 4 ? texts - 12 : at + 4) {
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			uint32_t was;
			memcpy(&was, index->data + at, 4);
			if (at == 4 ? sizes[i] == was : sizes[i] <= entry - texts)
				continue;
			memcpy(index->data + at, &sizes[i], 4);
			forge(index);
			write_index(index->data, index->size);
			assert_true_still(&world);
			memcpy(index->data, kept.data, kept.size);
		}
	}
	/* Of two of one process, and of those in another order, what follows does not count. */
	memcpy(index->data + entry, kept.data, entry);
	write_index(index->data, index->size);
	assert_true_still(&world);
	memcpy(index->data, kept.data + entry, entry);
	write_index(index->data, index->size);
	assert_true_still(&world);
	finish_world(&world);
}

static void what_is_no_file_is_no_index(void **state)
{
	(void)state;
	struct world world;
	make_world(&world);
	const char *path = below("registry/processes/.index");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true_still(&world);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true_still(&world);
	rmdir(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_true_still(&world);
	unlink(path);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_true_still(&world);
	finish_world(&world);
}

/* In place, and of the same size. */
static void rename_module(struct registry *registry, unsigned number)
{
	struct process process;
	struct manifest manifest;
	BUF_CLEANUP struct buf bytes = { 0 };
	struct uuid id = id_of(number);
	assert_int_equal(registry_open_process(registry, &id, &process), 0);
	assert_int_equal(process_manifest(&process, &manifest), 0);
	manifest.module_name = view_text("other2.wasm");
	assert_int_equal(manifest_encode(&manifest, &bytes), 0);
	manifest_finish(&manifest);
	process_close(&process);
	int fd = open(file_of(number, "manifest.yaml"), O_WRONLY);
	assert_int_equal(pwrite(fd, bytes.data, bytes.size, 0), bytes.size);
	close(fd);
}

static void what_changed_is_read_again(void **state)
{
	(void)state;
	struct world world;
	make_world(&world);
	rename_module(world.registry, 3);
	load(world.registry, &world.got);
	assert_non_null(strstr(buf_text(&world.got), "other2.wasm"));
	assert_null(strstr(buf_text(&world.got), "prog03.wasm"));
	rename_module(world.registry, 3);

	/* A recording that lost its end, one that got a second segment, one that is gone, a process that is gone, one that is new. */
	struct stat stat;
	assert_int_equal(lstat(file_of(5, "00000000.log"), &stat), 0);
	assert_int_equal(truncate(file_of(5, "00000000.log"), stat.st_size - 1), 0);
	unlink(file_of(6, "00000000.log"));
	char gone[1100];
	snprintf(gone, sizeof gone, "%s", file_of(7, ""));
	unlink(file_of(7, "00000000.log"));
	unlink(file_of(7, "manifest.yaml"));
	unlink(file_of(7, "lock"));
	assert_int_equal(rmdir(gone), 0);
	add_process(world.registry, PROCESSES);
	load(world.registry, &world.got);
	BUF_CLEANUP struct buf with_index = { 0 };
	buf_append_text(&with_index, buf_text(&world.got));
	unlink(below("registry/processes/.index"));
	load(world.registry, &world.got);
	assert_string_equal(buf_text(&with_index), buf_text(&world.got));
	assert_null(strstr(buf_text(&world.got), "prog07.wasm"));
	assert_non_null(strstr(buf_text(&world.got), "prog40.wasm"));
	char expected[128];
	snprintf(expected, sizeof expected, "prog05.wasm 0.1.0 wasm-2.0 1700000000000000005 %d 0 0 \n", LOG_KILLED);
	assert_non_null(strstr(buf_text(&world.got), expected));
	assert_non_null(strstr(buf_text(&world.got), "cannot read the recording's log"));
	finish_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_in_the_index_is_not_read_again, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(an_index_that_is_damaged_changes_nothing, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(an_index_that_lies_about_sizes_changes_nothing, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_no_index, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_changed_is_read_again, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
