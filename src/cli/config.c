/* timecraft config: what is configured, and where; --edit changes it. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/setup.h"
#include "emit/emitter.h"
#include "registry/files.h"

struct config_options {
	struct setup_options setup;
	const char *format;
	bool edit;
};

static const struct option config_table[] = {
	{ "edit", 0, OPTION_FLAG, false, NULL, "Open the file in $VISUAL or $EDITOR.", offsetof(struct config_options, edit) },
	{ "output", 'o', OPTION_TEXT, false, "FORMAT", "text, json or yaml.", offsetof(struct config_options, format) },
	OPTION_INCLUDE(setup_option_table, struct config_options, setup),
	{ 0 },
};

static void emit_list(struct emitter *e, const char *key, const char *const *items, size_t count)
{
	emit_key(e, key);
	emit_array_begin(e);
	for (size_t i = 0; i < count; i++)
		emit_text(e, items[i]);
	emit_array_end(e);
}

static void emit_config(const struct config *config, struct emitter *e)
{
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "file");
	emit_text(e, config->path);
	emit_key(e, "exists");
	emit_bool(e, config->exists);
	emit_key(e, "registry");
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "location");
	emit_text(e, config->store ? config->store : config->registry);
	if (config->store) {
		emit_key(e, "cache");
		emit_text(e, config->registry);
	}
	emit_object_end(e);
	emit_key(e, "defaults");
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "restrict");
	emit_bool(e, config->restricted);
	emit_list(e, "env", config->env, config->env_count);
	emit_list(e, "dirs", config->dirs, config->dir_count);
	emit_list(e, "net", config->net, config->net_count);
	emit_object_end(e);
	emit_object_end(e);
}

static enum err print_config(const struct config_options *options)
{
	struct config config;
	struct output output;
	struct emitter *emitter;
	enum emit_format format = EMIT_PAGE;
	if (options->format)
		TRY(emit_format_parse(options->format, EMIT_PAGE, &format));
	TRY(config_load(options->setup.config, &config));
	output_init(&output, STDOUT_FILENO, "standard output", OUTPUT_BUFFERED);
	enum err err = emitter_create(format, &output, &emitter);
	if (!err) {
		emit_begin(emitter);
		emit_config(&config, emitter);
		err = emit_end(emitter);
		emitter_destroy(emitter);
	}
	enum err end = output_finish(&output);
	config_finish(&config);
	err = err ? err : end;
	return err == ERR_END ? ERR_NONE : err;
}

/* A file that is not there yet begins as the template, in a directory that is the user's alone. */
static enum err make_file(const char *path)
{
	if (access(path, F_OK) == 0)
		return ERR_NONE;
	char *copy = strdup(path);
	if (!copy)
		return err_nomem();
	int dir_fd;
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	enum err err = dir_open(AT_FDCWD, dirname(copy), true, &dir_fd);
	free(copy);
	TRY(err);
	err = file_write(dir_fd, name, view_text(config_template), 0600, false);
	close(dir_fd);
	return err;
}

/* $EDITOR may have arguments of its own, so that a shell starts it. */
static enum err start_editor(const char *path)
{
	const char *editor = getenv("VISUAL");
	if (!editor || !*editor)
		editor = getenv("EDITOR");
	if (!editor || !*editor)
		editor = "vi";
	BUF_CLEANUP struct buf command = { 0 };
	buf_printf(&command, "%s \"$1\"", editor);
	char *arguments[] = { "sh", "-c", (char *)(uintptr_t)buf_text(&command), "sh", (char *)(uintptr_t)path, NULL };
	pid_t pid;
	int status, errnum = posix_spawnp(&pid, "sh", NULL, NULL, arguments, environ);
	if (errnum)
		return err_set_errno(errnum, "can't start the editor %s", editor);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_set_errno(errno, "can't wait for the editor %s", editor);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(ERR_IO, "the editor %s failed; set EDITOR to another one", editor);
	return ERR_NONE;
}

/* Even if what is in the file now is wrong. */
static enum err edit(const struct config_options *options)
{
	struct config config;
	char *path = config_path(options->setup.config);
	if (!path)
		return err_nomem();
	enum err err = make_file(path);
	if (!err)
		err = start_editor(path);
	if (!err)
		err = config_load(path, &config); /* mistakes are told at once */
	free(path);
	TRY(err);
	config_finish(&config);
	return ERR_NONE;
}

static int run_config(void *data, int count, char **arguments)
{
	const struct config_options *options = data;
	if (count)
		return fail(err_set(ERR_USAGE, "config: \"%s\" is one argument too many", arguments[0]));
	enum err err = options->edit ? edit(options) : print_config(options);
	return err ? fail(err) : 0;
}

const struct command command_config = {
	.name = "config",
	.arguments = "[options]",
	.summary = "Show the configuration, or edit it.",
	.options = config_table,
	.size = sizeof(struct config_options),
	.run = run_config,
};
