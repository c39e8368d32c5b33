#include "trace/datum.h"

#include <string.h>

struct datum datum_first(struct datum d, uint64_t max)
{
	if (!datum_has_text(&d) || d.text.size <= max)
		return d;
	size_t all = d.text.size, size = max;
	for (int i = 0; i < 3 && size && (d.text.data[size] & 0xc0) == 0x80; i++)
		size--;
	d.text.size = size;
	d.more += all - size;
	return d;
}

void datum_measure(const struct datum *datum, struct datum_room *room)
{
	if (datum_has_text(datum))
		room->text += datum->text.size;
	if (!datum_has_items(datum))
		return;
	room->items += datum->count * sizeof *datum;
	for (uint32_t i = 0; i < datum->count; i++)
		datum_measure(&datum->items[i], room);
}

void datum_own(struct datum *datum, uint8_t **items, uint8_t **text)
{
	if (datum_has_text(datum)) {
		uint8_t *copy = *text;
		if (datum->text.size)
			memcpy(copy, datum->text.data, datum->text.size);
		*text += datum->text.size;
		datum->text.data = copy;
	}
	if (!datum_has_items(datum))
		return;
	struct datum *own = (struct datum *)*items;
	if (datum->count)
		memcpy(own, datum->items, datum->count * sizeof *own);
	*items += datum->count * sizeof *own;
	datum->items = own;
	for (uint32_t i = 0; i < datum->count; i++)
		datum_own(&own[i], items, text);
}
