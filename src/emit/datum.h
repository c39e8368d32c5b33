/*
 * Typed values of protocols as text and as objects.
 *
 * As a word of a line: a string is bare if it is only [A-Za-z0-9_.:/@-], else between quotes with the escapes of C, so that nothing in it
 * can end the line; what is longer than asked for ends in ...(N bytes). Arrays and maps are as JSON has them, where bytes that are not
 * UTF-8 have the escapes of C too.
 */
#pragma once

#include "emit/emitter.h"
#include "trace/datum.h"

enum { DATUM_LINE_MAX = 256 }; /* bytes of a string, items of an array, that a line shows */

struct datum_style {
	bool secrets; /* show them */
	uint32_t max; /* bytes of a string, items of an array; 0: all that there are */
	bool (*hides)(const void *who, struct view name); /* the values of these names in maps; NULL: none */
	bool (*hides_value)(const void *who, const struct datum *value); /* these; NULL: none */
	const void *who;
};

void datum_print(struct buf *out, const struct datum *datum, const struct datum_style *style);

/*
 * A secret is null here, as there is no word that no value could be. What was not kept whole is an object that has its size: of text what
 * emit_bytes shows, of others {"count": .., "items": ..}. A map is an object if its names are distinct, else an array of pairs.
 */
void datum_emit(struct emitter *emitter, const struct datum *datum, const struct datum_style *style);
