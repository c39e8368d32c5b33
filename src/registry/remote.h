/* What a registry asks of the one who has, elsewhere, more than is on this machine. */
#pragma once

#include "registry/registry.h"

struct registry_remote {
	enum err (*open_process)(void *data, const struct uuid *id);   /* puts what can be known of it into its directory */
	enum err (*remove_process)(void *data, const struct uuid *id); /* there; before it goes here */
	void (*removed_process)(void *data, const struct uuid *id);    /* now it is gone here too */
	enum err (*fetch_module)(void *data, const struct digest *digest);
	enum err (*list_modules)(void *data, enum err (*add)(void *list, const struct stored_module *module), void *list);
	enum err (*remove_module)(void *data, const struct digest *digest);
	void *data;
};

/* NULL: there is nobody. Copied. */
void registry_set_remote(struct registry *registry, const struct registry_remote *remote);
bool registry_has_remote(const struct registry *registry);

/* Gives back what registry_add_module holds, where no process will need the module but one that is there. */
void registry_unhold(struct registry *registry);
