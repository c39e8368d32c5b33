/* Columns and rows of MySQL. */
#include "proto/mysql_parts.h"

enum { FLAG_UNSIGNED = 0x20 };

void my_column(struct decoder *d, struct view payload, struct buf *types)
{
	struct reader r = { payload };
	struct view names[6] = { { 0 } };
	uint64_t size;
	for (uint32_t i = 0; i < 6; i++) /* catalog, schema, table twice, column twice */
		mysql_read_text(&r, &names[i], &size);
	if (d->can & CAP_EXTENDED_TYPES)
		mysql_read_text(&r, &names[0], &size);
	read_bytes(&r, 7); /* the size of what follows, the character set, the width */
	uint16_t type = (uint16_t)read_little(&r, 1), flags = (uint16_t)read_little(&r, 2);
	type |= flags & FLAG_UNSIGNED ? MYSQL_UNSIGNED : 0;
	buf_append(types, &type, sizeof type);
	if (types->failed)
		d->err = err_nomem();
	if (d->answer.parts.max == 0)
		return;
	struct datum values[2] = { datum_string(names[4]), datum_keyword(mysql_type(type)) };
	parts_add(&d->answer.parts, "ColumnDefinition", datum_array(values, 2));
}

static void read_binary(struct decoder *d, struct reader *r, const uint16_t *types, size_t count)
{
	read_bytes(r, 1);
	struct view nulls = read_bytes(r, (count + 7 + 2) / 8);
	for (size_t i = 0; i < count && !r->failed; i++) {
		size_t bit = i + 2;
		struct datum value = { .type = DATUM_NULL };
		if (bit / 8 < nulls.size && !(nulls.data[bit / 8] >> bit % 8 & 1))
			value = mysql_read_value(r, &d->arena, types[i]);
		if (!r->failed || value.more)
			buf_append(&d->items, &value, sizeof value);
	}
}

static void read_texts(struct decoder *d, struct reader *r)
{
	while (r->rest.size && !r->failed) {
		struct datum value = datum_string((struct view){ 0 });
		uint64_t all = 0;
		if (mysql_read_text(r, &value.text, &all))
			value.more = all - value.text.size;
		else
			value = (struct datum){ .type = DATUM_NULL };
		buf_append(&d->items, &value, sizeof value);
	}
}

void my_row(struct decoder *d, struct view payload, uint64_t size, bool binary)
{
	struct my_answer *a = &d->answer;
	a->rows++;
	a->has_rows = true;
	if (a->parts.more || a->parts.kept == a->parts.max) {
		a->parts.more += a->parts.max != 0;
		return;
	}
	const struct my_waited *first = my_first(d);
	const struct buf *columns =
		first && first->command == COM_STMT_FETCH && first->statement ? &first->statement->columns : &a->columns;
	size_t count = columns->size / sizeof(uint16_t);
	struct reader r = { payload };
	buf_clear(&d->items);
	if (binary)
		read_binary(d, &r, (const uint16_t *)columns->data, count);
	else
		read_texts(d, &r);
	struct datum row = datum_array((struct datum *)d->items.data, (uint32_t)(d->items.size / sizeof(struct datum)));
	row.more = size > payload.size && row.count < count ? count - row.count : 0;
	sql_fit_row(&a->parts, (struct datum *)d->items.data, row.count);
	parts_add(&a->parts, "Row", row);
}
