/* timecraft import FILE: the process of a bundle, into the registry. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/setup.h"
#include "registry/bundle.h"

struct import_options {
	struct setup_options setup;
};

static const struct option import_table[] = {
	OPTION_INCLUDE(setup_option_table, struct import_options, setup),
	{ 0 },
};

static enum err import_from(const struct setup *setup, int fd, const char *name)
{
	struct uuid id;
	bool present = false;
	char text[UUID_TEXT];
	struct store_pushed pushed;
	TRY(bundle_import(setup->registry, fd, name, BUNDLE_KEPT, &id, &present));
	if (setup->store)
		TRY(store_push(setup->store, &pushed));
	uuid_print(&id, text);
	if (present)
		fprintf(stderr, "timecraft: it is in the registry already, and the same\n");
	return printf("%s\n", text) < 0 || fflush(stdout) != 0 ? err_set_errno(errno, "can't write standard output") : ERR_NONE;
}

static enum err import(const struct import_options *options, const char *path)
{
	struct setup setup;
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_set_errno(errno, "can't open the bundle %s", path);
	enum err err = setup_open(&options->setup, &setup);
	if (!err) {
		err = import_from(&setup, fd, standard ? "standard input" : path);
		setup_close(&setup);
	}
	if (!standard)
		close(fd);
	return err;
}

static int run_import(void *data, int count, char **arguments)
{
	if (count != 1)
		return fail(err_set(ERR_USAGE, "import: which bundle? 'timecraft import [options] FILE'"));
	enum err err = import(data, arguments[0]);
	return err ? fail(err) : 0;
}

const struct command command_import = {
	.name = "import",
	.arguments = "[options] FILE",
	.summary = "Put the process of a bundle into the registry.",
	.text = "FILE is what 'export process' wrote; - is standard input. All its digests are checked, and nothing has its name in the "
		"registry before all of it is there. The ID of the process is printed. Where the same process is there already nothing "
		"changes; another recording of it is an error. A bundle need not be imported to be looked at: replay, trace, logs and "
		"describe take FILE.",
	.options = import_table,
	.size = sizeof(struct import_options),
	.run = run_import,
};
