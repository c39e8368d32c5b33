/* Identifiers of processes: UUIDs of version 7 (RFC 9562), whose order is that of time. */
#pragma once

#include "base/err.h"
#include "base/view.h"

struct uuid {
	uint8_t bytes[16];
};

enum { UUID_LENGTH = 36, UUID_TEXT = UUID_LENGTH + 1 };

/* For a process that starts at `wall` (ns since 1970). ERR_IO where the system has no random numbers. */
enum err uuid_create(uint64_t wall, struct uuid *ret_uuid);

void uuid_print(const struct uuid *uuid, char text[UUID_TEXT]);

/* The form 01234567-89ab-7cde-8f01-23456789abcd, in either case. */
bool uuid_parse(struct view text, struct uuid *ret_uuid);

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
