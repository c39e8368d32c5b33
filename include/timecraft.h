/*
 * libtimecraft: reads what timecraft recorded.
 *
 *	timecraft_recording *recording;
 *	timecraft_record record;
 *	if (timecraft_open(NULL, "@last", &recording) != TIMECRAFT_OK)
 *		errx(1, "%s", timecraft_error());
 *	while (timecraft_next(recording, &record) == TIMECRAFT_OK)
 *		puts(timecraft_format(recording, &record, TIMECRAFT_TEXT));
 *	timecraft_close(recording);
 *
 * A recording is read while its process runs, after it was killed, or closed; nothing is changed, and nothing is run. One recording is for
 * one thread at a time. What comes from a file is not trusted: damage is told, and what can be read is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIMECRAFT_API __attribute__((visibility("default")))

typedef enum timecraft_status {
	TIMECRAFT_OK = 0,
	TIMECRAFT_END,       /* there is no more; of a process that runs: for now, ask again later */
	TIMECRAFT_DAMAGED,   /* bytes are not what was written: timecraft_error says where; the next call goes on behind it */
	TIMECRAFT_NOT_FOUND, /* no such process */
	TIMECRAFT_AMBIGUOUS, /* an identifier that several have */
	TIMECRAFT_USAGE,     /* an argument is wrong */
	TIMECRAFT_FAILED,    /* anything else: no memory, no access, a version that is not known, ... */
} timecraft_status;

/* What was wrong with the last call of this thread that did not return TIMECRAFT_OK or TIMECRAFT_END; until the next. */
TIMECRAFT_API const char *timecraft_error(void);

TIMECRAFT_API const char *timecraft_version(void);

typedef struct timecraft_recording timecraft_recording;

/*
 * Of a process: a UUID, any unique prefix or suffix of one, @last, or @N for the Nth newest. `registry` is the directory that it is in;
 * NULL: what the user's configuration says.
 */
TIMECRAFT_API timecraft_status timecraft_open(const char *registry, const char *process, timecraft_recording **ret_recording);
TIMECRAFT_API void timecraft_close(timecraft_recording *recording); /* NULL allowed */

typedef struct timecraft_process {
	char id[37];
	bool running, closed;    /* neither: it was killed, or its machine stopped */
	uint64_t start;          /* ns since 1970 */
	const char *module_name;
	uint64_t first;          /* number of the first record that was kept */
} timecraft_process;

/* Borrowed from the recording. */
TIMECRAFT_API timecraft_status timecraft_about(timecraft_recording *recording, timecraft_process *ret_process);

/* The next record is the first one that has this number or a higher one, or was begun at this time (ns since 1970) or later. */
TIMECRAFT_API timecraft_status timecraft_seek_record(timecraft_recording *recording, uint64_t number);
TIMECRAFT_API timecraft_status timecraft_seek_time(timecraft_recording *recording, uint64_t time);

typedef enum timecraft_kind {
	TIMECRAFT_CALL = 1, /* to the host */
	TIMECRAFT_GROW,     /* memory grew: arguments are the pages before and after */
	TIMECRAFT_SIGNAL,   /* stopped from outside: the host's signal, the position */
	TIMECRAFT_TRAP,     /* its number, the position; input 0 is the stack as text */
	TIMECRAFT_EXIT,     /* the exit code, the position */
	TIMECRAFT_FAILURE,  /* the host could not go on; input 0 says why */
} timecraft_kind;

typedef struct timecraft_bytes {
	const uint8_t *data; /* may be NULL where size is 0 */
	size_t size;
} timecraft_bytes;

/* What the host wrote into the guest's memory. */
typedef struct timecraft_span {
	uint32_t offset;
	timecraft_bytes bytes;
} timecraft_span;

/* docs/log-format.md and docs/system-calls.md say what arguments, inputs and spans of each call are. */
typedef struct timecraft_record {
	uint64_t number;
	timecraft_kind kind;
	const char *name;   /* of the call: "fd_read"; NULL if it is none, or of a later version */
	uint32_t call;      /* its number */
	bool finished;      /* false: the call was under way where the recording ends */
	bool faulted;       /* a parameter named memory out of bounds: the host was not called */
	uint32_t result;    /* errno, as WASI has them */
	uint64_t start;     /* ns since 1970 */
	uint64_t duration;  /* ns */
	const uint64_t *args;
	uint32_t arg_count, input_count, span_count;
	const timecraft_bytes *inputs; /* what the host read of the guest's memory, parameter by parameter */
	const timecraft_span *spans;   /* in the order they were written */
} timecraft_record;

/* Borrowed from the recording until the next call of timecraft_next, timecraft_seek_*, timecraft_close. */
TIMECRAFT_API timecraft_status timecraft_next(timecraft_recording *recording, timecraft_record *ret_record);

typedef enum timecraft_style {
	TIMECRAFT_TEXT, /* a line, as `timecraft trace syscall -y` has it, without its end */
	TIMECRAFT_JSON, /* an object, as -o json has it (docs/syscall-trace.schema.json) */
} timecraft_style;

/* The record that timecraft_next returned last, as text; borrowed until the next call. NULL: timecraft_error. */
TIMECRAFT_API const char *timecraft_format(timecraft_recording *recording, const timecraft_record *record, timecraft_style style);

typedef enum timecraft_event_type {
	TIMECRAFT_CONNECT,
	TIMECRAFT_ACCEPT,
	TIMECRAFT_SEND,
	TIMECRAFT_RECEIVE,  /* size 0 of a stream: its end */
	TIMECRAFT_SHUTDOWN,
	TIMECRAFT_RESOLVE,
	TIMECRAFT_LOST,     /* records are missing: what became of the connection is not known */
	TIMECRAFT_TLS,      /* a handshake that failed, or an end without a word */
	TIMECRAFT_GONE,     /* a socket of datagrams was closed */
} timecraft_event_type;

/* What happened on a socket. */
typedef struct timecraft_event {
	timecraft_event_type type;
	uint64_t record, time; /* the record that tells of it; ns since 1970 */
	uint64_t socket;       /* tells connections apart; not of RESOLVE */
	uint32_t fd;
	uint32_t error;        /* errno of WASI; 0: none */
	bool tls;              /* the host does TLS: the bytes are plain, the wire's are not */
	bool midway;           /* the socket was there before what was read of the recording */
	const char *local, *peer; /* "127.0.0.1:80"; "?" where it is not known */
	const char *name;      /* what the peer was found by, or was looked up; may be empty */
	uint64_t size;         /* bytes sent or received: the sum of data */
	uint32_t data_count;
	const timecraft_bytes *data;
} timecraft_event;

/* Calls `event` for each event of the record that timecraft_next returned last, in order; stops if it returns false. */
TIMECRAFT_API timecraft_status timecraft_events(timecraft_recording *recording, bool (*event)(void *data, const timecraft_event *event),
	void *data);

#ifdef __cplusplus
}
#endif
