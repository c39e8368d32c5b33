/* The recording of a process once more, in another directory: as far as it is there now, and with what is to be changed in it. */
#pragma once

#include "log/record.h"
#include "registry/registry.h"

/* Changes a record that is copied: it may have others of its inputs, spans and notes, of the same sizes. */
struct log_change {
	enum err (*record)(struct log_change *change, struct record *record);
};

/*
 * Records keep their numbers and times. The copy is closed, and ends as the recording does: within a call, if that is where a process is
 * or was killed. NULL change: none. ERR_DAMAGED: what is there can't be read whole.
 */
enum err log_copy(const struct process *process, const struct manifest *manifest, int to_fd, struct log_change *change);
