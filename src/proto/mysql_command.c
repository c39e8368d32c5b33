/* What a client of MySQL asks for. */
#include "proto/mysql_parts.h"

static const char *name_of(uint32_t command)
{
	static const char *const names[] = { "COM_SLEEP", "COM_QUIT", "COM_INIT_DB", "COM_QUERY", "COM_FIELD_LIST", "COM_CREATE_DB",
		"COM_DROP_DB", "COM_REFRESH", "COM_SHUTDOWN", "COM_STATISTICS", "COM_PROCESS_INFO", "COM_CONNECT", "COM_PROCESS_KILL",
		"COM_DEBUG", "COM_PING", "COM_TIME", "COM_DELAYED_INSERT", "COM_CHANGE_USER", "COM_BINLOG_DUMP", "COM_TABLE_DUMP",
		"COM_CONNECT_OUT", "COM_REGISTER_SLAVE", "COM_STMT_PREPARE", "COM_STMT_EXECUTE", "COM_STMT_SEND_LONG_DATA",
		"COM_STMT_CLOSE", "COM_STMT_RESET", "COM_SET_OPTION", "COM_STMT_FETCH", "COM_DAEMON", "COM_BINLOG_DUMP_GTID",
		"COM_RESET_CONNECTION", "COM_CLONE" };
	if (command < sizeof names / sizeof *names)
		return names[command];
	return command == COM_STMT_BULK_EXECUTE ? "COM_STMT_BULK_EXECUTE" : command == 254 ? "COM_MULTI" : NULL;
}

static void query(struct decoder *d, struct view payload, uint64_t size)
{
	struct my_unit *u = &d->unit;
	uint64_t more = size - 1 - payload.size;
	struct view text = d->can & CAP_QUERY_ATTRIBUTES ? my_query_attributes(d, payload) : payload;
	if (u->parts.max)
		parts_add(&u->parts, "COM_QUERY", sql_statement(text, more, SQL_MYSQL));
	struct view kept = view_slice(text, 0, SQL_KEPT_MAX);
	bool secret = sql_tell_statement(&u->parts, kept, more + text.size - kept.size, SQL_MYSQL);
	sql_shape(kept, SQL_MYSQL, &u->shape);
	my_wait(d, COM_QUERY, NULL, secret);
}

static void prepare(struct decoder *d, struct view payload, uint64_t size)
{
	struct my_unit *u = &d->unit;
	uint64_t more = size - 1 - payload.size;
	struct my_statement *statement = my_statement_create(d, payload, more);
	if (!statement)
		return;
	parts_add(&u->parts, "COM_STMT_PREPARE", sql_statement(payload, more, SQL_MYSQL));
	parts_word(&u->parts, datum_keyword("COM_STMT_PREPARE"));
	sql_tell_statement(&u->parts, buf_view(&statement->text), statement->text_more, SQL_MYSQL);
	buf_append_text(&u->shape, "COM_STMT_PREPARE ");
	buf_append(&u->shape, statement->shape.data, statement->shape.size);
	my_wait(d, COM_STMT_PREPARE, statement, sql_has_secret(payload, SQL_MYSQL));
	my_statement_drop(d, d->last);
	d->last = statement;
}

/* What is done with a statement but to execute it. */
static void about_statement(struct decoder *d, uint32_t command, const char *name, struct view payload)
{
	struct my_unit *u = &d->unit;
	struct reader r = { payload };
	uint32_t id = (uint32_t)read_little(&r, 4);
	struct my_statement *statement = my_statement_find(d, id);
	parts_word(&u->parts, datum_keyword(name));
	buf_append_text(&u->shape, name);
	if (command == COM_STMT_FETCH) {
		struct datum values[2] = { datum_uint(id), datum_uint(read_little(&r, 4)) };
		parts_add(&u->parts, name, datum_array(values, 2));
	} else {
		parts_add(&u->parts, name, datum_uint(id));
	}
	if (statement) {
		sql_tell_statement(&u->parts, buf_view(&statement->text), statement->text_more, SQL_MYSQL);
		buf_append_byte(&u->shape, ' ');
		buf_append(&u->shape, statement->shape.data, statement->shape.size);
	} else {
		parts_word(&u->parts, datum_uint(id));
	}
	if (command == COM_STMT_CLOSE) {
		u->alone = true;
		my_end_unit(d, (struct view){ 0 });
		my_statement_forget(d, id);
		return;
	}
	my_wait(d, command, statement, false);
	if (statement && command == COM_STMT_RESET)
		my_statement_drop_longs(d, statement);
}

static bool has_name(uint32_t command)
{
	return command == COM_INIT_DB || command == COM_CREATE_DB || command == COM_DROP_DB || command == COM_FIELD_LIST;
}

/* Whatever is not known by its parts is shown as bytes; who registers as a replica says a password. */
static void other(struct decoder *d, uint32_t command, const char *name, struct view payload, uint64_t size)
{
	struct my_unit *u = &d->unit;
	struct datum value = payload.size ? datum_string(payload) : datum_keyword("");
	value.more = size - 1 - payload.size;
	if (command == COM_REGISTER_SLAVE || command == COM_TABLE_DUMP)
		value.flags = DATUM_SECRET;
	parts_word(&u->parts, datum_keyword(name));
	buf_append_text(&u->shape, name);
	if (command == COM_CHANGE_USER) {
		my_change_user(d, payload);
	} else {
		parts_add(&u->parts, name, value);
		if (has_name(command)) {
			const uint8_t *end = payload.size ? memchr(payload.data, 0, payload.size) : NULL;
			parts_word(&u->parts, datum_string(view_slice(payload, 0, end ? (size_t)(end - payload.data) : payload.size)));
		}
	}
	if (command == COM_INIT_DB) {
		buf_clear(&d->database);
		buf_append(&d->database, payload.data, payload.size);
	}
	if (command == COM_QUIT) {
		u->alone = true;
		my_end_unit(d, (struct view){ 0 });
		return;
	}
	my_wait(d, command, NULL, command == COM_CHANGE_USER);
}

static void command(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct reader r = { payload };
	uint32_t command = (uint32_t)read_little(&r, 1);
	const char *name = name_of(command);
	if (!name || payload.size == 0) {
		my_bad(d, s, "there is no such command");
		return;
	}
	my_begin_unit(d, command, s->time);
	d->unit.end = s->end;
	switch (command) {
	case COM_QUERY: query(d, r.rest, s->size); break;
	case COM_STMT_PREPARE: prepare(d, r.rest, s->size); break;
	case COM_STMT_EXECUTE:
	case COM_STMT_BULK_EXECUTE: my_execute(d, r.rest); break;
	case COM_STMT_SEND_LONG_DATA: my_long_data(d, r.rest, s->size - 1); break;
	case COM_STMT_CLOSE:
	case COM_STMT_RESET:
	case COM_STMT_FETCH: about_statement(d, command, name, r.rest); break;
	default: other(d, command, name, r.rest, s->size); break;
	}
}

void my_client_message(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct my_unit *u = &d->unit;
	bool authenticating = u->open && (u->command == MY_LOGIN || u->command == COM_CHANGE_USER);
	if (d->infile) { /* up to one that is empty */
		struct datum data = datum_string(payload);
		data.more = s->size - payload.size;
		d->infile = s->size != 0;
		if (u->open) {
			parts_add(&u->parts, "LocalInfileData", data);
			u->end = s->end;
		}
	} else if (authenticating && (d->phase != MY_COMMANDS || s->sequence)) {
		u->end = s->end;
		my_authenticate(d, payload);
	} else if (d->phase == MY_COMMANDS) {
		command(d, s, payload);
	} else if (d->phase == MY_LOGGING_IN && !u->open) {
		my_login(d, s, payload);
	} else {
		my_bad(d, s, "nothing is to be said before the server has");
	}
	if (d->sides[SIDE_SERVER].closed)
		my_tell_unanswered(d, s->end);
}
