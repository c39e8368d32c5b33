/* What a server of PostgreSQL sends: rows, and what they are made of. */
#include "proto/postgresql_parts.h"
#include "proto/postgresql_types.h"

static struct datum all_items(struct decoder *d)
{
	return datum_array((struct datum *)d->items.data, (uint32_t)(d->items.size / sizeof(struct datum)));
}

static void add_item(struct decoder *d, struct datum value)
{
	buf_append(&d->items, &value, sizeof value);
}

static struct datum *new_pair(struct decoder *d, struct datum name, struct datum value)
{
	struct datum *pair = ARENA_ARRAY(&d->arena, struct datum, 2);
	if (pair) {
		pair[0] = name;
		pair[1] = value;
	} else {
		d->err = err_nomem();
	}
	return pair;
}

/* Of what is described, which may be run again, and of the rows that come now. */
void pg_columns(struct decoder *d, struct view payload, struct pg_object *object)
{
	struct pg_answer *a = &d->answer;
	struct reader r = { payload };
	uint32_t count = (uint32_t)read_big(&r, 2);
	buf_clear(&d->items);
	buf_clear(&a->columns);
	buf_clear(&a->formats);
	for (uint32_t i = 0; i < count; i++) {
		struct view name = read_text(&r);
		read_bytes(&r, 6); /* table, column */
		uint32_t oid = (uint32_t)read_big(&r, 4);
		read_bytes(&r, 6); /* size, modifier */
		uint16_t format = (uint16_t)read_big(&r, 2);
		if (r.failed)
			break;
		buf_append(&a->columns, &oid, sizeof oid);
		buf_append(&a->formats, &format, sizeof format);
		if (a->parts.max == 0)
			continue;
		struct datum *pair = new_pair(d, datum_string(name), postgresql_type(oid));
		if (pair)
			add_item(d, datum_array(pair, 2));
	}
	a->has_rows = true;
	a->columns_known = !object || object->portal;
	if (object) {
		buf_clear(&object->columns);
		buf_append(&object->columns, a->columns.data, a->columns.size);
		object->columns_known = !object->columns.failed;
	}
	if (object && object->portal) {
		buf_clear(&object->formats);
		buf_append(&object->formats, a->formats.data, a->formats.size);
	}
	parts_add(&a->parts, "RowDescription", all_items(d));
}

/* Of parameters. */
void pg_types(struct decoder *d, struct view payload, struct pg_object *object)
{
	struct reader r = { payload };
	uint32_t count = (uint32_t)read_big(&r, 2);
	buf_clear(&d->items);
	if (object)
		buf_clear(&object->types);
	for (uint32_t i = 0; i < count && r.rest.size >= 4; i++) {
		uint32_t oid = (uint32_t)read_big(&r, 4);
		if (object)
			buf_append(&object->types, &oid, sizeof oid);
		add_item(d, postgresql_type(oid));
	}
	parts_add(&d->answer.parts, "ParameterDescription", all_items(d));
}

struct layout {
	const uint32_t *types;
	const uint16_t *formats;
	size_t type_count, format_count;
};

/* Of the rows that come: what was said of them in this answer, else what is known of what is executed. */
static struct layout layout_of(const struct decoder *d)
{
	const struct pg_waited *first = pg_first(d);
	const struct buf *types = &d->answer.columns, *formats = &d->answer.formats;
	const struct pg_object *portal = first && first->command == PG_EXECUTE ? first->object : NULL;
	if (portal) {
		const struct pg_object *known = portal->columns_known ? portal : portal->statement;
		formats = &portal->formats;
		types = known ? &known->columns : types;
	}
	return (struct layout){ (const uint32_t *)types->data, (const uint16_t *)formats->data, types->size / sizeof(uint32_t),
		formats->size / sizeof(uint16_t) };
}

static bool is_binary(const struct layout *layout, uint32_t i)
{
	size_t at = layout->format_count == 1 ? 0 : i;
	return at < layout->format_count && layout->formats[at] == 1;
}

void pg_row(struct decoder *d, struct view payload, uint64_t size)
{
	struct pg_answer *a = &d->answer;
	a->rows++;
	a->has_rows = true;
	if (a->parts.more || a->parts.kept == a->parts.max) {
		a->parts.more += a->parts.max != 0;
		return;
	}
	struct reader r = { payload };
	uint32_t count = (uint32_t)read_big(&r, 2);
	struct layout layout = layout_of(d);
	bool cut = size > payload.size;
	buf_clear(&d->items);
	for (uint32_t i = 0; i < count && !r.failed; i++) {
		uint32_t length = (uint32_t)read_big(&r, 4), oid = i < layout.type_count ? layout.types[i] : 0;
		struct datum value = { .type = DATUM_NULL };
		if (r.failed)
			break;
		if (length != UINT32_MAX) {
			struct view bytes = read_bytes(&r, length);
			value = postgresql_value(&d->arena, oid, is_binary(&layout, i), bytes, length - bytes.size);
		}
		add_item(d, value);
	}
	struct datum row = all_items(d);
	row.more = cut && row.count < count ? count - row.count : 0;
	sql_fit_row(&a->parts, (struct datum *)d->items.data, row.count);
	parts_add(&a->parts, "DataRow", row);
}

static const char *field_name(uint8_t code)
{
	static const struct {
		uint8_t code;
		const char *name;
	} names[] = { { 'S', "severity" }, { 'V', "severityCode" }, { 'C', "code" }, { 'M', "message" }, { 'D', "detail" }, { 'H', "hint" },
		{ 'P', "position" }, { 'p', "internalPosition" }, { 'q', "internalQuery" }, { 'W', "where" }, { 's', "schema" },
		{ 't', "table" }, { 'c', "column" }, { 'd', "dataType" }, { 'n', "constraint" }, { 'F', "file" }, { 'L', "line" },
		{ 'R', "routine" } };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (names[i].code == code)
			return names[i].name;
	}
	return NULL;
}

/* Of an error or a notice: severity, SQLSTATE and message are what a line shows, as words or as one of its results. */
void pg_error(struct decoder *d, struct parts *parts, const char *name, struct view payload, bool alone)
{
	struct reader r = { payload };
	struct view severity = { 0 }, code = { 0 }, text = { 0 };
	buf_clear(&d->items);
	while (r.rest.size && r.rest.data[0]) {
		uint8_t field = (uint8_t)read_big(&r, 1);
		struct view value = read_text(&r);
		const char *known = field_name(field);
		if (field == 'V' || (field == 'S' && severity.size == 0))
			severity = value;
		else if (field == 'C')
			code = value;
		else if (field == 'M')
			text = value;
		add_item(d, known ? datum_keyword(known) : datum_keyword("?"));
		struct datum item = datum_string(value);
		item.flags = d->secret && strchr("MDWq", field) ? DATUM_SECRET : 0;
		add_item(d, item);
	}
	struct datum map = all_items(d), words[3] = { datum_word(severity), datum_word(code), datum_word(text) };
	map.type = DATUM_MAP;
	parts_add(parts, name, map);
	parts_attribute(parts, "db.response.status_code", datum_string(code));
	if (alone) {
		for (uint32_t i = 0; i < 3; i++)
			parts_word(parts, words[i]);
		return;
	}
	parts_attribute(parts, "error.type", datum_string(code));
	buf_clear(&d->scratch);
	for (uint32_t i = 0; i < (d->secret ? 2 : 3); i++) {
		buf_append(&d->scratch, " ", i != 0);
		buf_append(&d->scratch, words[i].text.data, words[i].text.size);
	}
	pg_tag(d, datum_word(buf_view(&d->scratch)));
}
