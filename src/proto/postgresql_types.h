/* Values of PostgreSQL, by the type that the server has said they are of. */
#pragma once

#include "base/arena.h"
#include "trace/datum.h"

/* int4 by its name, one that is not known by its number. */
struct datum postgresql_type(uint32_t oid);

/* As text it is a string. In binary it is what its type says, or the bytes as they are. Borrows from the bytes and the arena. */
struct datum postgresql_value(struct arena *arena, uint32_t oid, bool binary, struct view bytes, uint64_t more);
