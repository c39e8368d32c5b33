/* All that is known of a process without reading its records, and how it is shown. */
#pragma once

#include "emit/emitter.h"
#include "registry/brief.h"

struct process_info {
	struct uuid id;
	struct manifest manifest; /* zero where it can't be read */
	struct log_summary log;   /* likewise */
	const char *problem;      /* what can't be read, and why; NULL: nothing */
	struct arena arena;
};

/* Never fails for what is broken in the process: that is told in `problem`. ERR_NOT_FOUND, ERR_NOMEM. */
enum err process_info_load(struct registry *registry, const struct uuid *id, struct process_info *ret_info);
void process_info_finish(struct process_info *info);

/* "running", "exited 0", "trapped: unreachable", "stopped by SIGINT", "killed", "failed", "damaged". */
void process_status_print(const struct log_summary *log, const char *problem, struct buf *out);

/* Nanoseconds from its start (0: not known) to its end, or until now; false where that is not known. */
bool process_duration(uint64_t start, const struct log_summary *log, uint64_t *ret_ns);

/* As one object. Values of environment variables only if asked for: they may be secrets. */
void process_info_emit(const struct process_info *info, struct emitter *e, bool env_values);
