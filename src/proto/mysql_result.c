/* What a server of MySQL answers to a command. */
#include "proto/mysql_parts.h"

#include <stdio.h>

enum { STATUS_MORE = 8, STATUS_CURSOR = 0x40, STATUS_SESSION = 0x4000, EOF_MAX = 9, PROGRESS = 0xffff };

void my_error(struct decoder *d, struct parts *parts, struct view payload, bool secret)
{
	struct reader r = { payload };
	char text[16];
	read_bytes(&r, 1);
	uint32_t code = (uint32_t)read_little(&r, 2);
	struct view state = { 0 };
	if (r.rest.size >= 6 && r.rest.data[0] == '#') {
		read_bytes(&r, 1);
		state = read_bytes(&r, 5);
	}
	struct datum what = datum_string(r.rest), word = datum_word(r.rest);
	what.flags = word.flags = secret ? DATUM_SECRET : 0;
	struct datum pairs[6] = { datum_keyword("code"), datum_uint(code), datum_keyword("state"), datum_string(state),
		datum_keyword("message"), what };
	struct datum map = datum_array(pairs, 6);
	map.type = DATUM_MAP;
	parts_add(parts, "ERR", map);
	snprintf(text, sizeof text, "%u", code);
	parts_attribute(parts, "db.response.status_code", datum_string(view_text(text)));
	parts_attribute(parts, "error.type", datum_string(view_text(text)));
	if (parts == &d->alone) {
		parts_word(parts, datum_keyword("ERROR"));
		parts_word(parts, datum_uint(code));
		if (state.size)
			parts_word(parts, datum_word(state));
		parts_word(parts, word);
		return;
	}
	buf_clear(&d->scratch);
	buf_printf(&d->scratch, "ERROR %u%s", code, state.size ? " " : "");
	buf_append(&d->scratch, state.data, state.size);
	if (!secret) {
		buf_append_byte(&d->scratch, ' ');
		buf_append(&d->scratch, r.rest.data, r.rest.size);
	}
	my_tag(d, buf_view(&d->scratch), 0);
}

static uint32_t eof(struct decoder *d, struct view payload)
{
	struct reader r = { payload };
	read_bytes(&r, 3);
	uint32_t status = (uint32_t)read_little(&r, 2);
	parts_add(&d->answer.parts, "EOF", datum_keyword(""));
	return status;
}

uint32_t my_ok(struct decoder *d, struct view payload, const char *name)
{
	struct reader r = { payload };
	uint64_t affected = 0, id = 0;
	read_bytes(&r, 1);
	mysql_read_size(&r, &affected);
	mysql_read_size(&r, &id);
	uint32_t status = (uint32_t)read_little(&r, 2), warnings = (uint32_t)read_little(&r, 2);
	struct view text = r.rest;
	uint64_t size;
	if (d->can & CAP_SESSION_TRACK)
		mysql_read_text(&r, &text, &size);
	struct datum pairs[8] = { datum_keyword("affected"), datum_uint(affected), datum_keyword("id"), datum_uint(id),
		datum_keyword("warnings"), datum_uint(warnings), datum_keyword("info"), datum_string(text) };
	struct datum map = datum_array(pairs, text.size ? 8 : 6);
	map.type = DATUM_MAP;
	parts_add(&d->answer.parts, name, map);
	d->answer.affected += affected;
	return status;
}

static void tag_count(struct decoder *d, uint64_t count, const char *one, const char *many)
{
	char text[48];
	snprintf(text, sizeof text, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
	my_tag(d, view_text(text), 0);
}

static void end_result(struct decoder *d, uint32_t status)
{
	struct my_answer *a = &d->answer;
	a->state = MY_FIRST;
	a->all_rows += a->rows;
	a->rows = 0;
	buf_clear(&a->columns);
	if (!(status & STATUS_MORE))
		my_done(d);
}

static void end_rows(struct decoder *d, struct view payload)
{
	bool plain = !(d->can & CAP_NO_EOF);
	uint32_t status = plain ? eof(d, payload) : my_ok(d, payload, "EOF");
	if ((status & STATUS_CURSOR) && d->answer.rows == 0 && my_first(d)->command == COM_STMT_EXECUTE) {
		my_tag(d, view_text("cursor"), 0);
	} else {
		tag_count(d, d->answer.rows, "row", "rows");
		d->answer.has_rows = true;
	}
	end_result(d, status);
}

static void failed(struct decoder *d, struct view payload)
{
	struct reader r = { payload };
	read_bytes(&r, 1);
	if (read_little(&r, 2) == PROGRESS) {
		parts_add(&d->answer.parts, "Progress", datum_string(r.rest));
		return;
	}
	my_error(d, &d->answer.parts, payload, my_first(d)->secret);
	d->answer.failed = true;
	d->answer.all_rows += d->answer.rows;
	my_done(d);
}

static void first_of_prepared(struct decoder *d, struct view payload)
{
	struct my_answer *a = &d->answer;
	struct my_statement *s = my_first(d)->statement;
	struct reader r = { payload };
	read_bytes(&r, 1);
	uint32_t id = (uint32_t)read_little(&r, 4);
	a->columns_after = read_little(&r, 2);
	a->columns_left = read_little(&r, 2);
	read_bytes(&r, 3);
	bool described = !(d->can & CAP_OPTIONAL_COLUMNS) || r.rest.size == 0 || read_little(&r, 1);
	struct datum pairs[6] = { datum_keyword("statement"), datum_uint(id), datum_keyword("columns"), datum_uint(a->columns_after),
		datum_keyword("parameters"), datum_uint(a->columns_left) };
	struct datum map = datum_array(pairs, 6);
	map.type = DATUM_MAP;
	parts_add(&a->parts, "PrepareOK", map);
	if (s && !s->known) {
		s->parameters = (uint32_t)a->columns_left;
		s->known = true;
		my_statement_put(d, s, id);
	}
	if (!described || a->columns_left + a->columns_after == 0) {
		my_done(d);
		return;
	}
	a->state = a->columns_left ? MY_PREPARED_PARAMETERS : MY_PREPARED_COLUMNS;
	if (a->columns_left == 0)
		a->columns_left = a->columns_after;
}

/* So many columns; whether they are described may be said before or behind. */
static void first_of_rows(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct my_answer *a = &d->answer;
	struct my_waited *first = my_first(d);
	struct reader r = { payload };
	bool described = true;
	uint64_t count;
	if (d->can & CAP_OPTIONAL_COLUMNS)
		described = read_little(&r, 1);
	if (!mysql_read_size(&r, &count) || count == 0 || count > MY_COLUMNS_MAX) {
		my_bad(d, s, "no result begins so");
		return;
	}
	if (d->can & CAP_CACHED_COLUMNS && r.rest.size)
		described = read_little(&r, 1);
	parts_add(&a->parts, "ColumnCount", datum_uint(count));
	buf_clear(&a->columns);
	if (!described && first->statement)
		buf_append(&a->columns, first->statement->columns.data, first->statement->columns.size);
	a->columns_left = count;
	a->state = described ? MY_COLUMNS : d->can & CAP_NO_EOF ? MY_ROWS : MY_COLUMNS_END;
}

static void first(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct my_answer *a = &d->answer;
	uint32_t command = my_first(d)->command;
	struct datum text = datum_string(payload);
	uint8_t byte = payload.size ? payload.data[0] : 0;
	text.more = s->size - payload.size;
	if (command == COM_STATISTICS) {
		parts_add(&a->parts, "Statistics", text);
		my_done(d);
		return;
	}
	if (command == COM_STMT_PREPARE) {
		first_of_prepared(d, payload);
		return;
	}
	if (byte == 0xfe && s->size < EOF_MAX) { /* of COM_SET_OPTION */
		end_result(d, eof(d, payload));
	} else if (byte == 0) {
		uint64_t before = a->affected;
		uint32_t status = my_ok(d, payload, "OK");
		if (a->affected != before)
			tag_count(d, a->affected - before, "row affected", "rows affected");
		else
			my_tag(d, view_text("OK"), 0);
		end_result(d, status);
	} else if (byte == 0xfb) {
		parts_add(&a->parts, "LocalInfileRequest", datum_string(view_slice(payload, 1, payload.size)));
		d->infile = true;
	} else {
		first_of_rows(d, s, payload);
	}
}

static void keep_columns(struct decoder *d)
{
	struct my_statement *s = my_first(d)->statement;
	if (!s)
		return;
	buf_clear(&s->columns);
	buf_append(&s->columns, d->answer.columns.data, d->answer.columns.size);
}

/* A definition; behind the last one an EOF, where there is one. */
static void column(struct decoder *d, struct view payload)
{
	struct my_answer *a = &d->answer;
	bool plain = !(d->can & CAP_NO_EOF);
	BUF_CLEANUP struct buf ignored = { 0 };
	my_column(d, payload, a->state == MY_PREPARED_PARAMETERS ? &ignored : &a->columns);
	if (--a->columns_left)
		return;
	if (a->state != MY_PREPARED_PARAMETERS)
		keep_columns(d);
	a->state++; /* what ends it stands behind it */
	if (plain)
		return;
	if (a->state == MY_COLUMNS_END) {
		a->state = MY_ROWS;
	} else if (a->state == MY_PREPARED_PARAMETERS_END && a->columns_after) {
		a->state = MY_PREPARED_COLUMNS;
		a->columns_left = a->columns_after;
	} else {
		buf_clear(&a->columns);
		my_done(d);
	}
}

static void columns_end(struct decoder *d, struct view payload)
{
	struct my_answer *a = &d->answer;
	uint32_t status = eof(d, payload);
	if (a->state == MY_COLUMNS_END && (status & STATUS_CURSOR)) {
		my_tag(d, view_text("cursor"), 0);
		end_result(d, status);
	} else if (a->state == MY_COLUMNS_END) {
		a->state = MY_ROWS;
	} else if (a->state == MY_PREPARED_PARAMETERS_END && a->columns_after) {
		a->state = MY_PREPARED_COLUMNS;
		a->columns_left = a->columns_after;
	} else {
		buf_clear(&a->columns);
		my_done(d);
	}
}

static void row(struct decoder *d, struct my_direction *s, struct view payload)
{
	uint32_t command = my_first(d)->command;
	uint8_t byte = payload.size ? payload.data[0] : 0;
	bool end = byte == 0xfe && s->size < (d->can & CAP_NO_EOF ? MY_PACKET_MAX : EOF_MAX);
	if (end && command == COM_FIELD_LIST) {
		d->answer.rows = 0;
		end_result(d, eof(d, payload) & ~(uint32_t)STATUS_MORE);
	} else if (end) {
		end_rows(d, payload);
	} else if (command == COM_FIELD_LIST) {
		BUF_CLEANUP struct buf ignored = { 0 };
		my_column(d, payload, &ignored);
	} else {
		bool binary = command == COM_STMT_EXECUTE || command == COM_STMT_FETCH || command == COM_STMT_BULK_EXECUTE;
		my_row(d, payload, s->size, binary);
	}
}

static void stream(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct datum event = datum_string(payload);
	event.more = s->size - payload.size;
	if (payload.size && payload.data[0] == 0xfe && s->size < EOF_MAX) {
		end_result(d, eof(d, payload) & ~(uint32_t)STATUS_MORE);
		return;
	}
	parts_add(&d->answer.parts, "Event", event);
}

/* What nobody asked for: why the server goes, as a rule. */
static void alone(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct datum text = datum_string(payload);
	text.more = s->size - payload.size;
	if (payload.size && payload.data[0] == 0xff) {
		my_error(d, &d->alone, payload, false);
	} else {
		parts_word(&d->alone, datum_string(view_slice(payload, 0, 64)));
		parts_add(&d->alone, "?", text);
	}
	my_tell_alone(d, SIDE_SERVER, s->exchange, s->time, s->end);
	s->exchange = MY_NO_EXCHANGE;
}

/* Some commands are answered with nothing but rows, or without an end. */
static enum my_state state_of(struct decoder *d, uint32_t command)
{
	struct my_answer *a = &d->answer;
	if (a->state != MY_FIRST)
		return a->state;
	if (command == COM_FIELD_LIST || command == COM_STMT_FETCH)
		a->state = MY_ROWS;
	else if (command == COM_BINLOG_DUMP || command == COM_BINLOG_DUMP_GTID || command == COM_TABLE_DUMP)
		a->state = MY_STREAM;
	return a->state;
}

void my_server_message(struct decoder *d, struct my_direction *s, struct view payload)
{
	const struct my_waited *waited = my_first(d);
	struct my_answer *a = &d->answer;
	if (d->phase == MY_GREETING || (d->phase == MY_LOGGING_IN && !waited)) {
		my_greeting(d, s, payload);
		return;
	}
	if (!waited || (s->alone && d->phase == MY_COMMANDS)) { /* it began before what waits now was sent */
		alone(d, s, payload);
		return;
	}
	my_begin_answer(d, waited->exchange, s->time);
	a->end = s->end;
	bool is_error = payload.size && payload.data[0] == 0xff;
	if (waited->command == MY_LOGIN || waited->command == COM_CHANGE_USER) {
		my_login_answer(d, s, payload);
		return;
	}
	if (is_error) {
		failed(d, payload);
		return;
	}
	switch (state_of(d, waited->command)) {
	case MY_FIRST: first(d, s, payload); break;
	case MY_ROWS: row(d, s, payload); break;
	case MY_STREAM: stream(d, s, payload); break;
	case MY_COLUMNS:
	case MY_PREPARED_PARAMETERS:
	case MY_PREPARED_COLUMNS: column(d, payload); break;
	default: columns_end(d, payload); break;
	}
}
