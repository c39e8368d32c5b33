/* Values of MySQL in binary, by their types. */
#pragma once

#include "base/arena.h"
#include "proto/reader.h"
#include "trace/datum.h"

enum { MYSQL_UNSIGNED = 0x8000, MYSQL_NULL = 6 }; /* with the number of a type; the type that has no value */

const char *mysql_type(uint32_t type);

/* A number of 1, 3, 4 or 9 bytes. False: it is NULL, or more than there is. */
bool mysql_read_size(struct reader *reader, uint64_t *ret_size);

/* Bytes with their number before them; `all` is that number, of which some may be missing. False: NULL. */
bool mysql_read_text(struct reader *reader, struct view *ret_text, uint64_t *ret_all);

/* Texts that have to be made are in the arena. What is cut short ends in the reader's failure. */
struct datum mysql_read_value(struct reader *reader, struct arena *arena, uint32_t type);
