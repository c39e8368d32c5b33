/* How a run is recorded: what of it is kept, in which files, and what a crash of the machine may lose. */
#pragma once

#include "cli/options.h"
#include "log/writer.h"

extern const struct option record_option_table[]; /* of struct log_options */
