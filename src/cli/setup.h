/* What commands that use the registry begin with: the configuration, and the registry that it names. */
#pragma once

#include "cli/options.h"
#include "registry/config.h"
#include "registry/registry.h"

struct setup_options {
	const char *config; /* NULL: as the environment or the default says */
};
extern const struct option setup_option_table[];

struct setup {
	struct config config;
	struct registry *registry;
};

enum err setup_open(const struct setup_options *options, struct setup *ret_setup);
void setup_close(struct setup *setup); /* zero allowed */
