/*
 * memory_hash [--dir HOST::GUEST] [--env NAME=VALUE] [--scribble N] MODULE [ARGS...]
 *
 * Runs a module recorded, then replays the recording, and hashes the guest's whole memory after each call, both times. Prints how many
 * calls there were, and exits with 0 if each left the same; else names the first that did not. --scribble writes to the memory after call N
 * of the run, behind the recorder's back, as a host would that does not tell of what it writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/time.h"
#include "guest/guest.h"
#include "host/host.h"
#include "log/reader.h"
#include "record/record.h"
#include "replay/replay.h"

enum { MAX_DIRS = 8, MAX_STRINGS = 64 };

/* What is the same in run and replay. */
struct moment {
	uint64_t hash, memory_size, position;
	uint32_t call, result;
};

struct moments {
	struct buf buf; /* struct moment */
};

/* The layer above the recorder, or the replayer. */
struct hasher {
	struct layer layer;
	struct moments *moments;
	struct guest *guest;
	uint64_t calls, scribble; /* the call, from 1; 0: none */
};

static void hash_call(struct layer *layer, struct call *call)
{
	struct hasher *hasher = (struct hasher *)layer;
	layer_call(layer->next, call);
	hasher->calls++;
	if (hasher->calls == hasher->scribble && call->memory->size)
		call->memory->base[call->memory->size / 2] ^= 1;
	struct moment moment = { .hash = XXH3_64bits(call->memory->base, call->memory->size),
		.memory_size = call->memory->size,
		.position = guest_position(hasher->guest),
		.call = call->type->number,
		.result = call->result };
	buf_append(&hasher->moments->buf, &moment, sizeof moment);
}

struct setup {
	struct host_dir dirs[MAX_DIRS];
	struct view args[MAX_STRINGS], env[MAX_STRINGS];
	size_t dir_count, arg_count, env_count;
	uint64_t scribble;
	struct module *module;
	struct buf bytes;
	int log_fd, nowhere; /* where the guest writes */
	struct log_writer *writer;
	struct replayer *replayer;
};

static int failed(const char *what)
{
	fprintf(stderr, "memory_hash: %s: %s\n", what, err_text());
	return 2;
}

static void note_growth(void *data, uint64_t old_pages, uint64_t new_pages)
{
	struct setup *setup = data;
	if (setup->replayer)
		replayer_grow(setup->replayer, old_pages, new_pages);
	else
		log_event(setup->writer, RECORD_GROW, (uint64_t[]){ old_pages, new_pages }, 2, (struct view){ 0 });
}

/* Runs the module on top of `below`. */
static enum err run_guest(struct setup *setup, struct layer *below, uint64_t scribble, struct moments *moments,
	struct guest_status *ret_status)
{
	struct hasher hasher = { .layer = { hash_call, below }, .moments = moments, .scribble = scribble };
	struct guest_options options = {
		.module = setup->module, .limits = STORE_LIMITS_DEFAULT, .layer = &hasher.layer, .hooks = { note_growth, setup }
	};
	TRY(guest_check(setup->module, NULL));
	TRY(guest_create(&options, &hasher.guest));
	*ret_status = guest_run(hasher.guest);
	guest_destroy(hasher.guest);
	return ret_status->ending == GUEST_FAILED ? ret_status->err ? ret_status->err : ERR_IO : ERR_NONE;
}

static enum err record(struct setup *setup, struct moments *moments, struct guest_status *ret_status)
{
	struct host *host;
	struct recorder recorder;
	struct host_options options = { .args = setup->args,
		.arg_count = setup->arg_count,
		.env = setup->env,
		.env_count = setup->env_count,
		.dirs = setup->dirs,
		.dir_count = setup->dir_count,
		.stdio = { STDIN_FILENO, setup->nowhere, setup->nowhere },
		.stop_fd = -1,
		.registry_fd = -1 };
	TRY(host_create(&options, &host));
	TRY(log_writer_create(setup->log_fd, NULL, &setup->writer));
	recorder_init(&recorder, setup->writer, host_layer(host));
	enum err err = run_guest(setup, &recorder.layer, setup->scribble, moments, ret_status);
	enum err closing = log_writer_close(setup->writer);
	host_destroy(host);
	return err ? err : closing;
}

static enum err replay(struct setup *setup, struct moments *moments, struct guest_status *ret_status)
{
	struct log_reader *reader;
	struct replayer replayer;
	TRY(log_open(setup->log_fd, &reader));
	replayer_init(&replayer, reader, NULL, NULL);
	setup->replayer = &replayer;
	enum err err = run_guest(setup, &replayer.layer, 0, moments, ret_status);
	log_close(reader);
	return err;
}

static int compare(const struct moments *live, const struct moments *replayed)
{
	size_t count = live->buf.size / sizeof(struct moment), again = replayed->buf.size / sizeof(struct moment);
	const struct moment *a = (const struct moment *)live->buf.data, *b = (const struct moment *)replayed->buf.data;
	for (size_t i = 0; i < count && i < again; i++) {
		if (memcmp(&a[i], &b[i], sizeof *a) != 0) {
			printf("call %zu, %s, differs\n", i + 1, call_type(a[i].call)->name);
			return 1;
		}
	}
	if (count != again) {
		printf("%zu calls, %zu in the replay\n", count, again);
		return 1;
	}
	printf("%zu calls, %llu bytes of memory\n", count, count ? (unsigned long long)a[count - 1].memory_size : 0);
	return 0;
}

static enum err read_module(struct setup *setup, const char *path)
{
	uint8_t block[1 << 16];
	FILE *file = fopen(path, "rbe");
	if (!file)
		return err_set_errno(errno, "cannot open %s", path);
	for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
		buf_append(&setup->bytes, block, size);
	fclose(file);
	TRY(buf_status(&setup->bytes));
	return module_decode(buf_view(&setup->bytes), &setup->module);
}

/* Returns where the module stands; 0: usage. */
static int parse(struct setup *setup, int argc, char **argv)
{
	int at = 1;
	for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
		char *value = argv[at + 1], *colons = strstr(value, "::");
		if (strcmp(argv[at], "--dir") == 0 && colons && setup->dir_count < MAX_DIRS) {
			*colons = 0;
			setup->dirs[setup->dir_count++] = (struct host_dir){ .path = value, .guest = colons + 2 };
		} else if (strcmp(argv[at], "--env") == 0 && setup->env_count < MAX_STRINGS) {
			setup->env[setup->env_count++] = view_text(value);
		} else if (strcmp(argv[at], "--scribble") == 0) {
			setup->scribble = strtoull(value, NULL, 10);
		} else {
			return 0;
		}
	}
	for (int i = at; i < argc && setup->arg_count < MAX_STRINGS; i++)
		setup->args[setup->arg_count++] = view_text(argv[i]);
	return at < argc ? at : 0;
}

/* The recording is of no use afterwards. */
static void remove_log(const char *folder, int fd)
{
	unlinkat(fd, "00000000.log", 0);
	unlinkat(fd, "tail", 0);
	close(fd);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	struct setup setup = { 0 };
	struct moments live = { 0 }, replayed = { 0 };
	struct guest_status status, again;
	char folder[] = "/tmp/memory-hash.XXXXXX";
	int module = parse(&setup, argc, argv);
	if (!module) {
		fprintf(stderr, "usage: memory_hash [--dir HOST::GUEST] [--env NAME=VALUE] [--scribble N] MODULE [ARGS...]\n");
		return 2;
	}
	time_init();
	if (read_module(&setup, argv[module]))
		return failed("the module");
	setup.nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	setup.log_fd = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum err err = record(&setup, &live, &status);
	int code = err ? failed("the run") : 0;
	if (!code && replay(&setup, &replayed, &again))
		code = failed("the replay");
	if (code != 2 && (status.ending != again.ending || status.code != again.code || status.position != again.position)) {
		printf("the end differs\n");
		code = 1;
	}
	if (!code)
		code = compare(&live, &replayed);
	remove_log(folder, setup.log_fd);
	close(setup.nowhere);
	module_destroy(setup.module);
	buf_finish(&setup.bytes);
	buf_finish(&live.buf);
	buf_finish(&replayed.buf);
	return code;
}
