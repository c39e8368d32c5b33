/*
 * What commands that use the registry begin with: the configuration, and the registry that it names, or in its place one that holds
 * nothing but the process of a bundle.
 */
#pragma once

#include "cli/options.h"
#include "cli/scratch.h"
#include "registry/config.h"
#include "registry/registry.h"
#include "store/store.h"

struct setup_options {
	const char *config; /* NULL: as the environment or the default says */
};
extern const struct option setup_option_table[];

struct setup {
	struct config config; /* zero for a bundle */
	struct registry *registry;
	struct store *store;     /* that it stands beside; NULL: it is all there is */
	struct scratch *scratch; /* of a bundle; else NULL */
};

enum err setup_open(const struct setup_options *options, struct setup *ret_setup);

/*
 * As setup_open, for the process that the user names. Where that is the file of a bundle and could not be an identifier, what is in it is
 * the registry, and `*name` becomes what its process is called there. NULL is no file.
 */
enum err setup_open_for(const struct setup_options *options, const char **name, struct setup *ret_setup);
void setup_close(struct setup *setup); /* zero allowed */
