/*
 * A record: one thing that happened in an execution, as the recording keeps it. docs/log-format.md describes the bytes.
 *
 * Records are numbered from 0 in the order they began. A record borrows its bytes from whoever made it: a log_reader's until its next
 * read, an encoder's until the next call.
 */
#pragma once

#include "base/view.h"

enum record_kind {
	RECORD_CALL = 1, /* a call to the host */
	RECORD_GROW,     /* memory grew: args are the pages before and after */
	RECORD_SIGNAL,   /* the process was stopped from outside: args are the signal of the host and the position */
	RECORD_TRAP,     /* the guest trapped: args are the enum trap and the position; input 0 is the text of the stack */
	RECORD_EXIT,     /* the guest ended: args are the exit code and the position. The last record of a whole log */
	RECORD_FAILURE,  /* the host could not go on: input 0 is the text. Then the last record */
	RECORD_SNAPSHOT = 0x80, /* no record, but in place of an end: it was copied while its process ran */
};

enum { RECORD_MAX_ARGS = 12 };

struct record_span {
	uint32_t offset; /* in the guest's memory */
	uint32_t size;
	const uint8_t *data;
	bool iov; /* part of what an IOV_OUT was filled with */
};

struct record {
	uint64_t number;
	uint8_t kind; /* enum record_kind */
	bool finished; /* false: the call was under way when the recording ends */
	bool faulted;  /* a parameter named memory out of bounds: the host was not called, and there are no inputs */
	uint8_t end;   /* enum call_end */
	uint16_t call; /* enum call_number */
	uint32_t result;
	uint64_t start;    /* ns, wall clock */
	uint64_t duration; /* ns */
	uint64_t args[RECORD_MAX_ARGS];
	uint32_t arg_count;
	uint32_t input_count, span_count;
	const struct view *inputs; /* in the order of call_inputs: strings, arrays, arrays of iovecs and what each points at */
	const struct record_span *spans; /* in the order they were written */
	const struct view *notes; /* what the host says beside: of wasi/net.h */
	uint32_t note_count;
};
