/*
 * Gathers what a message is told with: words of its line, parts, attributes. All of it is copied, into memory that lives until the parts
 *are cleared, and bounded: what is too much is counted instead of kept. Failed memory is told of once, at the end.
 *
 *	parts_add(&d->parts, "Query", datum_word(statement));
 *	parts_word(&d->parts, datum_word(statement));
 *	parts_attribute(&d->parts, "db.query.text", datum_word(statement));
 *	if (!parts_tell(&d->parts, &message))
 *		no memory
 *	sink->message(..., &message);
 *	parts_clear(&d->parts);
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "trace/message.h"

/* All zero is empty and valid, and keeps no parts: `max` says how many bytes of them. */
struct parts {
	uint64_t max; /* bytes of the parts; those of words and attributes are not counted, but bounded by PARTS_TEXT_MAX each */
	uint64_t kept, more;
	struct arena arena;
	struct buf line, parts, attributes;
	bool lines; /* attributes are not kept: nobody looks at them */
	bool failed;
};

enum { PARTS_TEXT_MAX = 64 << 10 };

void parts_finish(struct parts *parts); /* NULL allowed */
void parts_clear(struct parts *parts);  /* empties it; `max` stays */

/* Names are literals. Datums are copied with all that they borrow. */
void parts_add(struct parts *parts, const char *name, struct datum value);
void parts_word(struct parts *parts, struct datum value);
void parts_attribute(struct parts *parts, const char *name, struct datum value);

/* Has the message show what was gathered, until it is cleared. False: there was no memory. */
bool parts_tell(const struct parts *parts, struct message *message);
