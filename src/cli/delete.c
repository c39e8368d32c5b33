/* timecraft delete RESOURCE ID...: what is named, and no more. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/module_info.h"
#include "cli/removal.h"

static const struct option delete_table[] = {
	{ .name = "", .include = removal_option_table },
	{ 0 },
};

/* All are found before the first is deleted: what @1 or a prefix names changes with that. */
static enum err resolve_all(struct registry *registry, int count, char **names, struct uuid **ret_ids, size_t *ret_count)
{
	struct uuid *ids = reallocarray(NULL, (size_t)count, sizeof *ids);
	size_t found = 0;
	enum err err = ids ? ERR_NONE : err_nomem();
	for (int i = 0; i < count && !err; i++) {
		err = registry_resolve(registry, names[i], &ids[found]);
		size_t known = 0;
		while (known < found && !err && !uuid_equal(&ids[known], &ids[found]))
			known++;
		found += known == found;
	}
	if (err) {
		free(ids);
		return err;
	}
	*ret_ids = ids;
	*ret_count = found;
	return ERR_NONE;
}

/* One that can't be deleted leaves the others. */
static enum err delete_processes(struct removal *removal, int count, char **names, bool *ret_refused)
{
	struct uuid *ids;
	size_t found;
	TRY(resolve_all(removal->registry, count, names, &ids, &found));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < found && !err; i++) {
		err = removal_process(removal, &ids[i]);
		if (err == ERR_NOT_FOUND || err == ERR_ACCESS) {
			fail(err);
			*ret_refused = true;
			err = ERR_NONE;
		}
	}
	free(ids);
	return err ? err : removal_collect(removal, NULL);
}

static enum err refuse_needed(const struct digest *digest, const struct briefs *briefs)
{
	char module[DIGEST_TEXT], first[UUID_TEXT] = "";
	size_t needed = 0;
	digest_print(digest, module);
	for (size_t i = briefs->count; i-- > 0;) {
		const struct brief *brief = &briefs->items[i];
		if (!brief->start_wall || memcmp(&brief->module, digest, sizeof *digest) != 0)
			continue;
		if (needed++ == 0)
			uuid_print(&brief->id, first);
	}
	if (needed == 0)
		return ERR_NONE;
	if (needed == 1)
		return err_set(ERR_ACCESS, "module %s is needed by process %s: it goes with that", module, first);
	return err_set(ERR_ACCESS, "module %s is needed by %zu processes, the newest of them %s: it goes with the last of them", module,
		needed, first);
}

static enum err delete_module(struct removal *removal, const char *name, bool *ret_refused)
{
	struct digest digest;
	uint64_t before = removal->modules;
	TRY(registry_resolve_module(removal->registry, name, &digest));
	enum err err = refuse_needed(&digest, &removal->names->briefs);
	if (err == ERR_ACCESS) {
		fail(err);
		*ret_refused = true;
		return ERR_NONE;
	}
	TRY(removal_collect(removal, &digest));
	if (removal->modules == before)
		*ret_refused = true; /* and why was told */
	return ERR_NONE;
}

static enum err delete_modules(struct removal *removal, int count, char **names, bool *ret_refused)
{
	struct digest digest;
	for (int i = 0; i < count; i++)
		TRY(registry_resolve_module(removal->registry, names[i], &digest));
	for (int i = 0; i < count; i++)
		TRY(delete_module(removal, names[i], ret_refused));
	return ERR_NONE;
}

typedef enum err delete_named(struct removal *removal, int count, char **names, bool *ret_refused);

static enum err delete_all(const struct removal_options *options, struct registry *registry, delete_named *deleter, int count, char **names,
	bool *ret_refused)
{
	struct removal removal;
	struct module_names modules;
	TRY(module_names_load(registry, &modules));
	enum err err = removal_begin(options, registry, &modules, false, &removal);
	if (!err)
		err = deleter(&removal, count, names, ret_refused);
	enum err end = removal_finish(&removal);
	module_names_finish(&modules);
	return err ? err : end;
}

static delete_named *find_deleter(const char *word)
{
	static const struct {
		const char *name, *plural;
		delete_named *deleter;
	} resources[] = { { "process", "processes", delete_processes }, { "module", "modules", delete_modules } };
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
		if (strcmp(word, resources[i].name) == 0 || strcmp(word, resources[i].plural) == 0)
			return resources[i].deleter;
	}
	return NULL;
}

static int run_delete(void *data, int count, char **arguments)
{
	const struct removal_options *options = data;
	struct setup setup;
	bool refused = false;
	delete_named *deleter = count ? find_deleter(arguments[0]) : NULL;
	if (count && !deleter)
		return fail(err_set(ERR_USAGE, "delete: \"%s\" is not known here: see 'timecraft help delete'", arguments[0]));
	if (count < 2)
		return fail(err_set(ERR_USAGE, "delete: name what: see 'timecraft help delete'"));
	enum err err = setup_open(&options->setup, &setup);
	if (err)
		return fail(err);
	err = delete_all(options, setup.registry, deleter, count - 1, arguments + 1, &refused);
	setup_close(&setup);
	return err ? fail(err) : refused ? 1 : 0;
}

const struct command command_delete = {
	.name = "delete",
	.arguments = "[options] process|module ID...",
	.summary = "Delete processes with their recordings, or modules.",
	.text = "A module goes with the last process that needs it; one is deleted by itself only if no process needs it. "
		"A process that is running is not deleted. Nothing is if an ID is wrong.",
	.words = "process module",
	.takes_process = true,
	.options = delete_table,
	.size = sizeof(struct removal_options),
	.run = run_delete,
};
