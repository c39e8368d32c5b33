/* timecraft export RESOURCE [ID]: a process as a bundle, a module as a file, or a recording as an archive. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/log_copy.h"
#include "cli/module_info.h"
#include "cli/redaction.h"
#include "cli/resource.h"
#include "cli/scratch.h"
#include "cli/setup.h"
#include "cli/tar.h"
#include "log/fill.h"
#include "registry/bundle.h"
#include "registry/files.h"

struct export_options {
	struct setup_options setup;
	const char *output_file;
	struct redaction_rules redact;
};

static const struct option export_table[] = {
	{ "output", 'o', OPTION_TEXT, false, "FILE",
		"Write to this file, which appears when it is whole; - is standard output, as without.",
		offsetof(struct export_options, output_file) },
	{ "output-file", 0, OPTION_TEXT, false, "FILE", "The same as --output.", offsetof(struct export_options, output_file) },
	OPTION_INCLUDE(redaction_option_table, struct export_options, redact),
	OPTION_INCLUDE(setup_option_table, struct export_options, setup),
	{ 0 },
};

static enum err export_module(struct registry *registry, const char *id, struct output *output)
{
	struct digest digest;
	struct module_file file;
	TRY(module_resolve(registry, id, &digest));
	TRY(registry_load_module(registry, &digest, &file));
	buf_append(&output->pending, file.bytes.data, file.bytes.size);
	module_file_finish(&file);
	return output_end(output);
}

enum { MAX_FILE_BITS = 33, MAX_MANIFEST = 64 << 20 };

static enum err add_file(int dir_fd, const char *folder, const char *name, struct output *output)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat stat;
	if (fd < 0)
		return errno == ENOENT ? ERR_NONE
				       : err_set_errno(errno, "can't open %s", name); /* the tail goes when a recording is closed */
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	BUF_CLEANUP struct buf bytes = { 0 };
	enum err err = fstat(fd, &stat) < 0 ? err_set_errno(errno, "can't look at %s", name) : ERR_NONE;
	if (!err) {
		log_fill(fd, 0, (uint64_t)stat.st_size);
		err = file_read(fd, name, UINT64_C(1) << MAX_FILE_BITS, &bytes);
	}
	close(fd);
	TRY(err);
	return tar_add(output, path, buf_view(&bytes), (uint64_t)stat.st_mtim.tv_sec);
}

static enum err add_files(int dir_fd, const char *folder, struct output *output)
{
	char **names;
	size_t count;
	TRY(dir_names(dir_fd, &names, &count));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++)
		err = add_file(dir_fd, folder, names[i], output);
	names_free(names, count);
	return err ? err : tar_end(output);
}

static enum err open_process(struct registry *registry, const char *id, struct process *ret_process)
{
	struct uuid uuid;
	TRY(registry_resolve(registry, id ? id : "@last", &uuid));
	return registry_open_process(registry, &uuid, ret_process);
}

static enum err export_log(struct registry *registry, const char *id, struct output *output)
{
	struct process process;
	char folder[UUID_TEXT];
	TRY(open_process(registry, id, &process));
	uuid_print(&process.id, folder);
	enum err err = process_is_running(&process)
		? err_set(ERR_USAGE, "process %s is running: its recording can be exported when it has ended", folder)
		: add_files(process.dir_fd, folder, output);
	process_close(&process);
	return err;
}

struct pipe_sink {
	struct bundle_sink sink;
	struct output *output;
};

static enum err write_piece(struct bundle_sink *sink, struct view bytes)
{
	struct output *output = ((struct pipe_sink *)sink)->output;
	buf_append(&output->pending, bytes.data, bytes.size);
	return output_end(output);
}

static enum err read_manifest_file(const struct process *process, struct buf *out)
{
	int fd = openat(process->dir_fd, "manifest.yaml", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set_errno(errno, "can't open manifest.yaml");
	enum err err = file_read(fd, "manifest.yaml", MAX_MANIFEST, out);
	close(fd);
	return err;
}

/* What a bundle is made of: a process as it is, or a copy. */
struct bundling {
	struct process process;
	struct manifest manifest;
	struct buf manifest_bytes;
	struct module_file module;
	struct redaction *redaction;
	struct scratch *scratch; /* with the copy of its recording; else NULL */
	int log_fd;
};

static enum err redact(struct bundling *b, const struct redaction_rules *rules)
{
	if (process_is_running(&b->process))
		return err_set(ERR_USAGE, "the process is running: it can be redacted when it has ended");
	TRY(redaction_create(rules, &b->process, &b->manifest, b->module.bytes, &b->redaction));
	size_t opaque = redaction_opaque(b->redaction);
	if (opaque)
		fprintf(stderr,
			"timecraft: streams with parts that cannot be searched, as they are compressed or in another protocol: %zu; "
			"those parts are replaced\n",
			opaque);
	return ERR_NONE;
}

/* As far as the process has come, and without its secrets. */
static enum err take_copy(struct bundling *b, const struct redaction_rules *rules)
{
	if (redaction_is_asked(rules))
		TRY(redact(b, rules));
	TRY(scratch_create(&b->scratch));
	b->log_fd = open(scratch_path(b->scratch), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->log_fd < 0)
		return err_set_errno(errno, "can't open %s", scratch_path(b->scratch));
	b->manifest.snapshot = process_is_running(&b->process) ? time_of(CLOCK_REALTIME) : b->manifest.snapshot;
	TRY(log_copy(&b->process, &b->manifest, b->log_fd, b->redaction ? redaction_change(b->redaction) : NULL));
	if (b->redaction)
		TRY(redaction_manifest(b->redaction, &b->manifest));
	return manifest_encode(&b->manifest, &b->manifest_bytes);
}

static enum err write_bundle(const struct bundling *b, struct output *output)
{
	struct pipe_sink sink = { { write_piece }, output };
	struct bundle_source source = { .id = b->process.id,
		.manifest = buf_view(&b->manifest_bytes),
		.module = b->module.bytes,
		.has_module = true,
		.log_fd = b->log_fd };
	return bundle_write(&source, &sink.sink);
}

/* The manifest is that of the bytes. */
static enum err make_bundle(struct registry *registry, const struct redaction_rules *rules, struct bundling *b, struct output *output)
{
	TRY(process_manifest(&b->process, &b->manifest));
	TRY(registry_load_module(registry, &b->manifest.module, &b->module));
	b->log_fd = b->process.dir_fd;
	bool copied = process_is_running(&b->process) || redaction_is_asked(rules);
	TRY(copied ? take_copy(b, rules) : read_manifest_file(&b->process, &b->manifest_bytes));
	return write_bundle(b, output);
}

static enum err export_process(struct registry *registry, const struct redaction_rules *rules, const char *id, struct output *output)
{
	struct bundling b = { .log_fd = -1 };
	TRY(open_process(registry, id, &b.process));
	enum err err = make_bundle(registry, rules, &b, output);
	if (b.scratch && b.log_fd >= 0)
		close(b.log_fd);
	scratch_remove(b.scratch);
	redaction_destroy(b.redaction);
	module_file_finish(&b.module);
	manifest_finish(&b.manifest);
	buf_finish(&b.manifest_bytes);
	process_close(&b.process);
	return err && err != ERR_END ? err_prefix(err, "export") : err;
}

static enum err export_to(struct registry *registry, const struct export_options *options, enum resource resource, const char *id,
	struct output *output)
{
	enum err err = resource == RESOURCE_MODULE ? export_module(registry, id, output)
		: resource == RESOURCE_PROCESS     ? export_process(registry, &options->redact, id, output)
						   : export_log(registry, id, output);
	if (err)
		buf_clear(&output->pending);
	enum err end = output_finish(output);
	return err ? err : end;
}

/* A file appears, or changes, when all of it is written; a device or pipe is written to as it is. */
static enum err export_to_file(struct registry *registry, const struct export_options *options, enum resource resource, const char *id)
{
	const char *path = options->output_file;
	struct output output;
	struct stat there;
	char temporary[4096];
	if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
		TRY(output_open(&output, path, OUTPUT_BUFFERED));
		return export_to(registry, options, resource, id, &output);
	}
	if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
		return err_set(ERR_USAGE, "the name of the file to write is too long");
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(errno, "cannot write %s", path);
	output_init(&output, fd, path, OUTPUT_BUFFERED);
	output.owned = true;
	enum err err = fchmod(fd, 0600) < 0 ? err_set_errno(errno, "cannot write %s", path) : ERR_NONE; /* whatever the umask */
	if (err)
		output_finish(&output);
	else
		err = export_to(registry, options, resource, id, &output);
	if (!err && rename(temporary, path) < 0)
		err = err_set_errno(errno, "cannot write %s", path);
	if (err)
		unlink(temporary);
	return err;
}

static enum err export_resource(const struct export_options *options, struct registry *registry, enum resource resource, const char *id)
{
	struct output output;
	if (redaction_is_asked(&options->redact) && resource != RESOURCE_PROCESS)
		return err_set(ERR_USAGE, "export: only what is exported as a process is redacted");
	if (options->output_file && strcmp(options->output_file, "-") != 0)
		return export_to_file(registry, options, resource, id);
	if (isatty(STDOUT_FILENO))
		return err_set(ERR_USAGE, "export: not to a terminal; redirect standard output, or name a file with --output");
	output_init(&output, STDOUT_FILENO, "standard output", OUTPUT_BUFFERED);
	enum err err = export_to(registry, options, resource, id, &output);
	return err == ERR_END ? ERR_NONE : err;
}

static int run_export(void *data, int count, char **arguments)
{
	const struct export_options *options = data;
	enum resource resource;
	const char *id;
	struct setup setup;
	enum err err = resource_parse("export", count, arguments, &resource, &id);
	if (!err)
		err = setup_open_for(&options->setup, &id, &setup);
	if (err)
		return fail(err);
	err = export_resource(options, setup.registry, resource, id);
	setup_close(&setup);
	return err ? fail(err) : 0;
}

const struct command command_export = {
	.name = "export",
	.arguments = "[options] process|module|log [ID]",
	.summary = "Write a process as a bundle, a stored module, or a recording as a tar archive.",
	.text = "A bundle is one file with all that is known of a process: manifest, module and recording. 'timecraft import' puts it into "
		"another registry; replay, trace, logs and describe take it as it is. Of a process that runs it has what that did until "
		"now. Without an ID it is the last process. A module may be named by its digest or by a process that ran it. The archive "
		"of a log that is unpacked in processes/ of another registry, its module stored there too, is a recording there.",
	.words = "process module log",
	.takes_process = true,
	.options = export_table,
	.size = sizeof(struct export_options),
	.run = run_export,
};
