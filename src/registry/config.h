/*
 * The user's configuration: ~/.timecraft/config.yaml, or the file named by TIMECRAFTCONFIG or -c.
 *
 *     registry:
 *       location: ~/.timecraft     # or s3://bucket/prefix, with `cache: DIRECTORY`
 *     defaults:
 *       restrict: true
 *       env: [LANG, "DEBUG=1"]
 *       dirs: [".", "/data::/data:ro"]
 *       net: ["example.test:443", "10.0.0.0/8"]
 *       no_env: true
 *       record_exclude_env: ["*TOKEN*"]
 *
 * All of it may be left out. What is not known here is an error, so that no setting is ignored.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct config {
	const char *path;       /* of the file */
	bool exists;
	const char *registry;   /* the registry's directory; a relative one is taken from that of the file */
	const char *store;      /* the URL of the store that it stands beside; NULL: it is all there is */
	bool restricted;        /* defaults.restrict */
	const char *const *env; /* as given to --env */
	size_t env_count;
	const char *const *dirs; /* as given to --dir */
	size_t dir_count;
	const char *const *net; /* as given to --allow-net */
	size_t net_count;
	bool no_env;            /* defaults.no_env */
	const char *const *exclude_env; /* as given to --record-exclude-env */
	size_t exclude_env_count;
	struct arena arena;
};

/* `path` as given with -c, or NULL. A file that was named must be there; the default one need not. */
enum err config_load(const char *path, struct config *ret_config);

/* The path of the file that config_load would read, whatever is in it. NULL if out of memory; free it. */
char *config_path(const char *path);
void config_finish(struct config *config);

/* What a new configuration file says: every setting, commented out. */
extern const char config_template[];
