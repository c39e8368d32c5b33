/* The commands help and version, and what main needs of them. */
#pragma once

#include "cli/options.h"

extern const struct command command_help, command_version;

void print_commands(struct buf *out);
const struct command *find_command(const char *name);
enum err unknown_command(const char *name); /* ERR_USAGE, naming the nearest */
