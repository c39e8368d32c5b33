/* What a client of PostgreSQL says. */
#include "proto/postgresql_parts.h"

enum { CODE_CANCEL = 80877102, CODE_SSL = 80877103, CODE_GSS = 80877104 };

static struct view text_of(struct view payload, uint64_t size, uint64_t *ret_more)
{
	struct view text = payload;
	*ret_more = size > payload.size ? size - payload.size - 1 : 0;
	const uint8_t *end = text.size ? memchr(text.data, 0, text.size) : NULL;
	if (end)
		text.size = (size_t)(end - text.data);
	return text;
}

/* The message goes on with what the unit began. */
static bool belongs(const struct pg_unit *u, uint8_t type)
{
	switch (type) {
	case 'p': return u->kind == PG_UNIT_START || u->kind == PG_UNIT_STRAY;
	case 'd':
	case 'c':
	case 'f': return u->kind == PG_UNIT_QUERY || (u->kind == PG_UNIT_EXTENDED && u->executed) || u->kind == PG_UNIT_STRAY;
	case 'S': return u->kind == PG_UNIT_EXTENDED && !u->synced;
	case 'H': return u->kind == PG_UNIT_EXTENDED;
	case 'P':
	case 'B':
	case 'D':
	case 'E':
	case 'C': return u->kind == PG_UNIT_EXTENDED && !u->executed && !u->synced;
	default: return false;
	}
}

static enum pg_kind kind_of(uint8_t type)
{
	if (type == 0)
		return PG_UNIT_START;
	if (type == 'Q' || type == 'F')
		return PG_UNIT_QUERY;
	return strchr("PBDECS", type) ? PG_UNIT_EXTENDED : PG_UNIT_STRAY;
}

/* What is not waited for has not been run, if it is not being answered. */
static void leave_unit(struct decoder *d, uint64_t time)
{
	struct pg_unit *u = &d->unit;
	uint64_t exchange = u->exchange;
	bool none = u->kind == PG_UNIT_NONE || u->alone;
	const struct pg_waited *last = pg_last(d);
	pg_end_unit(d, (struct view){ 0 });
	if (none)
		return;
	if (d->answer.begun && d->answer.exchange == exchange)
		pg_answer_if_done(d);
	else if (!last || last->exchange != exchange)
		pg_tell_error(d, SIDE_SERVER, exchange, time, view_text("not run: a command before it failed"));
}

void pg_client_begins(struct decoder *d, struct pg_direction *s)
{
	struct pg_unit *u = &d->unit;
	uint8_t type = s->type;
	if (belongs(u, type))
		return;
	leave_unit(d, s->time);
	u->kind = kind_of(type);
	u->alone = u->kind == PG_UNIT_STRAY;
	u->exchange = d->next++;
	u->time = u->end = s->time;
	if (u->alone && !d->err)
		d->err = d->sink->begun(d->sink, u->exchange, s->time);
}

static void encrypt(struct decoder *d, const char *name)
{
	parts_word(&d->unit.parts, datum_keyword(name));
	parts_add(&d->unit.parts, name, datum_keyword(""));
	buf_append_text(&d->unit.shape, name);
	d->unit.kind = PG_UNIT_QUERY;
	d->unit.words++;
	pg_wait(d, PG_ENCRYPT, NULL);
}

static struct datum secret_of(struct view bytes, uint64_t more)
{
	struct datum value = datum_string(bytes);
	value.flags = DATUM_SECRET;
	value.more = more;
	return value;
}

/* Nobody answers it. */
static void cancel(struct decoder *d, struct view payload)
{
	struct pg_unit *u = &d->unit;
	struct reader r = { payload };
	struct datum values[2] = { datum_uint(read_big(&r, 4)), secret_of(r.rest, 0) };
	parts_word(&u->parts, datum_keyword("CancelRequest"));
	parts_word(&u->parts, values[0]);
	parts_word(&u->parts, values[1]);
	parts_add(&u->parts, "CancelRequest", datum_array(values, 2));
	buf_append_text(&u->shape, "CancelRequest");
	u->words++;
	u->alone = true;
	u->kind = PG_UNIT_STRAY;
	if (!d->err)
		d->err = d->sink->begun(d->sink, u->exchange, u->time);
	pg_end_unit(d, (struct view){ 0 });
}

static void tell_name(struct parts *parts, const char *what, struct view name)
{
	if (name.size == 0)
		return;
	parts_word(parts, datum_keyword(what));
	parts_word(parts, datum_string(name));
}

static void start(struct decoder *d, struct view payload)
{
	struct pg_unit *u = &d->unit;
	struct reader r = { payload };
	struct view user = { 0 }, database = { 0 };
	buf_clear(&d->items);
	while (r.rest.size && r.rest.data[0]) {
		struct view name = read_text(&r), value = read_text(&r);
		struct datum pair[2] = { datum_string(name), datum_string(value) };
		if (view_is(name, "user"))
			user = value;
		else if (view_is(name, "database"))
			database = value;
		buf_append(&d->items, pair, sizeof pair);
	}
	struct datum map = datum_array((const struct datum *)d->items.data, (uint32_t)(d->items.size / sizeof(struct datum)));
	map.type = DATUM_MAP;
	if (database.size == 0)
		database = user;
	buf_append(&d->database, database.data, database.size);
	parts_word(&u->parts, datum_keyword("StartupMessage"));
	tell_name(&u->parts, "user", user);
	tell_name(&u->parts, "database", database);
	parts_add(&u->parts, "StartupMessage", map);
	buf_append_text(&u->shape, "StartupMessage");
	u->words++;
	d->started = true;
	pg_wait(d, PG_START, NULL);
}

static void first_message(struct decoder *d, struct pg_direction *s, struct view payload)
{
	struct reader r = { view_of(s->header, 8) };
	read_big(&r, 4);
	switch (read_big(&r, 4)) {
	case CODE_SSL: encrypt(d, "SSLRequest"); break;
	case CODE_GSS: encrypt(d, "GSSENCRequest"); break;
	case CODE_CANCEL: cancel(d, payload); break;
	default: start(d, payload); break;
	}
}

static void query(struct decoder *d, struct view payload, uint64_t size)
{
	struct pg_unit *u = &d->unit;
	uint64_t more;
	struct view text = text_of(payload, size, &more);
	if (u->parts.max)
		parts_add(&u->parts, "Query", sql_statement(text, more, SQL_POSTGRESQL));
	text = view_slice(text, 0, SQL_KEPT_MAX);
	d->secret = sql_tell_statement(&u->parts, text, size - 1 > text.size ? size - 1 - text.size : 0, SQL_POSTGRESQL);
	sql_shape(text, SQL_POSTGRESQL, &u->shape);
	u->words++;
	pg_wait(d, PG_QUERY, NULL);
	d->secret = false;
}

static void call_function(struct decoder *d, struct view payload)
{
	struct pg_unit *u = &d->unit;
	struct reader r = { payload };
	struct datum oid = datum_uint(read_big(&r, 4));
	parts_word(&u->parts, datum_keyword("FunctionCall"));
	parts_word(&u->parts, oid);
	parts_add(&u->parts, "FunctionCall", oid);
	buf_append_text(&u->shape, "FunctionCall");
	u->words++;
	pg_wait(d, PG_QUERY, NULL);
}

/* Whatever it is: it authenticates. */
static void authenticate(struct decoder *d, struct view payload, uint64_t more)
{
	enum { GSS = 7, SSPI = 9, SASL = 10, SASL_CONTINUE = 11 };
	struct parts *parts = &d->unit.parts;
	uint32_t asked = d->authentication;
	if (asked == SASL) {
		struct reader r = { payload };
		struct datum values[2] = { datum_string(read_text(&r)) };
		values[1] = secret_of(r.rest, more);
		values[0].flags = r.failed ? DATUM_SECRET : 0;
		parts_add(parts, "SASLInitialResponse", datum_array(values, 2));
		return;
	}
	const char *name = asked == SASL_CONTINUE ? "SASLResponse" : asked >= GSS && asked <= SSPI ? "GSSResponse" : "PasswordMessage";
	parts_add(parts, name, secret_of(payload, more));
}

/* The server takes no notice of a Sync that was sent before the data to copy. */
static void end_copy(struct decoder *d)
{
	struct pg_unit *u = &d->unit;
	struct pg_waited *last = pg_last(d);
	if (u->kind != PG_UNIT_EXTENDED || !u->synced || !last || last->command != PG_SYNC || last->exchange != u->exchange)
		return;
	d->waited.size -= sizeof *last;
	u->synced = false;
}

/* What nobody asked for: its first message says what it is. */
static void name_stray(struct pg_unit *u, const char *name)
{
	if (u->kind != PG_UNIT_STRAY || u->words++)
		return;
	parts_word(&u->parts, datum_keyword(name));
	buf_append_text(&u->shape, name);
}

static void copy_message(struct decoder *d, uint8_t type, struct view payload, uint64_t size)
{
	struct pg_unit *u = &d->unit;
	struct datum data = datum_string(payload);
	data.more = size - payload.size;
	if (type == 'f') {
		data.text = text_of(payload, size, &data.more);
		parts_add(&u->parts, "CopyFail", data);
	} else {
		parts_add(&u->parts, type == 'd' ? "CopyData" : "CopyDone", type == 'd' ? data : datum_keyword(""));
	}
	name_stray(u, type == 'd' ? "CopyData" : type == 'c' ? "CopyDone" : "CopyFail");
	if (type != 'd')
		end_copy(d);
}

static void sync(struct decoder *d)
{
	parts_add(&d->unit.parts, "Sync", datum_keyword(""));
	d->unit.synced = true;
	pg_wait(d, PG_SYNC, NULL);
}

static void stray(struct decoder *d, const char *name)
{
	parts_add(&d->unit.parts, name, datum_keyword(""));
	name_stray(&d->unit, name);
	if (d->unit.kind == PG_UNIT_STRAY)
		pg_end_unit(d, (struct view){ 0 });
}

void pg_client_message(struct decoder *d, struct pg_direction *s, struct view payload)
{
	if (d->unit.kind == PG_UNIT_NONE) /* the server was done with it before it was all there */
		pg_client_begins(d, s);
	d->unit.end = s->end;
	switch (s->type) {
	case 0: first_message(d, s, payload); break;
	case 'Q': query(d, payload, s->size); break;
	case 'F': call_function(d, payload); break;
	case 'p':
		authenticate(d, payload, s->size - payload.size);
		name_stray(&d->unit, "PasswordMessage");
		break;
	case 'd':
	case 'c':
	case 'f': copy_message(d, s->type, payload, s->size); break;
	case 'S': sync(d); break;
	case 'H': stray(d, "Flush"); break;
	case 'X': stray(d, "Terminate"); break;
	default: pg_extended(d, s->type, payload, s->size); break;
	}
	if (d->sides[SIDE_SERVER].closed)
		pg_tell_unanswered(d, s->end);
}
