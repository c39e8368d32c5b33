/* The summary of a request trace: a line for each host and path, or one object. */
#pragma once

#include "emit/emitter.h"
#include "trace/exchange_summary.h"

enum err request_print_summary(struct emitter *emitter, struct exchange_summary *summary);
