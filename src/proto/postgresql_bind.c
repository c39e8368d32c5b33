/* The extended query protocol: statements are parsed, bound to parameters, described, executed. */
#include "proto/postgresql_parts.h"
#include "proto/postgresql_types.h"

enum { PARAMETERS_SHOWN = 256 }; /* of which a line knows */

static struct datum *item(struct decoder *d, size_t i)
{
	return (struct datum *)d->items.data + i;
}

static struct datum add_array(struct decoder *d, size_t first)
{
	size_t count = d->items.size / sizeof(struct datum) - first;
	return datum_array(count ? item(d, first) : NULL, (uint32_t)count);
}

/* What a unit begins with is what its line says if it executes nothing; to parse counts for more. */
static void remember(struct decoder *d, const char *what, struct pg_object *object, bool more)
{
	struct pg_unit *u = &d->unit;
	if (u->what && !more)
		return;
	pg_object_drop(d, u->object);
	u->what = what;
	u->object = pg_object_share(object);
}

/* In memory that all connections share; of what finds none left, nothing is kept. */
static void keep(struct decoder *d, struct buf *to, struct view bytes)
{
	if (bytes.size > d->options.memory->left)
		return;
	buf_append(to, bytes.data, bytes.size);
	if (!to->failed)
		d->options.memory->left -= bytes.size;
}

static void parse(struct decoder *d, struct view payload, uint64_t size)
{
	struct reader r = { payload };
	struct view name = read_text(&r), text = read_text(&r);
	bool cut = r.failed;
	uint32_t count = (uint32_t)read_big(&r, 2);
	struct pg_object *o = pg_object_create(d, false, name);
	if (!o)
		return;
	o->text_more = cut && size > payload.size ? size - payload.size - 1 : 0;
	struct view kept = view_slice(text, 0, SQL_KEPT_MAX);
	o->secrets = sql_secret_parameters(kept, SQL_POSTGRESQL);
	keep(d, &o->text, kept);
	buf_clear(&d->scratch);
	sql_shape(kept, SQL_POSTGRESQL, &d->scratch);
	keep(d, &o->shape, buf_view(&d->scratch));
	buf_clear(&d->items);
	struct datum pairs[6] = { datum_keyword("statement"), datum_string(name), datum_keyword("query"),
		sql_statement(text, o->text_more, SQL_POSTGRESQL), datum_keyword("types") };
	o->text_more += text.size - o->text.size;
	for (uint32_t i = 0; i < count && r.rest.size >= 4; i++) {
		uint32_t oid = (uint32_t)read_big(&r, 4);
		struct datum type = postgresql_type(oid);
		buf_append(&o->types, &oid, sizeof oid);
		buf_append(&d->items, &type, sizeof type);
	}
	pairs[5] = add_array(d, 0);
	struct datum map = datum_array(pairs, pairs[5].count ? 6 : 4);
	map.type = DATUM_MAP;
	parts_add(&d->unit.parts, "Parse", map);
	remember(d, "Parse", o, true);
	d->secret = pairs[3].flags & DATUM_SECRET;
	pg_wait(d, PG_PARSE, NULL);
	d->secret = false;
	pg_object_drop(d, o);
}

/* One code for all, one each, or none: all are text. */
static bool is_binary(struct view formats, uint32_t count, uint32_t i)
{
	size_t at = count == 1 ? 0 : 2 * (size_t)i;
	return at + 1 < formats.size && formats.data[at + 1] == 1;
}

static void take_parameters(struct decoder *d, struct reader *r, const struct pg_object *statement)
{
	uint32_t codes = (uint32_t)read_big(r, 2);
	struct view formats = read_bytes(r, 2 * (uint64_t)codes);
	uint32_t count = (uint32_t)read_big(r, 2);
	const uint32_t *types = statement ? (const uint32_t *)statement->types.data : NULL;
	size_t known = statement ? statement->types.size / sizeof *types : 0;
	for (uint32_t i = 0; i < count && !r->failed; i++) {
		uint32_t size = (uint32_t)read_big(r, 4);
		struct datum value = { .type = DATUM_NULL };
		if (r->failed)
			return;
		if (size != UINT32_MAX) {
			struct view bytes = read_bytes(r, size);
			value = postgresql_value(&d->arena, i < known ? types[i] : 0, is_binary(formats, codes, i), bytes,
				size - bytes.size);
		}
		if (statement && i < 64 && statement->secrets >> i & 1)
			value.flags |= DATUM_SECRET;
		buf_append(&d->items, &value, sizeof value);
	}
}

static void cut_texts(struct datum *values, uint32_t count, uint64_t left)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!datum_has_text(&values[i]))
			continue;
		uint64_t over = values[i].text.size > left ? values[i].text.size - left : 0;
		values[i].text.size -= over;
		values[i].more += over;
		left -= values[i].text.size;
	}
}

/* The parameters as far as a line shows them belong to the portal, which may be executed more than once. */
static void keep_parameters(struct decoder *d, struct pg_object *portal, struct datum all)
{
	struct datum_room room = { 0 };
	buf_clear(&d->scratch);
	buf_append(&d->scratch, all.items, all.count * sizeof *all.items);
	struct datum some = datum_array((struct datum *)d->scratch.data, all.count);
	if (d->scratch.failed || all.count == 0)
		return;
	some.count = all.count < PARAMETERS_SHOWN ? all.count : PARAMETERS_SHOWN;
	some.more = all.count - some.count;
	cut_texts((struct datum *)d->scratch.data, some.count, SQL_KEPT_MAX);
	datum_measure(&some, &room);
	if (room.items + room.text > d->options.memory->left || !buf_reserve(&portal->values, room.items + room.text))
		return;
	uint8_t *items = portal->values.data, *text = items + room.items;
	portal->values.size = room.items + room.text;
	d->options.memory->left -= portal->values.size;
	datum_own(&some, &items, &text);
	portal->parameters = some;
}

static void bind(struct decoder *d, struct view payload)
{
	struct reader r = { payload };
	struct view name = read_text(&r), of = read_text(&r);
	struct pg_object *statement = pg_object_share(pg_object_find(d, false, of));
	struct pg_object *portal = pg_object_create(d, true, name);
	if (!portal) {
		pg_object_drop(d, statement);
		return;
	}
	portal->statement = statement;
	buf_clear(&d->items);
	take_parameters(d, &r, statement);
	uint32_t codes = (uint32_t)read_big(&r, 2);
	for (uint32_t i = 0; i < codes && r.rest.size >= 2; i++) {
		uint16_t format = (uint16_t)read_big(&r, 2);
		buf_append(&portal->formats, &format, sizeof format);
	}
	struct datum pairs[6] = { datum_keyword("portal"), datum_string(name), datum_keyword("statement"), datum_string(of),
		datum_keyword("parameters"), add_array(d, 0) };
	keep_parameters(d, portal, pairs[5]);
	sql_fit_row(&d->unit.parts, (struct datum *)d->items.data, pairs[5].count);
	struct datum map = datum_array(pairs, pairs[5].count ? 6 : 4);
	map.type = DATUM_MAP;
	parts_add(&d->unit.parts, "Bind", map);
	remember(d, "Bind", portal, false);
	pg_wait(d, PG_BIND, NULL);
	pg_object_drop(d, portal);
}

/* Describe and Close are of a statement or a portal. */
static void about(struct decoder *d, const char *what, enum pg_command command, struct view payload)
{
	struct reader r = { payload };
	bool portal = read_big(&r, 1) == 'P';
	struct view name = read_text(&r);
	struct datum pair[2] = { datum_keyword(portal ? "portal" : "statement"), datum_string(name) };
	struct datum map = datum_array(pair, 2);
	struct pg_object *object = pg_object_find(d, portal, name);
	map.type = DATUM_MAP;
	parts_add(&d->unit.parts, what, map);
	remember(d, what, object, false);
	pg_wait(d, command, object);
	if (command == PG_CLOSE)
		pg_object_forget(d, portal, name);
}

static void tell_execution(struct decoder *d, const struct pg_object *portal, struct view name)
{
	struct pg_unit *u = &d->unit;
	const struct pg_object *statement = portal ? portal->statement : NULL;
	if (statement) {
		sql_tell_statement(&u->parts, buf_view(&statement->text), statement->text_more, SQL_POSTGRESQL);
		buf_append(&u->shape, statement->shape.data, statement->shape.size);
	} else {
		parts_word(&u->parts, datum_keyword("Execute"));
		parts_word(&u->parts, datum_string(name));
		buf_append_text(&u->shape, "Execute");
	}
	if (portal && portal->parameters.count) {
		parts_word(&u->parts, portal->parameters);
		parts_attribute(&u->parts, "db.query.parameter", portal->parameters);
	}
}

static void execute(struct decoder *d, struct view payload)
{
	struct reader r = { payload };
	struct view name = read_text(&r);
	struct datum pairs[4] = { datum_keyword("portal"), datum_string(name), datum_keyword("rows"), datum_uint(read_big(&r, 4)) };
	struct datum map = datum_array(pairs, pairs[3].uint ? 4 : 2);
	struct pg_object *portal = pg_object_find(d, true, name);
	map.type = DATUM_MAP;
	parts_add(&d->unit.parts, "Execute", map);
	tell_execution(d, portal, name);
	d->unit.executed = true;
	d->unit.words++;
	pg_wait(d, PG_EXECUTE, portal);
}

void pg_extended(struct decoder *d, uint8_t type, struct view payload, uint64_t size)
{
	switch (type) {
	case 'P': parse(d, payload, size); break;
	case 'B': bind(d, payload); break;
	case 'D': about(d, "Describe", PG_DESCRIBE, payload); break;
	case 'C': about(d, "Close", PG_CLOSE, payload); break;
	default: execute(d, payload); break;
	}
}
