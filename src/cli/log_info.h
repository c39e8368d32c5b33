/* A recording as such: its files, what is stored in them and how, and whether all of it can be read. */
#pragma once

#include "cli/process_info.h"

/* What is known without reading it, as one object. */
void log_info_emit(const struct process_info *info, struct emitter *e);

/* "running", "closed", "killed". */
const char *log_state_name(enum log_state state);

/*
 * Reads the recording to its end and tells all of it as one object; `blocks`: each block too. ERR_DAMAGED when something of it can't be
 * read: what can be is told then too. Anything else: nothing was told.
 */
enum err log_info_describe(struct registry *registry, const struct uuid *id, bool blocks, struct emitter *e);
