/* The segments of a recording: files of its process's directory, named by their numbers. */
#pragma once

#include "base/buf.h"

enum { SEGMENT_NAME = sizeof "00000000.log" + 2 };

/* In `name`, which is returned. */
const char *segment_name(uint32_t number, char name[SEGMENT_NAME]);

/* The lowest and the highest number that there is; false: there is none. One that is a million above the lowest does not count. */
bool segments_find(int dir_fd, uint32_t *ret_first, uint32_t *ret_last);

struct block_header;

/* Adds a block at this offset of a segment to its index, if it is of a kind that has an entry there. */
void index_add(struct buf *index, const struct block_header *header, uint64_t offset);

/* All of it, at this offset; false: errno. */
bool write_all(int fd, const void *data, size_t size, uint64_t offset);
