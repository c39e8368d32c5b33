#include "proto/parts.h"

void parts_finish(struct parts *p)
{
	if (!p)
		return;
	arena_finish(&p->arena);
	buf_finish(&p->line);
	buf_finish(&p->parts);
	buf_finish(&p->attributes);
}

void parts_clear(struct parts *p)
{
	arena_clear(&p->arena);
	buf_clear(&p->line);
	buf_clear(&p->parts);
	buf_clear(&p->attributes);
	p->kept = p->more = 0;
	p->failed = false;
}

static bool own(struct parts *p, struct datum *value)
{
	struct datum_room room = { 0 };
	datum_measure(value, &room);
	if (room.items + room.text == 0)
		return true;
	uint8_t *items = arena_array(&p->arena, room.items + room.text, 1);
	uint8_t *text = items + room.items;
	if (!items)
		return false;
	datum_own(value, &items, &text);
	return true;
}

static void add(struct parts *p, struct buf *to, const char *name, struct datum value)
{
	if (!own(p, &value)) {
		p->failed = true;
		return;
	}
	if (to == &p->line)
		buf_append(to, &value, sizeof value);
	else
		buf_append(to, &(struct message_value){ name, value }, sizeof(struct message_value));
}

void parts_add(struct parts *p, const char *name, struct datum value)
{
	struct datum_room room = { 0 };
	uint64_t left = p->max - p->kept;
	if (p->more || left < sizeof value) {
		p->more++;
		return;
	}
	value = datum_first(value, left - sizeof value);
	datum_measure(&value, &room);
	if (sizeof value + room.items + room.text > left) {
		p->more++;
		return;
	}
	p->kept += sizeof value + room.items + room.text;
	add(p, &p->parts, name, value);
}

void parts_word(struct parts *p, struct datum value)
{
	add(p, &p->line, NULL, datum_first(value, PARTS_TEXT_MAX));
}

void parts_attribute(struct parts *p, const char *name, struct datum value)
{
	if (p->lines)
		return;
	add(p, &p->attributes, name, datum_first(value, PARTS_TEXT_MAX));
}

bool parts_tell(const struct parts *p, struct message *m)
{
	m->line = (const struct datum *)p->line.data;
	m->line_count = (uint32_t)(p->line.size / sizeof *m->line);
	m->parts = (const struct message_value *)p->parts.data;
	m->part_count = (uint32_t)(p->parts.size / sizeof *m->parts);
	m->part_more = p->more;
	m->attributes = (const struct message_value *)p->attributes.data;
	m->attribute_count = (uint32_t)(p->attributes.size / sizeof *m->attributes);
	return !(p->failed || p->line.failed || p->parts.failed || p->attributes.failed);
}
