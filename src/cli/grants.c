#include "cli/grants.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/glob.h"

static size_t name_size(const char *entry)
{
	return strcspn(entry, "=");
}

/* Later settings of a name replace earlier ones, in their place. */
static void set_env(struct grants *g, const char *entry)
{
	size_t size = name_size(entry);
	for (size_t i = 0; i < g->env_count; i++) {
		const char *known = (const char *)g->env[i].data;
		if (name_size(known) == size && strncmp(known, entry, size) == 0) {
			g->env[i] = view_text(entry);
			return;
		}
	}
	g->env[g->env_count++] = view_text(entry);
}

static enum err grant_env(struct grants *g, const char *given)
{
	if (given[0] == 0 || given[0] == '=')
		return err_set(ERR_USAGE, "--env %s: it must be NAME or NAME=VALUE", given);
	if (given[name_size(given)] == '=') {
		set_env(g, given);
		return ERR_NONE;
	}
	const char *value = getenv(given);
	if (!value)
		return ERR_NONE; /* not set here, so not there */
	size_t size = strlen(given) + strlen(value) + 2;
	char *entry = arena_array(&g->arena, size, 1);
	if (!entry)
		return err_nomem();
	snprintf(entry, size, "%s=%s", given, value);
	set_env(g, entry);
	return ERR_NONE;
}

static enum err grant_dir(struct grants *g, const char *given)
{
	size_t size = strlen(given);
	bool read_only = size > 3 && strcmp(given + size - 3, ":ro") == 0;
	char *host = arena_text(&g->arena, view_of(given, read_only ? size - 3 : size));
	if (!host)
		return err_nomem();
	char *guest = strstr(host, "::");
	if (guest) {
		*guest = 0;
		guest += 2;
	}
	if (!host[0] || (guest && !guest[0]))
		return err_set(ERR_USAGE, "--dir %s: it must be HOST, HOST::GUEST, or one of them with :ro behind it", given);
	guest = guest ? guest : host;
	g->dirs[g->dir_count] = (struct host_dir){ host, guest, read_only };
	g->manifest_dirs[g->dir_count++] = (struct manifest_dir){ view_text(host), view_text(guest), read_only };
	return ERR_NONE;
}

static enum err grant_net(struct grants *g, const struct config *config, const struct option_list *net)
{
	size_t count = config->net_count + net->count;
	g->net = ARENA_ARRAY(&g->arena, const char *, count);
	g->manifest_net = ARENA_ARRAY(&g->arena, struct view, count);
	if (!g->net || !g->manifest_net)
		return err_nomem();
	for (; g->net_count < count; g->net_count++) {
		size_t i = g->net_count;
		g->net[i] = i < config->net_count ? config->net[i] : net->items[i - config->net_count];
		g->manifest_net[i] = view_text(g->net[i]);
	}
	return ERR_NONE;
}

enum err grants_make(bool restricted, bool no_env, const struct config *config, const struct option_list *env,
	const struct option_list *dirs, const struct option_list *net, struct grants *ret_grants)
{
	struct grants g = { .restricted = restricted };
	size_t inherited = 0;
	while (!restricted && !no_env && environ && environ[inherited])
		inherited++;
	g.env = ARENA_ARRAY(&g.arena, struct view, inherited + config->env_count + env->count + 1);
	g.dirs = ARENA_ARRAY(&g.arena, struct host_dir, 1 + config->dir_count + dirs->count);
	g.manifest_dirs = ARENA_ARRAY(&g.arena, struct manifest_dir, 1 + config->dir_count + dirs->count);
	enum err err = g.env && g.dirs && g.manifest_dirs ? ERR_NONE : err_nomem();
	for (size_t i = 0; i < inherited && !err; i++) /* as they are: a name may be there twice */
		g.env[g.env_count++] = view_text(environ[i]);
	for (size_t i = 0; i < config->env_count && !err; i++)
		err = grant_env(&g, config->env[i]);
	for (size_t i = 0; i < env->count && !err; i++)
		err = grant_env(&g, env->items[i]);
	if (!err && !restricted)
		err = grant_dir(&g, "/");
	for (size_t i = 0; i < config->dir_count && !err; i++)
		err = grant_dir(&g, config->dirs[i]);
	for (size_t i = 0; i < dirs->count && !err; i++)
		err = grant_dir(&g, dirs->items[i]);
	if (!err)
		err = grant_net(&g, config, net);
	if (err)
		grants_finish(&g);
	else
		*ret_grants = g;
	return err;
}

static bool is_withheld(const struct config *config, const struct option_list *patterns, struct view name)
{
	for (size_t i = 0; i < config->exclude_env_count; i++) {
		if (glob_matches(view_text(config->exclude_env[i]), name))
			return true;
	}
	for (size_t i = 0; i < patterns->count; i++) {
		if (glob_matches(view_text(patterns->items[i]), name))
			return true;
	}
	return false;
}

/* As many bytes, so that the guest gets the same sizes in a replay. */
static enum err withhold(struct grants *g, size_t i, size_t name_size)
{
	size_t size = g->env[i].size;
	char *masked = arena_text(&g->arena, g->env[i]);
	if (!masked)
		return err_nomem();
	memset(masked + name_size + 1, '*', size - name_size - 1);
	g->recorded_env[i] = view_of(masked, size);
	g->withheld[g->withheld_count++] = view_of(masked, name_size);
	return ERR_NONE;
}

static enum err join_recorded(struct grants *g)
{
	size_t size = 0;
	for (size_t i = 0; i < g->env_count; i++)
		size += g->recorded_env[i].size + 1;
	uint8_t *bytes = arena_array(&g->arena, size, 1), *at = bytes;
	if (!bytes)
		return err_nomem();
	for (size_t i = 0; i < g->env_count; i++) {
		memcpy(at, g->recorded_env[i].data, g->recorded_env[i].size);
		at += g->recorded_env[i].size;
		*at++ = 0;
	}
	g->recorded_environ = view_of(bytes, size);
	return ERR_NONE;
}

enum err grants_withhold(struct grants *g, const struct config *config, const struct option_list *patterns)
{
	g->recorded_env = ARENA_ARRAY(&g->arena, struct view, g->env_count + 1);
	g->withheld = ARENA_ARRAY(&g->arena, struct view, g->env_count + 1);
	if (!g->recorded_env || !g->withheld)
		return err_nomem();
	for (size_t i = 0; i < g->env_count; i++) {
		size_t size = name_size((const char *)g->env[i].data);
		g->recorded_env[i] = g->env[i];
		if (size < g->env[i].size && is_withheld(config, patterns, view_slice(g->env[i], 0, size)))
			TRY(withhold(g, i, size));
	}
	return g->withheld_count ? join_recorded(g) : ERR_NONE;
}

void grants_finish(struct grants *g)
{
	arena_finish(&g->arena);
}
