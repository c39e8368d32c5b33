/* What delete and prune have in common: removing processes and the modules that nobody needs then, and telling of each. */
#pragma once

#include "cli/setup.h"
#include "emit/emitter.h"
#include "registry/removal.h"

struct removal {
	struct registry *registry;
	struct output output;
	struct emitter *emitter;       /* NULL: text */
	bool dry;        /* nothing is removed, only told */
	struct module_names *names;    /* of modules */
	uint64_t processes, modules, size; /* that were, or would be, removed */
};

extern const struct option removal_option_table[];

struct removal_options {
	struct setup_options setup;
	enum emit_format format;
};

enum err removal_begin(const struct removal_options *options, struct registry *registry, struct module_names *names, bool dry,
	struct removal *ret_removal);

/* ERR_NOT_FOUND, ERR_ACCESS: it was not removed. */
enum err removal_process(struct removal *removal, const struct uuid *id);

/* Tells of a module that was, or would be, removed. */
enum err removal_module(struct removal *removal, const struct stored_module *module);

/* Removes what processes left behind, and modules that no process needs, or of them only one; NULL: all. */
enum err removal_collect(struct removal *removal, const struct digest *only);

/* Ends the list. */
enum err removal_finish(struct removal *removal);

/* "57 processes and 1 module, 1.2 MiB" */
void removal_print_total(uint64_t processes, uint64_t modules, uint64_t size, struct buf *out);
