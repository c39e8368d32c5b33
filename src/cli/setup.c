#include "cli/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/resource.h"
#include "registry/bundle.h"

const struct option setup_option_table[] = {
	{ "config", 'c', OPTION_TEXT, false, "FILE", "The configuration, in place of TIMECRAFTCONFIG or ~/.timecraft/config.yaml.",
		offsetof(struct setup_options, config) },
	{ 0 },
};

/* What was shown until now is right; there is no more of it. */
static void unavailable(enum err err)
{
	exit(fail(err));
}

enum err setup_open(const struct setup_options *options, struct setup *ret_setup)
{
	struct setup setup = { 0 };
	TRY(config_load(options->config, &setup.config));
	enum err err = registry_open(setup.config.registry, &setup.registry);
	if (!err && setup.config.store)
		err = store_open(setup.config.store, setup.registry, unavailable, &setup.store);
	if (err)
		setup_close(&setup);
	else
		*ret_setup = setup;
	return err;
}

static enum err open_bundle(int fd, const char *name, struct setup *ret_setup)
{
	struct setup setup = { 0 };
	struct uuid id;
	bool present;
	TRY(scratch_create(&setup.scratch));
	enum err err = registry_open(scratch_path(setup.scratch), &setup.registry);
	if (!err)
		err = bundle_import(setup.registry, fd, name, BUNDLE_TEMPORARY, &id, &present);
	if (err)
		setup_close(&setup);
	else
		*ret_setup = setup;
	return err;
}

/* Names with a dot or a slash are those of files; what looks like an identifier is one. */
static bool is_bundle(const char *name)
{
	struct stat stat_of_file;
	if (resource_is_process_id(name))
		return false;
	if (strchr(name, '/'))
		return true;
	return stat(name, &stat_of_file) == 0 && !S_ISDIR(stat_of_file.st_mode);
}

enum err setup_open_for(const struct setup_options *options, const char **name, struct setup *ret_setup)
{
	if (!*name || !is_bundle(*name))
		return setup_open(options, ret_setup);
	int fd = open(*name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_set_errno(errno, "can't open the bundle %s", *name);
	enum err err = open_bundle(fd, *name, ret_setup);
	close(fd);
	*name = "@last";
	return err;
}

void setup_close(struct setup *setup)
{
	store_close(setup->store);
	registry_close(setup->registry);
	scratch_remove(setup->scratch);
	config_finish(&setup->config);
	*setup = (struct setup){ 0 };
}
