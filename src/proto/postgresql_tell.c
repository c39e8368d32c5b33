/* Where requests and answers of PostgreSQL end, and what is told of them. */
#include "proto/postgresql_parts.h"

static const char version[] = "PostgreSQL 3.0";

void pg_wait(struct decoder *d, enum pg_command command, struct pg_object *object)
{
	if (d->skipping && command != PG_SYNC)
		return;
	d->skipping = false;
	buf_append(&d->waited, &(struct pg_waited){ command, d->secret, d->unit.exchange, pg_object_share(object) },
		sizeof(struct pg_waited));
	if (d->waited.failed) {
		pg_object_drop(d, object);
		d->err = err_nomem();
	}
}

void pg_forget_first(struct decoder *d)
{
	enum { MOVED_MIN = 1024 };
	pg_object_drop(d, pg_first(d)->object);
	d->waited_first++;
	if (pg_waited_count(d) == 0) {
		buf_clear(&d->waited);
		d->waited_first = 0;
	} else if (d->waited_first >= MOVED_MIN && d->waited_first >= pg_waited_count(d)) {
		size_t gone = d->waited_first * sizeof(struct pg_waited);
		memmove(d->waited.data, d->waited.data + gone, d->waited.size - gone);
		d->waited.size -= gone;
		d->waited_first = 0;
	}
}

static void pass(struct decoder *d, struct parts *parts, enum message_side side, uint64_t exchange, struct message *message)
{
	if (!parts_tell(parts, message))
		d->err = err_nomem();
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, message);
	parts_clear(parts);
}

void pg_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error)
{
	struct message message = { .time = time, .end = time, .error = error };
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, &message);
}

void pg_tell_alone(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, uint64_t end)
{
	struct message message = { .time = time, .end = end, .protocol = view_text(version), .alone = true };
	parts_attribute(&d->alone, "db.system.name", datum_keyword("postgresql"));
	pass(d, &d->alone, side, exchange, &message);
}

/* What is known of the connection goes with every request. */
static void add_common(struct decoder *d, struct parts *parts)
{
	parts_attribute(parts, "db.system.name", datum_keyword("postgresql"));
	if (d->database.size)
		parts_attribute(parts, "db.namespace", datum_string(buf_view(&d->database)));
}

/* One that runs nothing says what it begins with. */
static void complete_line(struct pg_unit *u)
{
	const char *what = u->what ? u->what : "Sync";
	const struct pg_object *o = u->object, *statement = o && o->portal ? o->statement : o;
	parts_word(&u->parts, datum_keyword(what));
	buf_append_text(&u->shape, what);
	if (o && o->name.size)
		parts_word(&u->parts, datum_string(buf_view(&o->name)));
	if (!statement)
		return;
	sql_tell_statement(&u->parts, buf_view(&statement->text), statement->text_more, SQL_POSTGRESQL);
	buf_append_byte(&u->shape, ' ');
	buf_append(&u->shape, statement->shape.data, statement->shape.size);
}

void pg_end_unit(struct decoder *d, struct view error)
{
	struct pg_unit *u = &d->unit;
	if (u->kind == PG_UNIT_NONE)
		return;
	if (!u->words)
		complete_line(u);
	struct message message = { .time = u->time, .end = u->end, .protocol = view_text(version), .error = error };
	message.shape = buf_view(&u->shape);
	message.alone = u->alone;
	add_common(d, &u->parts);
	pass(d, &u->parts, SIDE_CLIENT, u->exchange, &message);
	pg_object_drop(d, u->object);
	*u = (struct pg_unit){ .parts = u->parts, .shape = u->shape };
	buf_clear(&u->shape);
}

void pg_begin_answer(struct decoder *d, uint64_t exchange, uint64_t time)
{
	struct pg_answer *a = &d->answer;
	if (a->begun)
		return;
	a->begun = true;
	a->exchange = exchange;
	a->time = a->end = time;
	if (!d->err)
		d->err = d->sink->begun(d->sink, exchange, time);
}

/* A text of the line, of which some bytes are enough. */
void pg_tag(struct decoder *d, struct datum word)
{
	struct pg_answer *a = &d->answer;
	if (a->tag_count >= PG_TAGS_MAX) {
		a->tag_more++;
		return;
	}
	const char *copy = arena_text(&a->text, word.text);
	word.text = view_of(copy, copy ? word.text.size : 0);
	buf_append(&a->tags, &word, sizeof word);
	a->tag_count++;
	if (!copy || a->tags.failed)
		d->err = err_nomem();
}

static void tell_tags(struct pg_answer *a)
{
	struct datum tags = datum_array((const struct datum *)a->tags.data, (uint32_t)(a->tags.size / sizeof(struct datum)));
	if (a->tag_count == 0) {
		parts_word(&a->parts, datum_keyword("OK"));
		return;
	}
	tags.flags = DATUM_LISTED;
	tags.more = a->tag_more;
	parts_word(&a->parts, tags);
}

static void clear_answer(struct pg_answer *a)
{
	arena_finish(&a->text);
	buf_clear(&a->tags);
	buf_clear(&a->columns);
	buf_clear(&a->formats);
	*a = (struct pg_answer){ .parts = a->parts, .tags = a->tags, .columns = a->columns, .formats = a->formats };
}

void pg_end_answer(struct decoder *d, struct view error)
{
	struct pg_answer *a = &d->answer;
	struct message message = { .time = a->time, .end = a->end, .protocol = view_text(version), .failed = a->failed };
	message.error = a->not_run && error.size == 0 ? view_text("not run: a command before it failed") : error;
	tell_tags(a);
	if (a->has_rows)
		parts_attribute(&a->parts, "db.response.returned_rows", datum_uint(a->rows));
	if (a->affected)
		parts_attribute(&a->parts, "db.response.affected_rows", datum_uint(a->affected));
	pass(d, &a->parts, SIDE_SERVER, a->exchange, &message);
	clear_answer(a);
}

/* Nothing more is to come for the request that is being answered. A unit that may go on to its Sync is waited for. */
void pg_answer_if_done(struct decoder *d)
{
	struct pg_answer *a = &d->answer;
	struct pg_waited *first = pg_first(d);
	if (!a->begun || (first && first->exchange == a->exchange))
		return;
	if (d->unit.kind != PG_UNIT_NONE && d->unit.exchange == a->exchange) {
		if (d->unit.kind == PG_UNIT_EXTENDED && !d->unit.synced)
			return;
		pg_end_unit(d, (struct view){ 0 });
	}
	pg_end_answer(d, (struct view){ 0 });
}

/* The requests that there are. */
void pg_tell_unanswered(struct decoder *d, uint64_t time)
{
	struct pg_answer *a = &d->answer;
	uint64_t told = a->begun ? a->exchange : UINT64_MAX;
	bool over = a->failed || !pg_first(d) || pg_first(d)->exchange != told; /* what failed has said all that there is to say */
	pg_end_unit(d, (struct view){ 0 });
	if (a->begun)
		pg_end_answer(d, over ? (struct view){ 0 } : buf_view(&d->gone));
	while (pg_waited_count(d) && !d->err) {
		uint64_t exchange = pg_first(d)->exchange;
		pg_forget_first(d);
		if (exchange != told)
			pg_tell_error(d, SIDE_SERVER, exchange, time, buf_view(&d->gone));
		told = exchange;
	}
}

static void tell_encrypted_side(struct decoder *d, enum message_side side, uint64_t time)
{
	const struct pg_direction *s = &d->sides[side];
	struct message message = { .time = s->encrypted_time, .end = s->encrypted_end, .protocol = view_text(version) };
	if (message.time == 0)
		message.time = message.end = time;
	parts_add(&d->alone, "encrypted bytes", datum_uint(s->encrypted));
	parts_word(&d->alone, datum_keyword("encrypted,"));
	parts_word(&d->alone, datum_uint(s->encrypted));
	parts_word(&d->alone, datum_keyword("bytes"));
	if (side == SIDE_CLIENT)
		add_common(d, &d->alone);
	parts_attribute(&d->alone, "tls.established", (struct datum){ .type = DATUM_BOOL, .boolean = true });
	parts_attribute(&d->alone, "network.io.bytes", datum_uint(s->encrypted));
	message.shape = view_text(side == SIDE_CLIENT ? "encrypted" : "");
	pass(d, &d->alone, side, d->encrypted_exchange, &message);
}

void pg_tell_encrypted(struct decoder *d)
{
	uint64_t first = d->sides[SIDE_CLIENT].encrypted_time, other = d->sides[SIDE_SERVER].encrypted_time;
	if (first == 0 || (other && other < first))
		first = other;
	if (first == 0)
		return;
	tell_encrypted_side(d, SIDE_CLIENT, first);
	tell_encrypted_side(d, SIDE_SERVER, first);
}
