/* The commands help and version, and what main needs of them. */
#pragma once

#include "cli/options.h"

extern const struct command command_help, command_version;

void print_commands(struct buf *out);
/* By its first word, and for those that have two the second one, which may be NULL. */
const struct command *find_command(const char *first, const char *second);
int command_words(const struct command *command);
enum err unknown_command(const char *first, const char *second); /* ERR_USAGE, naming the nearest */
