/* Commands: what they are called, and what they change for what follows. */
#include <stdlib.h>

#include "proto/redis_parts.h"

enum redis_kind redis_kind_of(struct view name)
{
	static const struct {
		const char *name;
		enum redis_kind kind;
	} known[] = {
		{ "ACL", REDIS_ACL },
		{ "AUTH", REDIS_AUTH },
		{ "CLIENT", REDIS_CLIENT },
		{ "CLUSTER", REDIS_CONTAINER },
		{ "COMMAND", REDIS_CONTAINER },
		{ "CONFIG", REDIS_CONFIG },
		{ "DEBUG", REDIS_CONTAINER },
		{ "EXEC", REDIS_EXEC },
		{ "FUNCTION", REDIS_CONTAINER },
		{ "HELLO", REDIS_HELLO },
		{ "LATENCY", REDIS_CONTAINER },
		{ "MEMORY", REDIS_CONTAINER },
		{ "MIGRATE", REDIS_MIGRATE },
		{ "MODULE", REDIS_CONTAINER },
		{ "MONITOR", REDIS_MONITOR },
		{ "OBJECT", REDIS_CONTAINER },
		{ "PSUBSCRIBE", REDIS_SUBSCRIBE },
		{ "PSYNC", REDIS_PSYNC },
		{ "PUBSUB", REDIS_CONTAINER },
		{ "PUNSUBSCRIBE", REDIS_UNSUBSCRIBE },
		{ "RESET", REDIS_RESET },
		{ "SCRIPT", REDIS_CONTAINER },
		{ "SELECT", REDIS_SELECT },
		{ "SENTINEL", REDIS_SENTINEL },
		{ "SLOWLOG", REDIS_CONTAINER },
		{ "SSUBSCRIBE", REDIS_SUBSCRIBE },
		{ "SUBSCRIBE", REDIS_SUBSCRIBE },
		{ "SUNSUBSCRIBE", REDIS_UNSUBSCRIBE },
		{ "SYNC", REDIS_SYNC },
		{ "UNSUBSCRIBE", REDIS_UNSUBSCRIBE },
		{ "XGROUP", REDIS_CONTAINER },
		{ "XINFO", REDIS_CONTAINER },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (view_is_word(name, known[i].name))
			return known[i].kind;
	}
	return REDIS_PLAIN;
}

enum err redis_add_pending(struct decoder *d, struct pending pending)
{
	if (d->count == d->capacity) {
		uint32_t capacity = d->capacity ? d->capacity * 2 : 4;
		struct pending *ring = malloc(capacity * sizeof *ring);
		if (!ring)
			return err_nomem();
		for (uint32_t i = 0; i < d->count; i++)
			ring[i] = d->pending[(d->first + i) % d->capacity];
		free(d->pending);
		d->pending = ring;
		d->capacity = capacity;
		d->first = 0;
	}
	d->pending[(d->first + d->count++) % d->capacity] = pending;
	return ERR_NONE;
}

static void append_name(struct buf *shape, const struct datum *word)
{
	struct view name = datum_has_text(word) ? view_slice(word->text, 0, NAME_SIZE) : (struct view){ 0 };
	for (size_t i = 0; i < name.size; i++)
		buf_append_byte(shape, name.data[i] >= 'a' && name.data[i] <= 'z' ? name.data[i] & ~0x20 : name.data[i]);
}

static bool has_subcommand(enum redis_kind kind)
{
	return kind == REDIS_CONTAINER || kind == REDIS_ACL || kind == REDIS_CLIENT || kind == REDIS_CONFIG || kind == REDIS_SENTINEL;
}

static void name_command(struct decoder *d, enum redis_kind kind, const struct datum *words, uint32_t count)
{
	buf_clear(&d->shape);
	if (count)
		append_name(&d->shape, &words[0]);
	if (count < 2 || !has_subcommand(kind))
		return;
	buf_append_byte(&d->shape, ' ');
	append_name(&d->shape, &words[1]);
}

static struct view text_of(const struct datum *words, uint32_t count, uint32_t at)
{
	return at < count && datum_has_text(&words[at]) ? words[at].text : (struct view){ 0 };
}

/* CLIENT REPLY OFF, SKIP, ON. True: to this command there is no reply. */
static bool change_replies(struct decoder *d, enum redis_kind kind, const struct datum *words, uint32_t count)
{
	bool silent = d->replies != REPLIES_ON || d->replication.on;
	if (d->replies == REPLIES_SKIP)
		d->replies = REPLIES_ON;
	if (kind != REDIS_CLIENT || !view_is_word(text_of(words, count, 1), "REPLY"))
		return silent;
	struct view how = text_of(words, count, 2);
	if (view_is_word(how, "ON"))
		d->replies = REPLIES_ON;
	else if (view_is_word(how, "OFF"))
		d->replies = REPLIES_OFF;
	else if (view_is_word(how, "SKIP") && d->replies == REPLIES_ON)
		d->replies = REPLIES_SKIP;
	return d->replies != REPLIES_ON || d->replication.on;
}

static void change_database(struct decoder *d, struct view number)
{
	uint32_t database = 0;
	for (size_t i = 0; i < number.size && i < 9; i++) {
		if (number.data[i] < '0' || number.data[i] > '9')
			return;
		database = database * 10 + (number.data[i] - '0');
	}
	d->database = database;
}

static void add_parts(struct decoder *d, struct parts *parts, const struct datum *words, uint32_t count, uint64_t more)
{
	for (uint32_t i = 0; i < count; i++)
		parts_add(parts, i ? "argument" : "command", words[i]);
	parts->more += more;
	parts_attribute(parts, "db.system.name", datum_keyword("redis"));
	parts_attribute(parts, "db.operation.name", datum_word(buf_view(&d->shape)));
	buf_clear(&d->text);
	buf_printf(&d->text, "%u", d->database);
	parts->failed |= d->text.failed;
	parts_attribute(parts, "db.namespace", datum_word(buf_view(&d->text)));
	redis_add_query(d, parts, words, count);
}

static void tell(struct decoder *d, struct direction *s, struct message *message)
{
	struct datum *words = (struct datum *)s->resp.value.items;
	uint32_t count = datum_has_items(&s->resp.value) ? s->resp.value.count : 0;
	uint64_t more = datum_has_items(&s->resp.value) ? s->resp.value.more : 0;
	if (!d->options.lines) {
		parts_clear(&s->parts);
		add_parts(d, &s->parts, words, count, more);
		if (!parts_tell(&s->parts, message)) {
			d->err = err_nomem();
			return;
		}
	}
	if (count + more > LINE_ITEMS && count >= LINE_ITEMS) { /* the last word tells of all of them */
		words[LINE_ITEMS - 1] = (struct datum){ .type = DATUM_ARRAY, .flags = DATUM_LISTED, .more = count + more };
		count = LINE_ITEMS;
	}
	message->line = words;
	message->line_count = count;
	redis_pass(d, SIDE_CLIENT, s->exchange, message);
}

void redis_command(struct decoder *d, struct view error)
{
	struct direction *s = &d->sides[SIDE_CLIENT];
	struct datum *words = (struct datum *)s->resp.value.items;
	uint32_t count = datum_has_items(&s->resp.value) ? s->resp.value.count : 0;
	if (count == 0 && error.size == 0)
		return; /* an empty line, or no words: nothing is answered */
	enum redis_kind kind = redis_kind_of(text_of(words, count, 0));
	struct pending pending = { .replies = 1, .kind = (uint8_t)kind, .secret = redis_hide(kind, words, count) };
	struct message message = { .time = s->time, .end = s->end, .body_bytes = s->resp.size, .error = error };
	bool numbered = s->numbered;
	name_command(d, kind, words, count);
	message.protocol = count ? redis_protocol_of(d) : (struct view){ 0 };
	message.shape = buf_view(&d->shape);
	if (d->shape.failed)
		d->err = err_nomem();
	if ((kind == REDIS_SUBSCRIBE || kind == REDIS_UNSUBSCRIBE) && count > 1)
		pending.replies = (uint32_t)(count - 1 + s->resp.value.more);
	if (kind == REDIS_HELLO && count > 1)
		pending.version = view_is_word(words[1].text, "3") ? 3 : 2;
	if (kind == REDIS_SELECT)
		change_database(d, text_of(words, count, 1));
	message.alone = error.size == 0 && !numbered && change_replies(d, kind, words, count);
	if (!numbered)
		s->exchange = d->next++;
	pending.exchange = s->exchange;
	if (message.alone)
		redis_begun(d, s->exchange, s->time);
	else if (!numbered && !d->err)
		d->err = redis_add_pending(d, pending);
	tell(d, s, &message);
}
