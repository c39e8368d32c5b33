#include "cli/setup.h"

const struct option setup_option_table[] = {
	{ "config", 'c', OPTION_TEXT, false, "FILE", "The configuration, in place of TIMECRAFTCONFIG or ~/.timecraft/config.yaml.",
		offsetof(struct setup_options, config) },
	{ 0 },
};

enum err setup_open(const struct setup_options *options, struct setup *ret_setup)
{
	struct setup setup = { 0 };
	TRY(config_load(options->config, &setup.config));
	enum err err = registry_open(setup.config.registry, &setup.registry);
	if (err) {
		config_finish(&setup.config);
		return err;
	}
	*ret_setup = setup;
	return 0;
}

void setup_close(struct setup *setup)
{
	registry_close(setup->registry);
	config_finish(&setup->config);
	*setup = (struct setup){ 0 };
}
