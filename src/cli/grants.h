/* What a run gives its guest of the host: from the command line, and the defaults of the configuration. */
#pragma once

#include "base/arena.h"
#include "cli/options.h"
#include "host/host.h"
#include "registry/config.h"
#include "registry/manifest.h"

struct grants {
	bool restricted;
	struct view *env;       /* "NAME=VALUE" */
	size_t env_count;
	struct host_dir *dirs;
	struct manifest_dir *manifest_dirs; /* the same, as the manifest keeps them */
	size_t dir_count;
	const char **net;
	struct view *manifest_net;
	size_t net_count;
	struct view *recorded_env; /* as the recording holds it: * in place of values that are withheld */
	struct view recorded_environ; /* those, each with a NUL behind it; without data: nothing is withheld */
	struct view *withheld;     /* the names of those */
	size_t withheld_count;
	struct arena arena;
};

/*
 * A plain run gives the host's environment and "/", a restricted one nothing; then both what `env` (NAME or NAME=VALUE) and `dirs`
 * (HOST[::GUEST][:ro]) say. With `no_env` nothing of the host's environment but what is named. `net` is what --allow-net says, for the host
 * to read. ERR_USAGE.
 */
enum err grants_make(bool restricted, bool no_env, const struct config *config, const struct option_list *env,
	const struct option_list *dirs, const struct option_list *net, struct grants *ret_grants);
/* Withholds values of variables whose names fit the configuration's patterns or these. */
enum err grants_withhold(struct grants *grants, const struct config *config, const struct option_list *patterns);
void grants_finish(struct grants *grants);
