/* Which connections a trace shows: the options that those of what passed over sockets share. */
#pragma once

#include "cli/options.h"
#include "trace/exchange_filter.h"

extern const struct option trace_connections_table[]; /* into a struct exchange_filter */
