/*
 * Mending a recording: what its process left in the tail becomes blocks of the last segment, and an index or an end that is missing or
 * wrong is written again, from the blocks. Nothing that can be read is changed, and what is damaged otherwise stays as it is.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

enum log_finding {
	LOG_BROKEN, /* readers do without it; mending helps */
	LOG_MENDED,
};
typedef void log_finding_visit(void *data, enum log_finding finding, const char *text);

/*
 * Of the process's directory. With `mend` false nothing is changed, and only what is broken told. The process must have ended, and nobody
 * else be mending. ERR_IO, ERR_NOSPACE, ERR_NOMEM: what was mended until then is.
 */
enum err log_mend(int dir_fd, bool mend, log_finding_visit *visit, void *data);
