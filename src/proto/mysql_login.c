/* How a connection to MySQL begins. What authenticates is secret. */
#include "proto/mysql_parts.h"

void my_greeting(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct reader r = { payload };
	uint64_t version = read_little(&r, 1);
	if (version == 0xff) {
		my_error(d, &d->alone, payload, false);
		s->exchange = d->next++;
		if (!d->err)
			d->err = d->sink->begun(d->sink, s->exchange, s->time);
		my_tell_alone(d, SIDE_SERVER, s->exchange, s->time, s->end);
		s->exchange = MY_NO_EXCHANGE;
		return;
	}
	struct view name = read_text(&r);
	if (version != 10 || r.failed) {
		my_bad(d, s, "it begins with a protocol that is not 10");
		return;
	}
	struct datum pairs[6] = { datum_keyword("version"), datum_string(name), datum_keyword("connection"), datum_uint(read_little(&r, 4)),
		datum_keyword("plugin"), { 0 } };
	read_bytes(&r, 9);
	d->server_can = read_little(&r, 2);
	read_bytes(&r, 3);
	d->server_can |= read_little(&r, 2) << 16;
	uint64_t size = read_little(&r, 1);
	read_bytes(&r, 6);
	uint64_t extended = read_little(&r, 4);
	if (!(d->server_can & 1)) /* MariaDB says so that it is none of MySQL's */
		d->server_can |= extended << 32;
	read_bytes(&r, size > 21 ? size - 8 : 13);
	pairs[5] = datum_string(r.rest.size ? read_text(&r) : (struct view){ 0 });
	d->mariadb = name.size && memmem(name.data, name.size, "MariaDB", 7);
	struct datum map = datum_array(pairs, pairs[5].text.size ? 6 : 4);
	map.type = DATUM_MAP;
	parts_add(&d->answer.parts, "Handshake", map);
	d->phase = MY_LOGGING_IN;
}

static void tell_name(struct parts *parts, const char *what, struct view name)
{
	if (name.size == 0)
		return;
	parts_word(parts, datum_keyword(what));
	parts_word(parts, datum_string(name));
}

static void add_pair(struct decoder *d, struct datum name, struct datum value)
{
	buf_append(&d->items, &name, sizeof name);
	buf_append(&d->items, &value, sizeof value);
}

static void tell_pairs(struct decoder *d, const char *name)
{
	struct datum map = datum_array((struct datum *)d->items.data, (uint32_t)(d->items.size / sizeof(struct datum)));
	map.type = DATUM_MAP;
	parts_add(&d->unit.parts, name, map);
}

static void set_database(struct decoder *d, struct view name)
{
	buf_clear(&d->database);
	buf_append(&d->database, name.data, name.size);
}

/* What a client calls itself: names and values, which a program may put anything into. */
static void read_attributes(struct decoder *d, struct reader *r)
{
	enum { ATTRIBUTES_MAX = 64 };
	uint64_t size = 0;
	if (r->rest.size == 0 || !mysql_read_size(r, &size))
		return;
	struct reader all = { read_bytes(r, size) };
	for (uint32_t i = 0; all.rest.size && !all.failed && i < ATTRIBUTES_MAX; i++) {
		struct view name, value;
		uint64_t ignored;
		if (!mysql_read_text(&all, &name, &ignored) || !mysql_read_text(&all, &value, &ignored))
			return;
		add_pair(d, datum_string(name), datum_string(value));
	}
}

static void encrypt(struct decoder *d, struct my_direction *s)
{
	parts_word(&d->unit.parts, datum_keyword("SSLRequest"));
	parts_add(&d->unit.parts, "SSLRequest", datum_keyword(""));
	buf_append_text(&d->unit.shape, "SSLRequest");
	my_begin_answer(d, d->unit.exchange, s->time);
	my_tag(d, view_text("encrypted"), 0);
	my_end_unit(d, (struct view){ 0 });
	my_end_answer(d, (struct view){ 0 });
	d->encrypted = true;
	d->encrypted_exchange = d->next++;
}

static struct view read_secret(struct reader *r, uint64_t can)
{
	struct view secret = { 0 };
	uint64_t size;
	if (can & CAP_AUTH_SIZE)
		mysql_read_text(r, &secret, &size);
	else if (can & CAP_SECURE)
		secret = read_bytes(r, read_little(r, 1));
	else
		secret = read_text(r);
	return secret;
}

void my_login(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct parts *parts = &d->unit.parts;
	struct reader r = { payload };
	my_begin_unit(d, MY_LOGIN, s->time);
	uint64_t can = read_little(&r, 2);
	bool new = can &CAP_41;
	if (new) {
		can |= read_little(&r, 2) << 16;
		read_bytes(&r, 4 + 1 + 19);
		uint64_t extended = read_little(&r, 4);
		can |= can & 1 ? 0 : extended << 32;
	} else {
		read_bytes(&r, 3);
	}
	d->can = can & d->server_can;
	if ((can & CAP_SSL) && r.rest.size == 0) {
		encrypt(d, s);
		return;
	}
	struct view user = read_text(&r), secret = read_secret(&r, new ? can : 0), database = { 0 };
	if (can & CAP_WITH_DB)
		database = read_text(&r);
	set_database(d, database);
	buf_clear(&d->items);
	add_pair(d, datum_keyword("user"), datum_string(user));
	add_pair(d, datum_keyword("response"), my_secret(secret));
	if (database.size)
		add_pair(d, datum_keyword("database"), datum_string(database));
	if (new && (can & CAP_PLUGIN) && r.rest.size)
		add_pair(d, datum_keyword("plugin"), datum_string(read_text(&r)));
	if (new && (can & CAP_ATTRIBUTES))
		read_attributes(d, &r);
	tell_pairs(d, "HandshakeResponse");
	parts_word(parts, datum_keyword("HandshakeResponse"));
	tell_name(parts, "user", user);
	tell_name(parts, "database", database);
	buf_append_text(&d->unit.shape, "HandshakeResponse");
	my_wait(d, MY_LOGIN, NULL, true);
}

void my_change_user(struct decoder *d, struct view payload)
{
	struct parts *parts = &d->unit.parts;
	struct reader r = { payload };
	struct view user = read_text(&r), secret = read_secret(&r, d->can & CAP_SECURE), database = read_text(&r);
	buf_clear(&d->items);
	add_pair(d, datum_keyword("user"), datum_string(user));
	add_pair(d, datum_keyword("response"), my_secret(secret));
	add_pair(d, datum_keyword("database"), datum_string(database));
	tell_pairs(d, "COM_CHANGE_USER");
	tell_name(parts, "user", user);
	tell_name(parts, "database", database);
	set_database(d, database);
}

void my_authenticate(struct decoder *d, struct view payload)
{
	parts_add(&d->unit.parts, "AuthResponse", my_secret(payload));
}

static void begin_commands(struct decoder *d)
{
	bool compressed = d->phase == MY_LOGGING_IN && d->can & (CAP_COMPRESS | CAP_ZSTD);
	d->phase = MY_COMMANDS;
	d->authenticated = true;
	d->sides[SIDE_CLIENT].compressed |= compressed;
	d->sides[SIDE_SERVER].compressed |= compressed;
}

void my_login_answer(struct decoder *d, struct my_direction *s, struct view payload)
{
	struct parts *parts = &d->answer.parts;
	struct reader r = { payload };
	switch (read_little(&r, 1)) {
	case 0x00:
		my_ok(d, payload, "OK");
		begin_commands(d);
		my_done(d);
		break;
	case 0xff:
		my_error(d, parts, payload, false);
		d->answer.failed = true;
		my_done(d);
		break;
	case 0xfe: {
		struct datum values[2] = { datum_string(read_text(&r)), { 0 } };
		values[1] = my_secret(r.rest);
		parts_add(parts, "AuthSwitchRequest", datum_array(values, 2));
		break;
	}
	case 0x01: parts_add(parts, "AuthMoreData", my_secret(r.rest)); break;
	default: my_bad(d, s, "nobody answers a login so");
	}
}
