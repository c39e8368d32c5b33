/*
 * A layer that watches: it makes the record of every call that passes, as a recorder would, and shows it to whoever asked. What the
 * layers below do is not changed, and what they write still reaches the output that was there.
 */
#pragma once

#include "log/record.h"
#include "wasi/call.h"

struct observer_hooks {
	/* A call is about to be made: its record is not finished yet. May be NULL. */
	void (*before)(void *data, const struct record *record);
	/* Something happened: a call is over, or one of observer_note's. */
	void (*record)(void *data, const struct record *record);
	/*
	 * Replaces number and times of a record that is complete otherwise; a replay knows those of the recording. NULL: records are
	 * counted from 0 and have the times of now.
	 */
	void (*stamp)(void *data, struct record *record);
	void *data;
};

struct observer;

/* `next` is the layer below. Both are borrowed. */
enum err observer_create(const struct observer_hooks *hooks, struct layer *next, struct observer **ret_observer);
void observer_destroy(struct observer *observer); /* NULL allowed */

struct layer *observer_layer(struct observer *observer);

/*
 * Shows a record that is not of a call: what happened (RECORD_GROW, ...), its numbers, and its text or an empty view. It gets the next
 * number and the time of now.
 */
void observer_note(struct observer *observer, enum record_kind kind, const uint64_t *args, uint32_t arg_count, struct view text);
