/* What a recording is made of: its files and blocks, from their headers alone. Nothing of it is needed to read the records. */
#pragma once

#include "base/err.h"
#include "base/view.h"

struct log_block {
	uint64_t offset;                    /* in the segment */
	const char *kind;                   /* "records", "index", "footer", "checkpoint", "other" */
	const char *codec;                  /* "raw", "zstd", "columns", "other" */
	uint64_t raw_size, stored_size;     /* of the content, and as it is stored, without the header */
	uint64_t first_number, record_count;
	uint64_t written;                   /* ns, wall clock */
};

struct log_survey {
	uint64_t size;     /* of the segment's file */
	uint64_t surveyed; /* as far as blocks follow one another */
};

/* Calls `visit` for each block of a segment (log/segments.h) in the process's directory, in order, up to the first place where none begins.
 */
enum err log_survey(int dir_fd, uint32_t segment, void (*visit)(void *data, const struct log_block *block), void *data,
	struct log_survey *ret_survey);
