/* Where commands and answers of MySQL end, and what is told of them. */
#include "proto/mysql_parts.h"

static const char version[] = "MySQL 10";

static void pass(struct decoder *d, struct parts *parts, enum message_side side, uint64_t exchange, struct message *message)
{
	if (!parts_tell(parts, message))
		d->err = err_nomem();
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, message);
	parts_clear(parts);
}

void my_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error)
{
	struct message message = { .time = time, .end = time, .error = error };
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, &message);
}

/* What is known of the connection goes with every request. */
static void add_common(struct decoder *d, struct parts *parts)
{
	parts_attribute(parts, "db.system.name", datum_keyword(d->mariadb ? "mariadb" : "mysql"));
	if (d->database.size)
		parts_attribute(parts, "db.namespace", datum_string(buf_view(&d->database)));
}

void my_tell_alone(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, uint64_t end)
{
	struct message message = { .time = time, .end = end, .protocol = view_text(version), .alone = true };
	add_common(d, &d->alone);
	pass(d, &d->alone, side, exchange, &message);
}

void my_wait(struct decoder *d, uint32_t command, struct my_statement *statement, bool secret)
{
	struct my_waited waited = { command, secret, d->unit.exchange, my_statement_share(statement) };
	buf_append(&d->waited, &waited, sizeof waited);
	if (d->waited.failed) {
		my_statement_drop(d, statement);
		d->err = err_nomem();
	}
}

void my_forget_first(struct decoder *d)
{
	enum { MOVED_MIN = 1024 };
	my_statement_drop(d, my_first(d)->statement);
	d->waited_first++;
	if (my_waited_count(d) == 0) {
		buf_clear(&d->waited);
		d->waited_first = 0;
	} else if (d->waited_first >= MOVED_MIN && d->waited_first >= my_waited_count(d)) {
		size_t gone = d->waited_first * sizeof(struct my_waited);
		memmove(d->waited.data, d->waited.data + gone, d->waited.size - gone);
		d->waited.size -= gone;
		d->waited_first = 0;
	}
}

void my_begin_unit(struct decoder *d, uint32_t command, uint64_t time)
{
	struct my_unit *u = &d->unit;
	my_end_unit(d, (struct view){ 0 });
	u->open = true;
	u->command = command;
	u->exchange = d->next++;
	u->time = u->end = time;
}

void my_end_unit(struct decoder *d, struct view error)
{
	struct my_unit *u = &d->unit;
	if (!u->open)
		return;
	struct message message = { .time = u->time, .end = u->end, .protocol = view_text(version), .error = error, .alone = u->alone };
	message.shape = buf_view(&u->shape);
	add_common(d, &u->parts);
	if (u->alone && !d->err)
		d->err = d->sink->begun(d->sink, u->exchange, u->time);
	pass(d, &u->parts, SIDE_CLIENT, u->exchange, &message);
	*u = (struct my_unit){ .parts = u->parts, .shape = u->shape };
	buf_clear(&u->shape);
}

void my_begin_answer(struct decoder *d, uint64_t exchange, uint64_t time)
{
	struct my_answer *a = &d->answer;
	if (a->begun)
		return;
	a->begun = true;
	a->exchange = exchange;
	a->time = a->end = time;
	if (!d->err)
		d->err = d->sink->begun(d->sink, exchange, time);
}

void my_tag(struct decoder *d, struct view text, uint8_t flags)
{
	struct my_answer *a = &d->answer;
	if (a->tag_count >= MY_TAGS_MAX) {
		a->tag_more++;
		return;
	}
	const char *copy = arena_text(&a->text, text);
	struct datum word = datum_word(view_of(copy, copy ? text.size : 0));
	word.flags = flags;
	buf_append(&a->tags, &word, sizeof word);
	a->tag_count += !a->tags.failed;
	if (!copy || a->tags.failed)
		d->err = err_nomem();
}

void my_end_answer(struct decoder *d, struct view error)
{
	struct my_answer *a = &d->answer;
	struct message message = { .time = a->time, .end = a->end, .protocol = view_text(version), .failed = a->failed, .error = error };
	struct datum tags = datum_array((const struct datum *)a->tags.data, a->tag_count);
	tags.flags = DATUM_LISTED;
	tags.more = a->tag_more;
	parts_word(&a->parts, a->tag_count ? tags : datum_keyword("OK"));
	if (a->has_rows)
		parts_attribute(&a->parts, "db.response.returned_rows", datum_uint(a->all_rows));
	if (a->affected)
		parts_attribute(&a->parts, "db.response.affected_rows", datum_uint(a->affected));
	pass(d, &a->parts, SIDE_SERVER, a->exchange, &message);
	arena_finish(&a->text);
	buf_clear(&a->tags);
	buf_clear(&a->columns);
	*a = (struct my_answer){ .parts = a->parts, .tags = a->tags, .columns = a->columns };
}

void my_done(struct decoder *d)
{
	uint64_t exchange = d->answer.exchange;
	my_forget_first(d);
	d->infile = false;
	if (d->unit.open && d->unit.exchange == exchange)
		my_end_unit(d, (struct view){ 0 });
	my_end_answer(d, (struct view){ 0 });
}

/* The commands that there are. */
void my_tell_unanswered(struct decoder *d, uint64_t time)
{
	struct my_answer *a = &d->answer;
	my_end_unit(d, (struct view){ 0 });
	while (my_waited_count(d) && !d->err) {
		uint64_t exchange = my_first(d)->exchange;
		my_forget_first(d);
		if (a->begun && a->exchange == exchange)
			my_end_answer(d, buf_view(&d->gone));
		else
			my_tell_error(d, SIDE_SERVER, exchange, time, buf_view(&d->gone));
	}
}

static void tell_encrypted_side(struct decoder *d, enum message_side side, uint64_t time)
{
	const struct my_direction *s = &d->sides[side];
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

void my_tell_encrypted(struct decoder *d)
{
	uint64_t first = d->sides[SIDE_CLIENT].encrypted_time, other = d->sides[SIDE_SERVER].encrypted_time;
	if (first == 0 || (other && other < first))
		first = other;
	if (first == 0)
		return;
	tell_encrypted_side(d, SIDE_CLIENT, first);
	tell_encrypted_side(d, SIDE_SERVER, first);
}
