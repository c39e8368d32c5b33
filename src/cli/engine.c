#include "cli/engine.h"

#include <stdbool.h>
#include <string.h>

enum err parse_engine(void *target, const char *value)
{
	if (strcmp(value, "interpreter") != 0 && strcmp(value, "compiled") != 0)
		return err_set(ERR_USAGE, "\"%s\" is not known; it may be interpreter or compiled", value);
	*(bool *)target = value[0] == 'c';
	return ERR_NONE;
}
