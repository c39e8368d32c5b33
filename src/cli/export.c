/* timecraft export RESOURCE [ID]: a module as a file, or a recording as an archive. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/module_info.h"
#include "cli/resource.h"
#include "cli/setup.h"
#include "cli/tar.h"
#include "registry/files.h"

struct export_options {
	struct setup_options setup;
	const char *output_file;
};

static const struct option export_table[] = {
	{ "output-file", 0, OPTION_TEXT, false, "FILE", "Write to this file instead of standard output.",
		offsetof(struct export_options, output_file) },
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

enum { MAX_FILE_BITS = 33 };

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
	enum err err = fstat(fd, &stat) < 0 ? err_set_errno(errno, "can't look at %s", name)
					    : file_read(fd, name, UINT64_C(1) << MAX_FILE_BITS, &bytes);
	close(fd);
	TRY(err);
	return tar_add(output, path, buf_view(&bytes), 0600, (uint64_t)stat.st_mtim.tv_sec);
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

static enum err export_log(struct registry *registry, const char *id, struct output *output)
{
	struct uuid uuid;
	struct process process;
	char folder[UUID_TEXT];
	TRY(registry_resolve(registry, id ? id : "@last", &uuid));
	TRY(registry_open_process(registry, &uuid, &process));
	uuid_print(&uuid, folder);
	enum err err = process_is_running(&process)
		? err_set(ERR_USAGE, "process %s is running: its recording can be exported when it has ended", folder)
		: add_files(process.dir_fd, folder, output);
	process_close(&process);
	return err;
}

static enum err export_to(struct registry *registry, enum resource resource, const char *id, struct output *output)
{
	enum err err = resource == RESOURCE_MODULE ? export_module(registry, id, output) : export_log(registry, id, output);
	if (err)
		buf_clear(&output->pending);
	enum err end = output_finish(output);
	return err ? err : end;
}

static enum err export_resource(const struct export_options *options, struct registry *registry, enum resource resource, const char *id)
{
	struct output output;
	if (options->output_file)
		TRY(output_open(&output, options->output_file, OUTPUT_BUFFERED));
	else if (isatty(STDOUT_FILENO))
		return err_set(ERR_USAGE, "export: not to a terminal; redirect standard output, or name a file with --output-file");
	else
		output_init(&output, STDOUT_FILENO, "standard output", OUTPUT_BUFFERED);
	enum err err = export_to(registry, resource, id, &output);
	return err == ERR_END ? ERR_NONE : err;
}

static int run_export(void *data, int count, char **arguments)
{
	const struct export_options *options = data;
	enum resource resource;
	const char *id;
	struct setup setup;
	enum err err = resource_parse("export", count, arguments, &resource, &id);
	if (!err && resource == RESOURCE_PROCESS)
		resource = RESOURCE_LOG;
	if (!err)
		err = setup_open(&options->setup, &setup);
	if (err)
		return fail(err);
	err = export_resource(options, setup.registry, resource, id);
	setup_close(&setup);
	return err ? fail(err) : 0;
}

const struct command command_export = {
	.name = "export",
	.arguments = "[options] module|log [ID]",
	.summary = "Write a stored module, or a recording as a tar archive.",
	.text = "Without an ID it is that of the last process. A module may be named by its digest or by a process that ran it. An "
		"archive that is unpacked in processes/ of another registry, its module stored there too, is a recording there.",
	.words = "module log",
	.takes_process = true,
	.options = export_table,
	.size = sizeof(struct export_options),
	.run = run_export,
};
