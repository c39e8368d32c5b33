/* A directory for a while, 0700, which goes with this process however it ends. */
#pragma once

#include "base/err.h"

struct scratch;

/* In TMPDIR, or /tmp. Before there are other threads. */
enum err scratch_create(struct scratch **ret_scratch);
void scratch_remove(struct scratch *scratch); /* NULL allowed */

const char *scratch_path(const struct scratch *scratch);
