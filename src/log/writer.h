/*
 * Writing a recording. One thread, the guest's, appends; a second one, started when there is enough to do, compresses.
 *
 * Nothing that was appended is lost when the process is killed, and a reader sees it at once. When the recording cannot go on (a full disk,
 * ...) the writer fails for good: log_begin says no, and what was recorded stays whole.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "log/record.h"

struct log_writer;

/*
 * Who keeps account of what a reader must know that begins in the middle. Told, by the second thread, of the records of those calls that it
 * wants, and of those with notes; asked now and then for what it makes of them.
 */
struct log_follower {
	/* By number of call, which may be past the end: whether its records are wanted where the call succeeded; FOLLOW_EMPTY: only those
	 * for which the host wrote next to nothing, as a read's at the end of its file. */
	const uint8_t *wanted;
	uint32_t wanted_count;
	void (*record)(struct log_follower *follower, const struct record *record);
	void (*checkpoint)(struct log_follower *follower, struct buf *to); /* of all records that it was told of */
};

enum { FOLLOW_ALL = 1, FOLLOW_EMPTY = 2 };

enum log_sync {
	LOG_SYNC_NONE,     /* a crash of the machine may lose what its kernel has not written, about half a minute as a rule */
	LOG_SYNC_INTERVAL, /* it may lose the last second */
	LOG_SYNC_ALWAYS,   /* no call acts before it is on the disk */
};

/* Of a log whose records are those of another one, with their times and numbers: log_put. It ends as those do, maybe within a call. */
struct log_copied {
	uint64_t first_number;
	uint64_t first_time; /* ns, wall clock; not 0. No record began before */
	bool snapshot;       /* of a process that runs: it was not killed where that ends */
};

struct log_options {
	const struct log_copied *copied; /* NULL: records are of now. Not kept */
	struct log_follower *follower; /* NULL: no checkpoints */
	enum log_sync sync;
	uint64_t segment_size;         /* bytes after which another segment is begun; 0: the default */
	uint64_t keep_size;            /* bytes of segments that are kept, the newest; 0: all */
	uint64_t end_duration; /* ns that closing may take at least to compress what was left; else a tenth of a run of some seconds */
	uint64_t keep_duration; /* ns: segments are kept whose records are not all older; 0: all */
};

/* In the process's directory `dir_fd`, which is not kept. NULL options: the default. */
enum err log_writer_create(int dir_fd, const struct log_options *options, struct log_writer **ret_writer);

/*
 * A record of a call: log_begin, log_input for each input, log_commit; the host acts; log_span for each span it wrote and log_note for each
 * note; log_end.
 * False from log_begin or log_commit: the record cannot be written, and the host must not act; log_failure says why.
 */
bool log_begin(struct log_writer *writer, uint16_t call, const uint64_t *args, uint32_t arg_count, bool faulted);
void log_input(struct log_writer *writer, const void *data, uint64_t size);
bool log_commit(struct log_writer *writer, uint64_t output_bound, uint32_t span_bound);
void log_span(struct log_writer *writer, uint32_t offset, const void *data, uint64_t size, bool iov);
void log_note(struct log_writer *writer, struct view note); /* of two bytes or more */
void log_end(struct log_writer *writer, uint32_t result, uint8_t end);

/* A record that is no call, with its arguments and a text (empty: none). */
bool log_event(struct log_writer *writer, enum record_kind kind, const uint64_t *args, uint32_t arg_count, struct view text);

/* Appends a record as a reader has it, to a log that is `copied`. One that is not finished is the last. */
bool log_put(struct log_writer *writer, const struct record *record);

/* Sets the text of why the writer failed and returns its code; 0 while it has not. */
enum err log_failure(struct log_writer *writer);

/* Closes the recording: everything is in the segment, the tail is gone. Frees the writer. An error says what of it could not be done; the
 * tail then stays, and nothing is lost. */
enum err log_writer_close(struct log_writer *writer);
