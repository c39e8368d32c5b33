#include "cli/engine.h"

#include <string.h>

enum err parse_engine(void *target, const char *value)
{
	if (strcmp(value, "interpreter") != 0 && strcmp(value, "compiled") != 0)
		return err_set(ERR_USAGE, "\"%s\" is not known; it may be interpreter or compiled", value);
	*(enum guest_engine *)target = value[0] == 'c' ? GUEST_COMPILED : GUEST_INTERPRETED;
	return ERR_NONE;
}
