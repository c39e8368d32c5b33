#include "cli/resource.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name, *plural;
	enum resource resource;
	const char *not_for; /* the command that does not know it; NULL: all do */
} resources[] = {
	{ "process", "processes", RESOURCE_PROCESS, NULL },
	{ "module", "modules", RESOURCE_MODULE, NULL },
	{ "log", "logs", RESOURCE_LOG, NULL },
	{ "runtime", "runtimes", RESOURCE_RUNTIME, "export" },
};

bool resource_is_process_id(const char *word)
{
	return word[0] == '@' || (word[0] && word[strspn(word, "0123456789abcdefABCDEF-")] == 0);
}

enum err resource_parse(const char *command, int count, char **arguments, enum resource *ret_resource, const char **ret_id)
{
	if (count == 0 && strcmp(command, "export") != 0) {
		*ret_resource = RESOURCE_PROCESS;
		*ret_id = NULL;
		return ERR_NONE;
	}
	if (count == 0)
		return err_set(ERR_USAGE, "%s: name what: see 'timecraft help %s'", command, command);
	if (count > 2)
		return err_set(ERR_USAGE, "%s: \"%s\" is one argument too many", command, arguments[2]);
	for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
		if (strcmp(arguments[0], resources[i].name) != 0 && strcmp(arguments[0], resources[i].plural) != 0)
			continue;
		if (resources[i].not_for && strcmp(resources[i].not_for, command) == 0)
			continue;
		*ret_resource = resources[i].resource;
		*ret_id = count > 1 ? arguments[1] : NULL;
		return ERR_NONE;
	}
	if (count == 1 && resource_is_process_id(arguments[0])) {
		*ret_resource = RESOURCE_PROCESS;
		*ret_id = arguments[0];
		return ERR_NONE;
	}
	return err_set(ERR_USAGE, "%s: \"%s\" is not known here: see 'timecraft help %s'", command, arguments[0], command);
}
