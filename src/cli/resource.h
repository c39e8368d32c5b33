/* The kinds of things in the registry, as commands name them. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum resource { RESOURCE_PROCESS, RESOURCE_MODULE, RESOURCE_LOG, RESOURCE_RUNTIME };

/* Whether a word may be the identifier of a process. */
bool resource_is_process_id(const char *word);

/*
 * RESOURCE [ID] of `command`. ERR_USAGE. An identifier that is missing is NULL. Without a resource it is a process, of which nothing or
 * the identifier alone is given; `export` insists on one.
 */
enum err resource_parse(const char *command, int count, char **arguments, enum resource *ret_resource, const char **ret_id);
