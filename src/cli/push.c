/* timecraft push: to the store, what of the recordings on this machine is not there yet. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/setup.h"

struct push_options {
	struct setup_options setup;
};

static const struct option push_table[] = {
	OPTION_INCLUDE(setup_option_table, struct push_options, setup),
	{ 0 },
};

static enum err push(const struct push_options *options)
{
	struct setup setup;
	struct store_pushed pushed = { 0 };
	TRY(setup_open(&options->setup, &setup));
	enum err err = setup.store
		? store_push(setup.store, &pushed)
		: err_set(ERR_USAGE, "push: the registry %s is no store: see registry.location in timecraft config", setup.config.registry);
	if (!err)
		printf("%llu %s uploaded, %llu bytes sent\n", (unsigned long long)pushed.processes,
			pushed.processes == 1 ? "process" : "processes", (unsigned long long)pushed.sent);
	setup_close(&setup);
	return err;
}

static int run_push(void *data, int count, char **arguments)
{
	if (count)
		return fail(err_set(ERR_USAGE, "push: \"%s\" is one argument too many", arguments[0]));
	enum err err = push(data);
	return err ? fail(err) : 0;
}

const struct command command_push = {
	.name = "push",
	.arguments = "[options]",
	.summary = "Upload what is not in the store yet.",
	.text = "Where the registry is a store, run uploads what it records while the guest runs and when it has ended. What could not be "
		"uploaded, since the store could not be reached or the machine went down, is uploaded by this command, or by the next "
		"run. Processes that are running are left to those who run them.",
	.options = push_table,
	.size = sizeof(struct push_options),
	.run = run_push,
};
