/*
 * Values of RESP2 and RESP3, the serialization of Redis, read from bytes as they come. A reader owns the value that it has read last, whole
 * or as far as it came, until the next one is begun. What of a value is too much to keep is counted, and read over.
 */
#pragma once

#include "base/buf.h"
#include "trace/message.h"

enum { RESP_FORMAT_SIZE = 3 };

enum resp_result {
	RESP_MORE,  /* all was taken */
	RESP_VALUE, /* one is whole; what was not taken comes behind it */
	RESP_BAD,   /* what follows is none; `why`, `bad_at` and the first bytes, `line` */
	RESP_NO_MEMORY,
};

struct resp {
	bool commands;                /* arrays of strings, or lines of words, as clients send them */
	uint64_t max, string_max;     /* bytes of a value and of one string that are kept */
	uint32_t items_max;           /* of one array */
	struct message_memory *memory; /* that long values are taken from */

	uint8_t type;                 /* of the value: the first byte, or 0: a line of words */
	struct datum value;           /* RESP_VALUE, or after resp_cut */
	char format[RESP_FORMAT_SIZE]; /* of a verbatim string */
	struct buf attributes;        /* struct datum: what was said of the value, or of a part of it */
	uint32_t errors;              /* errors among its items */
	uint64_t size;                /* bytes of it so far */
	const char *why;
	uint64_t bad_at;              /* from the value's start */
	struct buf line;

	struct {
		bool begun, chunked, kept, ends;
		uint8_t type;
		uint64_t left;  /* bytes of the string, or of its chunk, to come */
		uint64_t bytes; /* of the string so far */
		size_t at;      /* in the text */
	} string;
	bool whole;
	uint64_t line_size, line_lost; /* bytes of the line under way; of them, without its end, those that were not kept */
	uint8_t line_last;
	struct view raw;             /* the line, as far as it is kept */
	struct buf frames, values;   /* arrays under way; their items so far */
	struct buf items, text;      /* of arrays that are whole; of strings */
	uint64_t kept, taken;
};

void resp_finish(struct resp *resp);

/* Before the next value. */
void resp_clear(struct resp *resp);

enum resp_result resp_feed(struct resp *resp, struct view bytes, size_t *ret_used);

/* Takes what came of a value for all of it. False: nothing did. `ret_left`: bytes that its string lacks. */
bool resp_cut(struct resp *resp, uint64_t *ret_left);
