/* What a server of PostgreSQL says. */
#include "proto/postgresql_parts.h"

/* What nobody asked for, and what says nothing of a request. */
static bool stands_alone(const struct decoder *d, uint8_t type)
{
	bool idle = pg_waited_count(d) == 0 && !d->answer.begun;
	return type == 'N' || type == 'A' || ((type == 'S' || type == 'E') && idle);
}

/* An answer to what was not seen. */
static void answer_unseen(struct decoder *d, uint64_t time)
{
	struct pg_waited waited = { PG_QUERY, false, d->next++, NULL };
	buf_append(&d->waited, &waited, sizeof waited);
	if (d->waited.failed)
		d->err = err_nomem();
	pg_tell_error(d, SIDE_CLIENT, waited.exchange, time, view_text("no request was seen"));
}

void pg_server_begins(struct decoder *d, struct pg_direction *s)
{
	s->alone = stands_alone(d, s->type);
	if (s->alone) {
		s->exchange = d->next++;
		if (!d->err)
			d->err = d->sink->begun(d->sink, s->exchange, s->time);
		return;
	}
	if (pg_waited_count(d) == 0 && !d->answer.begun)
		answer_unseen(d, s->time);
	if (d->err || d->answer.begun)
		return;
	d->answer.not_run = s->type == 'Z' && d->failed_before;
	pg_begin_answer(d, pg_first(d)->exchange, s->time);
}

void pg_server_byte(struct decoder *d, struct pg_direction *s, uint8_t byte)
{
	bool taken = byte == 'S' || byte == 'G';
	pg_begin_answer(d, pg_first(d)->exchange, s->time);
	d->answer.end = s->end;
	pg_forget_first(d);
	pg_tag(d, datum_keyword(taken ? "accepted" : "refused"));
	parts_add(&d->answer.parts, NULL, datum_word(view_of(&byte, 1)));
	pg_answer_if_done(d);
	d->encrypted = taken;
	d->encrypted_exchange = d->next;
	d->next += taken;
}

static struct datum secret_of(struct view bytes)
{
	struct datum value = datum_string(bytes);
	value.flags = DATUM_SECRET;
	return value;
}

static void authentication(struct decoder *d, struct view payload)
{
	static const char *const names[] = { "AuthenticationOk", NULL, "AuthenticationKerberosV5", "AuthenticationCleartextPassword", NULL,
		"AuthenticationMD5Password", "AuthenticationSCMCredential", "AuthenticationGSS", "AuthenticationGSSContinue",
		"AuthenticationSSPI", "AuthenticationSASL", "AuthenticationSASLContinue", "AuthenticationSASLFinal" };
	enum { SASL = 10, FINAL = 12 };
	struct reader r = { payload };
	uint32_t code = (uint32_t)read_big(&r, 4);
	const char *name = code <= FINAL ? names[code] : NULL;
	struct datum value = r.rest.size ? secret_of(r.rest) : datum_keyword("");
	buf_clear(&d->items);
	if (code == SASL) {
		while (r.rest.size && r.rest.data[0]) {
			struct datum mechanism = datum_string(read_text(&r));
			buf_append(&d->items, &mechanism, sizeof mechanism);
		}
		value = datum_array((struct datum *)d->items.data, (uint32_t)(d->items.size / sizeof value));
	}
	d->authentication = code;
	parts_add(&d->answer.parts, name ? name : "Authentication", value);
}

static void key_data(struct decoder *d, struct view payload)
{
	struct reader r = { payload };
	struct datum values[2] = { datum_uint(read_big(&r, 4)) };
	values[1] = secret_of(r.rest);
	parts_add(&d->answer.parts, "BackendKeyData", datum_array(values, 2));
}

static void parameter_status(struct decoder *d, struct parts *parts, struct view payload, bool alone)
{
	struct reader r = { payload };
	struct view name = read_text(&r), text = read_text(&r);
	struct datum values[2] = { datum_string(name), datum_string(text) };
	parts_add(parts, "ParameterStatus", datum_array(values, 2));
	if (!alone)
		return;
	parts_word(&d->alone, datum_keyword("ParameterStatus"));
	parts_word(&d->alone, values[0]);
	parts_word(&d->alone, values[1]);
}

static void notification(struct decoder *d, struct view payload)
{
	struct reader r = { payload };
	struct datum process = datum_uint(read_big(&r, 4));
	struct view channel = read_text(&r), text = read_text(&r);
	struct datum values[3] = { process, datum_string(channel), datum_string(text) };
	parts_add(&d->alone, "NotificationResponse", datum_array(values, 3));
	parts_word(&d->alone, datum_keyword("NOTIFY"));
	parts_word(&d->alone, values[1]);
	if (text.size)
		parts_word(&d->alone, values[2]);
}

static void message_alone(struct decoder *d, struct pg_direction *s, struct view payload)
{
	switch (s->type) {
	case 'A': notification(d, payload); break;
	case 'S': parameter_status(d, &d->alone, payload, true); break;
	default: pg_error(d, &d->alone, s->type == 'N' ? "NoticeResponse" : "ErrorResponse", payload, true); break;
	}
	pg_tell_alone(d, SIDE_SERVER, s->exchange, s->time, s->end);
	s->alone = false;
}

/* SELECT 3, INSERT 0 1: rows are counted by the last word. */
static void command_complete(struct decoder *d, struct view payload)
{
	struct pg_answer *a = &d->answer;
	struct reader r = { payload };
	struct view tag = read_text(&r);
	uint64_t count = 0;
	size_t at = tag.size;
	for (uint64_t unit = 1; at && tag.data[at - 1] >= '0' && tag.data[at - 1] <= '9' && tag.size - at < 18; at--, unit *= 10)
		count += unit * (uint64_t)(tag.data[at - 1] - '0');
	bool returns = tag.size >= 7 && (memcmp(tag.data, "SELECT ", 7) == 0 || memcmp(tag.data, "FETCH ", 6) == 0);
	if (!returns)
		a->affected += count;
	pg_tag(d, datum_word(tag));
	parts_add(&a->parts, "CommandComplete", datum_word(tag));
}

/* What was sent up to the next Sync is not run. What was sent whole is told of. */
static void skip(struct decoder *d, uint64_t time)
{
	uint64_t current = d->answer.exchange;
	d->failed_before = true;
	while (pg_waited_count(d) && pg_first(d)->command != PG_SYNC) {
		uint64_t exchange = pg_first(d)->exchange;
		pg_forget_first(d);
		bool more = pg_waited_count(d) && pg_first(d)->exchange == exchange;
		bool open = d->unit.kind != PG_UNIT_NONE && d->unit.exchange == exchange;
		if (exchange != current && !more && !open)
			pg_tell_error(d, SIDE_SERVER, exchange, time, view_text("not run: a command before it failed"));
	}
	d->skipping = pg_waited_count(d) == 0;
}

static void error(struct decoder *d, struct pg_direction *s, struct view payload)
{
	const struct pg_waited *first = pg_first(d);
	d->secret = first && first->secret;
	pg_error(d, &d->answer.parts, "ErrorResponse", payload, false);
	d->secret = false;
	d->answer.failed = true;
	if (!first || first->exchange != d->answer.exchange)
		return;
	if (first->command == PG_START)
		pg_forget_first(d);
	else if (first->command != PG_QUERY && first->command != PG_SYNC)
		skip(d, s->end);
}

/* The server is done with a command of the request that it is at, and with what it did not answer before it. */
static void done(struct decoder *d, enum pg_command command)
{
	const struct pg_waited *first = pg_first(d);
	if (first && first->command == command && first->exchange == d->answer.exchange)
		pg_forget_first(d);
}

static void ready(struct decoder *d, struct view payload)
{
	static const struct {
		uint8_t code;
		const char *name;
	} states[] = { { 'I', "idle" }, { 'T', "transaction" }, { 'E', "failed transaction" } };
	struct datum state = datum_word(payload);
	for (size_t i = 0; payload.size && i < sizeof states / sizeof *states; i++) {
		if (payload.data[0] == states[i].code)
			state = datum_keyword(states[i].name);
	}
	parts_add(&d->answer.parts, "ReadyForQuery", state);
	d->failed_before = false;
	d->ready = true;
	for (const struct pg_waited *first = pg_first(d); first && first->exchange == d->answer.exchange; first = pg_first(d)) {
		enum pg_command command = first->command;
		pg_forget_first(d);
		if (command == PG_SYNC || command == PG_QUERY || command == PG_START)
			break;
	}
}

static void add(struct decoder *d, const char *name)
{
	parts_add(&d->answer.parts, name, datum_keyword(""));
}

static void copy_data(struct decoder *d, struct view payload, uint64_t size)
{
	struct datum data = datum_string(payload);
	data.more = size - payload.size;
	parts_add(&d->answer.parts, "CopyData", data);
}

static void tagged(struct decoder *d, const char *name)
{
	pg_tag(d, datum_keyword(name));
	add(d, name);
	done(d, PG_EXECUTE);
}

static struct pg_object *described(const struct decoder *d)
{
	const struct pg_waited *first = pg_first(d);
	return first && first->command == PG_DESCRIBE ? first->object : NULL;
}

void pg_server_message(struct decoder *d, struct pg_direction *s, struct view payload)
{
	if (!s->alone && !d->answer.begun) /* the client went on before it was all there */
		pg_server_begins(d, s);
	if (s->alone) {
		message_alone(d, s, payload);
		return;
	}
	d->answer.end = s->end;
	switch (s->type) {
	case 'D': pg_row(d, payload, s->size); return;
	case 'd': copy_data(d, payload, s->size); return;
	case 'R': authentication(d, payload); break;
	case 'S': parameter_status(d, &d->answer.parts, payload, false); break;
	case 'K': key_data(d, payload); break;
	case 'Z': ready(d, payload); break;
	case 'E': error(d, s, payload); break;
	case '1': add(d, "ParseComplete"), done(d, PG_PARSE); break;
	case '2': add(d, "BindComplete"), done(d, PG_BIND); break;
	case '3': add(d, "CloseComplete"), done(d, PG_CLOSE); break;
	case 't': pg_types(d, payload, described(d)); break;
	case 'T': pg_columns(d, payload, described(d)), done(d, PG_DESCRIBE); break;
	case 'n': add(d, "NoData"), done(d, PG_DESCRIBE); break;
	case 'C': command_complete(d, payload), done(d, PG_EXECUTE); break;
	case 'I': tagged(d, "EmptyQueryResponse"); break;
	case 's': tagged(d, "PortalSuspended"); break;
	case 'G': add(d, "CopyInResponse"); break;
	case 'H': add(d, "CopyOutResponse"); break;
	case 'W': add(d, "CopyBothResponse"); break;
	case 'c': add(d, "CopyDone"); break;
	case 'V': add(d, "FunctionCallResponse"); break;
	default: add(d, "NegotiateProtocolVersion"); break;
	}
	pg_answer_if_done(d);
}
