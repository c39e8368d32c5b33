/* Prepared statements of MySQL by their numbers. */
#include <stdlib.h>

#include "proto/mysql_parts.h"

struct my_statement *my_statement_share(struct my_statement *statement)
{
	if (statement)
		statement->references++;
	return statement;
}

void my_statement_drop_longs(struct decoder *d, struct my_statement *s)
{
	struct my_long *all = (struct my_long *)s->longs.data;
	for (size_t i = 0; i < s->longs.size / sizeof *all; i++) {
		d->options.memory->left += all[i].bytes.size;
		buf_finish(&all[i].bytes);
	}
	buf_clear(&s->longs);
}

void my_statement_drop(struct decoder *d, struct my_statement *s)
{
	if (!s || --s->references)
		return;
	my_statement_drop_longs(d, s);
	d->options.memory->left += s->text.size + s->shape.size;
	struct buf *bufs[] = { &s->text, &s->shape, &s->types, &s->columns, &s->longs };
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_finish(bufs[i]);
	free(s);
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

struct my_statement *my_statement_create(struct decoder *d, struct view text, uint64_t more)
{
	struct my_statement *s = calloc(1, sizeof *s);
	if (!s) {
		d->err = err_nomem();
		return NULL;
	}
	struct view kept = view_slice(text, 0, SQL_KEPT_MAX);
	s->references = 1;
	s->secrets = sql_secret_parameters(kept, SQL_MYSQL);
	keep(d, &s->text, kept);
	s->text_more = more + text.size - s->text.size;
	buf_clear(&d->scratch);
	sql_shape(kept, SQL_MYSQL, &d->scratch);
	keep(d, &s->shape, buf_view(&d->scratch));
	return s;
}

static struct my_statement **place_of(struct decoder *d, uint32_t id)
{
	struct my_statement **at = &d->statements[id % MY_BUCKETS];
	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* MariaDB's clients name what they prepared last by no number. */
struct my_statement *my_statement_find(struct decoder *d, uint32_t id)
{
	struct my_statement *found = *place_of(d, id);
	return found || id != (uint32_t)MY_LAST_PREPARED ? found : d->last;
}

void my_statement_forget(struct decoder *d, uint32_t id)
{
	struct my_statement **place = place_of(d, id), *s = *place;
	if (!s)
		return;
	*place = s->next;
	d->statement_count--;
	my_statement_drop(d, s);
}

void my_statement_put(struct decoder *d, struct my_statement *s, uint32_t id)
{
	my_statement_forget(d, id);
	if (d->statement_count >= MY_STATEMENTS_MAX || s->references == 0)
		return;
	s->id = id;
	s->next = d->statements[id % MY_BUCKETS];
	d->statements[id % MY_BUCKETS] = my_statement_share(s);
	d->statement_count++;
}

void my_statements_finish(struct decoder *d)
{
	my_statement_drop(d, d->last);
	d->last = NULL;
	for (uint32_t i = 0; i < MY_BUCKETS; i++) {
		while (d->statements[i])
			my_statement_forget(d, d->statements[i]->id);
	}
}
