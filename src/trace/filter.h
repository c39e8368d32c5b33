/* Which records a trace shows: by call and by class of calls. */
#pragma once

#include "base/err.h"
#include "log/record.h"
#include "wasi/call.h"

/* All zero shows every call, but not the growth of memory. */
struct trace_filter {
	bool given;
	bool calls[CALL_COUNT];
	bool memory;
};

/*
 * Adds a list: names of calls and classes (file, descriptor, network, clock, process, memory, random, all), separated by commas. One
 * with ! before it is taken away; if the first one of a filter is, it is taken away from all. ERR_USAGE names what is unknown.
 */
enum err trace_filter_add(struct trace_filter *filter, const char *list);

/* Signals, traps, ends and failures always pass. A call of an unknown number passes a filter that was not given. */
bool trace_filter_passes(const struct trace_filter *filter, const struct record *record);

/* The names of the classes of a call, with NULL behind them. */
void trace_classes_of(const struct call_type *type, const char **ret_names, uint32_t max);
