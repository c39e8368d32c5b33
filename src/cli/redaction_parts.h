/* What looking for secrets and copying without them share. */
#pragma once

#include "base/arena.h"
#include "cli/redaction.h"
#include "cli/secrets.h"

enum { IN, OUT };
#define STREAMS_MAX ((uint64_t)1 << 30)

/* What passed over a descriptor, one way, until it was closed. */
struct stream {
	uint32_t fd;
	uint8_t way;
	bool closed;
	struct stream *other; /* the way back; NULL: nothing went there */
	struct buf bytes;
	uint8_t *marks;
	size_t at;            /* what of it was copied */
};

struct redaction {
	struct log_change change;
	const struct redaction_rules *rules;
	struct secrets secrets;
	struct stream **streams;
	size_t count, capacity, next; /* next: of those that the copy has met */
	uint64_t size;
	size_t opaque;
	struct arena kept;            /* of the manifest */
	struct arena arena;           /* of the record that is copied */
	struct buf bytes;             /* of the record that is copied */
	struct view *inputs, *notes;
	struct record_span *spans;
};

/* The one that is open, of the first `count`. */
struct stream *redaction_stream(struct redaction *r, size_t count, uint32_t fd, int way);

/* What a call does to the first `count` streams. */
void redaction_follow(struct redaction *r, size_t count, const struct record *record);

/* Which way a call's buffers go; -1: it has none. */
int redaction_way(const struct record *record);

/* How many inputs, from the first on, are a call's buffers, and how many of their bytes were written. */
uint32_t redaction_buffers(const struct record *record);
uint32_t redaction_written(const struct record *record);

/* What is only looked at comes again. */
bool redaction_peeks(const struct record *record);

/* redaction_copy.c: for log_copy. */
enum err redaction_record(struct log_change *change, struct record *record);
