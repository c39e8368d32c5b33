/*
 * The file `processes/.index`: briefs of processes that have ended, in the order of their identifiers, each with a checksum and with the
 * mark of the files that it was made of. Only an entry whose mark is still that of the files counts. Where an entry is not what was written
 * the index ends: what it lacks is read from the processes themselves.
 */
#pragma once

#include "registry/brief.h"

/* Which files a process has. */
struct shape {
	uint64_t first_segment;
	uint32_t segments;
	uint32_t tail; /* 0 or 1 */
};

/* Says whether files are still those that were read: of their inodes, sizes and times of change. */
struct mark {
	uint64_t words[2];
};

/* False where there are files that a mark does not cover. */
bool shape_take(int process, struct shape *ret_shape);

/*
 * The mark of a process in the directory of processes. False if a file is not there, or if one was changed so shortly before `now` (ns
 * since 1970) that another change might leave the same time.
 */
bool mark_take(int processes, const struct uuid *id, const struct shape *shape, uint64_t now, struct mark *ret_mark);

struct index_entry;

/* What is left to read. */
struct index {
	struct view rest;
	const struct index_entry *entry; /* the first of it; NULL: there is none */
	size_t passed;                   /* entries that nobody asked for, until index_passed */
};

/* A file of more than what `count` processes may need is passed over, and one that can't be read: it is empty then. Fills `bytes`, from
 * which the index borrows. */
void index_open(int processes, size_t count, struct buf *bytes, struct index *ret_index);

/* The entry of a process: to be asked for in the order of identifiers. NULL: there is none. */
const struct index_entry *index_find(struct index *index, const struct uuid *id);

/* Afterwards: of how many processes it has an entry that nobody asked for. */
size_t index_passed(struct index *index);

/* Whether the files are still those that it was made of. If so, they have this shape and mark, and this is their brief, which borrows. */
bool index_entry_read(const struct index_entry *entry, int processes, uint64_t now, struct shape *ret_shape, struct mark *ret_mark,
	struct brief *ret_brief);

/* Appends an entry. */
void index_put(struct buf *out, const struct brief *brief, const struct shape *shape, const struct mark *mark);

/* In place of the old one. */
enum err index_write(int processes, struct view entries);
