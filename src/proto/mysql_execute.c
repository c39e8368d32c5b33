/* Prepared statements of MySQL are executed with parameters. */
#include "proto/mysql_parts.h"

enum { PARAMETERS_SHOWN = 256 }; /* of which a line knows */

static const struct my_long *long_of(const struct my_statement *s, uint32_t parameter)
{
	const struct my_long *all = (const struct my_long *)s->longs.data;
	for (size_t i = 0; i < s->longs.size / sizeof *all; i++) {
		if (all[i].parameter == parameter)
			return &all[i];
	}
	return NULL;
}

void my_long_data(struct decoder *d, struct view payload, uint64_t size)
{
	struct my_unit *u = &d->unit;
	struct reader r = { payload };
	uint32_t id = (uint32_t)read_little(&r, 4), parameter = (uint32_t)read_little(&r, 2);
	struct my_statement *s = my_statement_find(d, id);
	struct datum values[3] = { datum_uint(id), datum_uint(parameter), datum_string(r.rest) };
	uint64_t all = size > 6 ? size - 6 : 0;
	values[2].more = all - r.rest.size;
	values[2].flags = s && parameter < 64 && s->secrets >> parameter & 1 ? DATUM_SECRET : 0;
	parts_word(&u->parts, datum_keyword("COM_STMT_SEND_LONG_DATA"));
	for (uint32_t i = 0; i < 3; i++)
		parts_word(&u->parts, values[i]);
	sql_fit_row(&u->parts, values, 3);
	parts_add(&u->parts, "COM_STMT_SEND_LONG_DATA", datum_array(values, 3));
	buf_append_text(&u->shape, "COM_STMT_SEND_LONG_DATA");
	u->alone = true;
	my_end_unit(d, (struct view){ 0 });
	if (!s)
		return;
	struct my_long *data = (struct my_long *)long_of(s, parameter);
	if (!data && s->longs.size < PARAMETERS_SHOWN * sizeof *data) {
		buf_append(&s->longs, &(struct my_long){ .parameter = parameter }, sizeof *data);
		data = (struct my_long *)long_of(s, parameter);
	}
	if (!data)
		return;
	struct view kept = view_slice(r.rest, 0,
		SQL_KEPT_MAX > data->bytes.size && data->bytes.size == data->all ? SQL_KEPT_MAX - data->bytes.size : 0);
	data->all += all;
	if (kept.size > d->options.memory->left)
		return;
	buf_append(&data->bytes, kept.data, kept.size);
	d->options.memory->left -= data->bytes.failed ? 0 : kept.size;
}

/* As many as there are bytes for. Types are those that were sent last. */
static void read_values(struct decoder *d, struct reader *r, const struct my_statement *s, struct view nulls, uint32_t count,
	const struct buf *types)
{
	const uint16_t *all = (const uint16_t *)types->data;
	for (uint32_t i = 0; i < count && i < types->size / sizeof *all && !r->failed; i++) {
		const struct my_long *data = s ? long_of(s, i) : NULL;
		struct datum value = { .type = DATUM_NULL };
		if (data) {
			value = datum_string(buf_view(&data->bytes));
			value.more = data->all - data->bytes.size;
		} else if (i / 8 < nulls.size && !(nulls.data[i / 8] >> i % 8 & 1)) {
			value = mysql_read_value(r, &d->arena, all[i]);
		}
		if (s && i < 64 && s->secrets >> i & 1)
			value.flags |= DATUM_SECRET;
		if (!r->failed || value.more)
			buf_append(&d->items, &value, sizeof value);
	}
}

static void read_types(struct reader *r, uint32_t count, bool named, struct buf *types)
{
	buf_clear(types);
	for (uint32_t i = 0; i < count && !r->failed; i++) {
		uint16_t type = (uint16_t)read_little(r, 2);
		struct view name;
		uint64_t size;
		if (named && !mysql_read_text(r, &name, &size))
			return;
		if (!r->failed)
			buf_append(types, &type, sizeof type);
	}
}

/* Attributes of a query stand before its text. They are no parameters. */
struct view my_query_attributes(struct decoder *d, struct view payload)
{
	struct reader r = { payload };
	uint64_t count, sets;
	if (!mysql_read_size(&r, &count) || !mysql_read_size(&r, &sets) || count > payload.size)
		return payload;
	if (count) {
		struct view nulls = read_bytes(&r, (count + 7) / 8);
		BUF_CLEANUP struct buf types = { 0 };
		read_bytes(&r, 1);
		read_types(&r, (uint32_t)count, true, &types);
		buf_clear(&d->items);
		read_values(d, &r, NULL, nulls, (uint32_t)count, &types);
		struct datum all = datum_array((struct datum *)d->items.data, (uint32_t)(d->items.size / sizeof(struct datum)));
		parts_add(&d->unit.parts, "attributes", all);
	}
	return r.rest;
}

static void take_parameters(struct decoder *d, struct reader *r, struct my_statement *s, bool counted)
{
	uint64_t count = s->parameters;
	bool attributes = d->can & CAP_QUERY_ATTRIBUTES;
	if (attributes && counted && !mysql_read_size(r, &count))
		return;
	if (count == 0 || count > UINT16_MAX)
		return;
	struct view nulls = read_bytes(r, (count + 7) / 8);
	if (read_little(r, 1) == 1)
		read_types(r, (uint32_t)count, attributes, &s->types);
	read_values(d, r, s, nulls, (uint32_t)count, &s->types);
}

static void tell_parameters(struct decoder *d)
{
	struct parts *parts = &d->unit.parts;
	struct datum *items = (struct datum *)d->items.data;
	uint32_t count = (uint32_t)(d->items.size / sizeof *items);
	struct datum all = datum_array(items, count);
	if (count == 0)
		return;
	sql_fit_row(parts, items, count);
	parts_add(parts, "parameters", all);
	all.count = count < PARAMETERS_SHOWN ? count : PARAMETERS_SHOWN;
	all.more = count - all.count;
	uint64_t left = SQL_KEPT_MAX;
	for (uint32_t i = 0; i < all.count; i++) {
		if (!datum_has_text(&items[i]))
			continue;
		uint64_t over = items[i].text.size > left ? items[i].text.size - left : 0;
		items[i].text.size -= over;
		items[i].more += over;
		left -= items[i].text.size;
	}
	parts_word(parts, all);
	parts_attribute(parts, "db.query.parameter", all);
}

void my_execute(struct decoder *d, struct view payload)
{
	struct my_unit *u = &d->unit;
	bool bulk = u->command == COM_STMT_BULK_EXECUTE;
	struct reader r = { payload };
	uint32_t id = (uint32_t)read_little(&r, 4), flags = (uint32_t)read_little(&r, bulk ? 2 : 1);
	struct my_statement *s = my_statement_find(d, id);
	enum { COUNTED = 8 };
	parts_add(&u->parts, bulk ? "COM_STMT_BULK_EXECUTE" : "COM_STMT_EXECUTE", datum_uint(id));
	my_wait(d, u->command, s, false);
	if (!s) {
		parts_word(&u->parts, datum_keyword("COM_STMT_EXECUTE"));
		parts_word(&u->parts, datum_uint(id));
		buf_append_text(&u->shape, "COM_STMT_EXECUTE");
		return;
	}
	sql_tell_statement(&u->parts, buf_view(&s->text), s->text_more, SQL_MYSQL);
	buf_append(&u->shape, s->shape.data, s->shape.size);
	buf_clear(&d->items);
	if (bulk) {
		parts_add(&u->parts, "rows", s->secrets ? my_secret(r.rest) : datum_string(r.rest));
	} else {
		read_bytes(&r, 4);
		take_parameters(d, &r, s, flags & COUNTED);
		tell_parameters(d);
	}
	my_statement_drop_longs(d, s);
}
