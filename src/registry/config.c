#include "registry/config.h"

#include "registry/digest.h"
#include "registry/files.h"
#include "registry/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_CONFIG = 1 << 20 };

#define STORE_SCHEME "s3://"

const char config_template[] =
	"# The configuration of timecraft. Lines that begin with # have no effect.\n"
	"\n"
	"# Where modules and recordings are kept.\n"
	"#registry:\n"
	"#  location: ~/.timecraft # or s3://bucket/prefix\n"
	"\n"
	"# What guests get if the command line says nothing else. Without `restrict: true` that is the environment, / and the network.\n"
	"#defaults:\n"
	"#  restrict: true\n"
	"#  env: [LANG, \"DEBUG=1\"]\n"
	"#  dirs: [\".\", \"/data::/data:ro\"]\n"
	"#  net: [\"example.test:443\", \"10.0.0.0/8\"]\n"
	"#  no_env: true\n"
	"#  record_exclude_env: [\"*TOKEN*\"]\n";

/* Without HOME the user database is asked, which may take a service of the network: only where the home is needed. */
static const char *home(void)
{
	const char *home = getenv("HOME");
	if (home && *home)
		return home;
	const struct passwd *user = getpwuid(geteuid());
	return user && user->pw_dir ? user->pw_dir : "/";
}

static bool is_store(struct view location)
{
	return view_is(view_slice(location, 0, sizeof STORE_SCHEME - 1), STORE_SCHEME);
}

/* "~" and "~/..." are in the user's home. */
static const char *expand(struct arena *arena, const char *path)
{
	if (path[0] != '~' || (path[1] && path[1] != '/'))
		return path;
	BUF_CLEANUP struct buf text = { 0 };
	buf_printf(&text, "%s%s", home(), path + 1);
	return arena_text(arena, buf_view(&text));
}

static enum err read_directory(struct yaml *yaml, struct yaml_node *node, struct config *config)
{
	struct view text;
	TRY(yaml_string(yaml, node, &text));
	if (text.size == 0)
		return yaml_error(yaml, node, "expected a directory");
	const char *slash = strrchr(config->path, '/');
	if (text.data[0] == '/' || text.data[0] == '~' || !slash) {
		config->registry = expand(&config->arena, (const char *)text.data);
	} else {
		BUF_CLEANUP struct buf beside = { 0 };
		buf_printf(&beside, "%.*s/%.*s", (int)(slash - config->path), config->path, VIEW_ARG(text));
		config->registry = arena_text(&config->arena, buf_view(&beside));
	}
	return config->registry ? 0 : err_nomem();
}

/* A directory, or the URL of a store. */
static enum err read_location(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct config *config = target;
	struct view text;
	TRY(yaml_string(yaml, node, &text));
	config->store = is_store(text) ? (const char *)text.data : NULL;
	return config->store ? ERR_NONE : read_directory(yaml, node, config);
}

struct cache {
	struct config *config;
	struct yaml_node *node;
};

static enum err read_place(struct yaml *yaml, struct yaml_node *node, void *target)
{
	return read_location(yaml, node, ((struct cache *)target)->config);
}

static enum err read_cache(struct yaml *yaml, struct yaml_node *node, void *target)
{
	(void)yaml;
	((struct cache *)target)->node = node;
	return ERR_NONE;
}

/* `registry: s3://...` is short for its location. */
static enum err read_registry(struct yaml *yaml, struct yaml_node *node, void *target)
{
	static const struct yaml_field fields[] = { { "location", read_place }, { "cache", read_cache } };
	struct cache cache = { .config = target };
	if (yaml_begins(node, STORE_SCHEME))
		return read_location(yaml, node, target);
	TRY(yaml_fields(yaml, node, fields, 2, &cache, NULL));
	if (!cache.node)
		return ERR_NONE;
	if (!cache.config->store)
		return yaml_error(yaml, cache.node, "a registry has a cache only if its location is a store: s3://BUCKET/PREFIX");
	return read_directory(yaml, cache.node, cache.config);
}

static enum err read_restrict(struct yaml *yaml, struct yaml_node *node, void *target)
{
	return yaml_bool(yaml, node, &((struct config *)target)->restricted);
}

static enum err read_no_env(struct yaml *yaml, struct yaml_node *node, void *target)
{
	return yaml_bool(yaml, node, &((struct config *)target)->no_env);
}

static enum err read_list(struct yaml *yaml, struct yaml_node *node, const char *const **ret_strings, size_t *ret_count)
{
	TRY(yaml_count(yaml, node, ret_count));
	const char **strings = ARENA_ARRAY(yaml->arena, const char *, *ret_count);
	if (!strings)
		return err_nomem();
	for (size_t i = 0; i < *ret_count; i++) {
		struct view text;
		TRY(yaml_string(yaml, yaml_element(yaml, node, i), &text));
		strings[i] = (const char *)text.data;
	}
	*ret_strings = strings;
	return 0;
}

static enum err read_env(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct config *config = target;
	return read_list(yaml, node, &config->env, &config->env_count);
}

static enum err read_dirs(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct config *config = target;
	return read_list(yaml, node, &config->dirs, &config->dir_count);
}

static enum err read_net(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct config *config = target;
	return read_list(yaml, node, &config->net, &config->net_count);
}

static enum err read_exclude_env(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct config *config = target;
	return read_list(yaml, node, &config->exclude_env, &config->exclude_env_count);
}

static enum err read_defaults(struct yaml *yaml, struct yaml_node *node, void *target)
{
	static const struct yaml_field fields[] = { { "restrict", read_restrict }, { "env", read_env }, { "dirs", read_dirs },
		{ "net", read_net }, { "no_env", read_no_env }, { "record_exclude_env", read_exclude_env } };
	return yaml_fields(yaml, node, fields, sizeof fields / sizeof *fields, target, NULL);
}

static enum err parse(struct view text, struct config *config)
{
	static const struct yaml_field fields[] = { { "registry", read_registry }, { "defaults", read_defaults } };
	struct yaml yaml;
	TRY(yaml_load(text, config->path, ERR_USAGE, &config->arena, &yaml));
	struct yaml_node *root = yaml_root(&yaml);
	enum err err = root ? yaml_fields(&yaml, root, fields, 2, config, NULL) : 0;
	yaml_finish(&yaml);
	return err;
}

static enum err load(struct config *config, bool named)
{
	int fd = open(config->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT && !named ? 0 : err_set_errno(errno, "can't open the configuration %s", config->path);
	config->exists = true;
	BUF_CLEANUP struct buf text = { 0 };
	enum err err = file_read(fd, config->path, MAX_CONFIG, &text);
	close(fd);
	return err ? err : parse(buf_view(&text), config);
}

/* Whether a file was named, which then must be there. */
static bool choose(const char *path, struct config *config)
{
	if (!path)
		path = getenv("TIMECRAFTCONFIG");
	bool named = path && *path;
	config->path = named ? arena_text(&config->arena, view_text(path)) : expand(&config->arena, "~/.timecraft/config.yaml");
	return named;
}

char *config_path(const char *path)
{
	struct config config = { 0 };
	choose(path, &config);
	char *chosen = config.path ? strdup(config.path) : NULL;
	arena_finish(&config.arena);
	return chosen;
}

/* That of a store is named by its URL, so that each has its own. */
static enum err choose_registry(struct config *config)
{
	BUF_CLEANUP struct buf path = { 0 };
	buf_append_text(&path, "~/.timecraft");
	if (config->store) {
		char hex[DIGEST_HEX];
		struct digest digest = digest_of(view_text(config->store));
		digest_hex(&digest, hex);
		buf_printf(&path, "/stores/%.16s", hex);
	}
	config->registry = expand(&config->arena, buf_text(&path));
	return config->registry ? ERR_NONE : err_nomem();
}

enum err config_load(const char *path, struct config *ret_config)
{
	struct config config = { 0 };
	bool named = choose(path, &config);
	enum err err = config.path ? load(&config, named) : err_nomem();
	if (!err && !config.registry)
		err = choose_registry(&config);
	if (err) {
		arena_finish(&config.arena);
		return err;
	}
	*ret_config = config;
	return 0;
}

void config_finish(struct config *config)
{
	if (config)
		arena_finish(&config->arena);
}
