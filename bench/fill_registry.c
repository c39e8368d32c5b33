/*
 * fill_registry REGISTRY COUNT: puts COUNT processes of a few modules into a registry, as runs of theirs would have left them: most ended,
 * one in a hundred killed. What they recorded is one call to the host each. For tests and measurements of commands on large registries.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/time.h"
#include "log/writer.h"
#include "registry/files.h"
#include "registry/registry.h"

enum { MODULES = 10, ENV = 30, SPACING_S = 30, KILLED_EVERY = 100 };

static void must(enum err err)
{
	if (err) {
		fprintf(stderr, "fill_registry: %s\n", err_text());
		exit(1);
	}
}

static struct digest add_module(struct registry *registry, unsigned number)
{
	static const uint8_t magic[] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };
	uint8_t bytes[sizeof magic + 7] = { 0 };
	memcpy(bytes, magic, sizeof magic);
	memcpy(bytes + sizeof magic, (uint8_t[]){ 0, 5, 4, 't', 'e', 's', (uint8_t)('0' + number) }, 7); /* a section of its own name */
	struct module_file file = { .bytes = view_of(bytes, sizeof bytes), .digest = digest_of(view_of(bytes, sizeof bytes)) };
	must(registry_add_module(registry, &file));
	return file.digest;
}

/* The file of a recording of one call, closed or not. */
static void record(const struct process *process, bool closed, struct buf *out)
{
	struct log_writer *writer;
	must(log_writer_create(process->dir_fd, NULL, &writer));
	log_begin(writer, 1, (uint64_t[]){ 1, 2 }, 2, false);
	log_commit(writer, 0, 0);
	log_end(writer, 0, 0);
	log_event(writer, RECORD_EXIT, (uint64_t[]){ 0, 42 }, 2, view_text(""));
	must(log_writer_close(writer));
	int fd = openat(process->dir_fd, "00000000.log", O_RDONLY | O_CLOEXEC);
	must(file_read(fd, "00000000.log", UINT64_MAX, out));
	close(fd);
	if (!closed)
		out->size -= 8;
}

static struct manifest describe(const struct digest *module, unsigned number, uint64_t start)
{
	static struct view env[ENV];
	static const struct view args[] = { { (const uint8_t *)"prog", 4 }, { (const uint8_t *)"--verbose", 9 } };
	static char names[ENV][80], module_name[32];
	for (unsigned i = 0; i < ENV; i++) {
		snprintf(names[i], sizeof names[i], "VARIABLE_%u=the value of variable %u of process %u", i, i, number);
		env[i] = view_text(names[i]);
	}
	snprintf(module_name, sizeof module_name, "prog%u.wasm", number % MODULES);
	struct manifest manifest = {
		.runtime = view_text("0.1.0"),
		.module = *module,
		.module_name = view_text(module_name),
		.module_path = view_text(module_name),
		.module_size = 15,
		.args = args,
		.arg_count = 2,
		.env = env,
		.env_count = ENV,
		.start_wall = start,
		.start_monotonic = start,
		.features = view_text("wasm-2.0"),
		.memory_pages = 65536,
		.table_elements = 10000000,
		.stack_bytes = 16 << 20,
	};
	must(uuid_create(start, &manifest.id));
	return manifest;
}

static void add_process(struct registry *registry, const struct digest *module, unsigned number, uint64_t start)
{
	static struct buf recordings[2];
	struct manifest manifest = describe(module, number, start);
	struct process process;
	must(registry_create_process(registry, &manifest, &process));
	bool killed = number % KILLED_EVERY == KILLED_EVERY - 1;
	if (recordings[killed].size == 0)
		record(&process, !killed, &recordings[killed]);
	must(file_write(process.dir_fd, "00000000.log", buf_view(&recordings[killed]), 0600, false));
	process_close(&process);
}

int main(int argc, char **argv)
{
	struct registry *registry;
	struct digest modules[MODULES];
	unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	if (argc != 3) {
		fprintf(stderr, "usage: fill_registry REGISTRY COUNT\n");
		return 2;
	}
	must(registry_open(argv[1], &registry));
	for (unsigned i = 0; i < MODULES; i++)
		modules[i] = add_module(registry, i);
	uint64_t start = time_of(CLOCK_REALTIME) - (uint64_t)count * SPACING_S * NS_PER_S;
	for (unsigned i = 0; i < count; i++)
		add_process(registry, &modules[i % MODULES], i, start + (uint64_t)i * SPACING_S * NS_PER_S);
	registry_close(registry);
	return 0;
}
