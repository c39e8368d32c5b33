/*
 * Reading a recording: while its process runs, after it was killed, or closed. Records come in order; memory is bounded by the largest one.
 */
#pragma once

#include "base/err.h"
#include "log/record.h"

struct log_reader;

enum log_state {
	LOG_RUNNING,  /* somebody holds the lock */
	LOG_CLOSED,   /* everything is in the segment */
	LOG_KILLED,   /* the process ended without closing: what it did until then is there */
};

/* Of the process's directory, which is not kept. A broken header is ERR_DAMAGED. */
enum err log_open(int dir_fd, struct log_reader **ret_reader);
void log_close(struct log_reader *reader);

enum log_state log_state(const struct log_reader *reader);
bool log_is_running(int dir_fd); /* whether the process holds its lock */

/*
 * The next record, valid until the next call. ERR_END at the end: of a running process's recording, for now; ask again later. ERR_DAMAGED
 * where bytes are not what was written: the text names the file, the place and what is missing, and the next call goes on behind it.
 */
enum err log_next(struct log_reader *reader, struct record *ret_record);

/* After ERR_END of a running process: the call that it is in, if it is in one. */
bool log_under_way(struct log_reader *reader, struct record *ret_record);

/* The number of the first record that there is: of a recording that was bounded, those before were not kept. */
uint64_t log_first(const struct log_reader *reader);

/* Where a reader wants to begin: at a record with this number, or the first that began at this time or later. */
struct log_target {
	bool by_time;
	uint64_t number;
	uint64_t time; /* ns, wall clock */
};

/*
 * Before anything is read. The next record is the first one at the target or later; only what is needed is read.
 */
enum err log_seek(struct log_reader *reader, const struct log_target *target);

/*
 * The same for who must know what went before: the next record is that of the last checkpoint before the target, and records up to it are
 * to be followed. The checkpoint's content is borrowed until the reader is closed; empty where that is the beginning.
 */
enum err log_seek_checkpoint(struct log_reader *reader, const struct log_target *target, struct view *ret_checkpoint);

/* What is known of a recording without reading its records. */
struct log_summary {
	enum log_state state;
	uint64_t size; /* bytes on disk */
	bool written; /* by calls, since its file system cannot map the tail */
	uint64_t record_count; /* LOG_CLOSED; else 0 */
	uint64_t raw_size; /* of what blocks hold, before it was compressed; LOG_CLOSED; else 0 */
	uint8_t end_kind; /* enum record_kind of what ended it; 0: not known */
	uint64_t end_args[2]; /* as in its record */
	uint64_t end_time; /* ns, wall clock; 0: not known */
};
enum err log_summarize(int dir_fd, struct log_summary *ret_summary);
