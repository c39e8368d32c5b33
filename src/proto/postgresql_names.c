/* Statements and portals by their names. */
#include <stdlib.h>

#include "proto/postgresql_parts.h"

static struct pg_object **place_of(struct decoder *d, bool portal, struct view name)
{
	uint32_t hash = portal;
	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ name.data[i]) * 16777619u;
	struct pg_object **at = &d->objects[(hash >> 8 ^ hash) % PG_BUCKETS];
	while (*at && !((*at)->portal == portal && view_equal(buf_view(&(*at)->name), name)))
		at = &(*at)->next;
	return at;
}

struct pg_object *pg_object_find(struct decoder *d, bool portal, struct view name)
{
	return *place_of(d, portal, name);
}

struct pg_object *pg_object_share(struct pg_object *object)
{
	if (object)
		object->references++;
	return object;
}

static uint64_t size_of(const struct pg_object *o)
{
	return o->text.size + o->shape.size + o->values.size;
}

void pg_object_drop(struct decoder *d, struct pg_object *o)
{
	if (!o || --o->references)
		return;
	d->options.memory->left += size_of(o);
	pg_object_drop(d, o->statement);
	buf_finish(&o->name);
	buf_finish(&o->text);
	buf_finish(&o->shape);
	buf_finish(&o->types);
	buf_finish(&o->columns);
	buf_finish(&o->formats);
	buf_finish(&o->values);
	free(o);
}

static void take_out(struct decoder *d, struct pg_object **place)
{
	struct pg_object *object = *place;
	*place = object->next;
	d->object_count--;
	pg_object_drop(d, object);
}

void pg_object_forget(struct decoder *d, bool portal, struct view name)
{
	struct pg_object **place = place_of(d, portal, name);
	if (*place)
		take_out(d, place);
}

struct pg_object *pg_object_create(struct decoder *d, bool portal, struct view name)
{
	struct pg_object *o = calloc(1, sizeof *o);
	if (!o) {
		d->err = err_nomem();
		return NULL;
	}
	o->references = 1;
	o->portal = portal;
	buf_append(&o->name, name.data, name.size);
	pg_object_forget(d, portal, name);
	if (d->object_count >= PG_OBJECTS_MAX || o->name.failed)
		return o;
	struct pg_object **place = place_of(d, portal, name);
	*place = pg_object_share(o);
	d->object_count++;
	return o;
}

void pg_objects_finish(struct decoder *d)
{
	for (uint32_t i = 0; i < PG_BUCKETS; i++) {
		while (d->objects[i])
			take_out(d, &d->objects[i]);
	}
}
