/* Replies, and what servers say without being asked: messages of channels, lines of monitors. */
#include "proto/redis_parts.h"

void redis_begin_reply(struct decoder *d, uint8_t first, uint64_t time)
{
	struct direction *s = &d->sides[SIDE_SERVER], *client = &d->sides[SIDE_CLIENT];
	if (d->count == 0 && client->begun && !client->numbered && first != '>') { /* an answer before the whole command */
		client->exchange = d->next++;
		client->numbered = true;
		d->err = redis_add_pending(d, (struct pending){ .exchange = client->exchange, .replies = 1 });
	}
	const struct pending *pending = redis_pending(d);
	bool subscribes = pending && (pending->kind == REDIS_SUBSCRIBE || pending->kind == REDIS_UNSUBSCRIBE);
	s->asked = pending && (first != '>' || subscribes) && !d->err;
	s->exchange = s->asked ? pending->exchange : d->next++;
	redis_begun(d, s->exchange, time);
}

static struct view word_of(const struct datum *value, uint32_t at)
{
	if (!datum_has_items(value) || at >= value->count || !datum_has_text(&value->items[at]))
		return (struct view){ 0 };
	return value->items[at].text;
}

static bool is_any(struct view word, const char *const *names)
{
	for (; *names; names++) {
		if (view_is_word(word, *names))
			return true;
	}
	return false;
}

/* What tells that a subscription was begun or ended. */
static bool is_confirmation(const struct datum *value)
{
	static const char *const names[] = { "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", NULL };
	return is_any(word_of(value, 0), names);
}

static bool is_channel_message(const struct datum *value)
{
	static const char *const names[] = { "MESSAGE", "PMESSAGE", "SMESSAGE", NULL };
	return is_any(word_of(value, 0), names);
}

/* 1339518083.107412 [0 127.0.0.1:60866] "keys" "*" */
static bool is_monitor_line(const struct resp *resp)
{
	struct view line = resp->value.text;
	size_t i = 0;
	if (resp->type != '+')
		return false;
	while (i < line.size && (line.data[i] == '.' || (line.data[i] >= '0' && line.data[i] <= '9')))
		i++;
	return i && i + 1 < line.size && line.data[i] == ' ' && line.data[i + 1] == '[';
}

/* Whether nobody asked for it. */
static bool is_alone(const struct decoder *d, const struct direction *s)
{
	const struct resp *resp = &s->resp;
	const struct pending *pending = redis_pending(d);
	bool push = resp->type == '>', waits = pending && (pending->kind == REDIS_SUBSCRIBE || pending->kind == REDIS_UNSUBSCRIBE);
	if ((push || resp->type == '*') && is_confirmation(&resp->value))
		return !waits && (push || d->subscribed);
	if (push)
		return true;
	if (resp->type == '*' && is_channel_message(&resp->value))
		return d->subscribed || !pending;
	return d->monitored && is_monitor_line(resp);
}

/* The count of subscriptions that are left stands last. */
static void note_subscription(struct decoder *d, const struct datum *value)
{
	if (is_confirmation(value) && value->count > 2)
		d->subscribed = value->items[2].type != DATUM_INT || value->items[2].sint != 0;
}

static bool is_error(const struct resp *resp)
{
	return resp->type == '-' || resp->type == '!';
}

/* What a command has changed, now that it was granted. */
static void note_reply(struct decoder *d, const struct pending *pending, const struct resp *resp)
{
	if (resp->type == '>' || resp->type == '%' || resp->type == '~' || resp->type == '_')
		d->version = 3;
	if (is_error(resp) || !pending)
		return;
	if (pending->kind == REDIS_MONITOR)
		d->monitored = true;
	if (pending->kind == REDIS_HELLO && pending->version)
		d->version = pending->version;
	if (pending->kind == REDIS_RESET) {
		d->monitored = d->subscribed = false;
		d->version = 2;
		d->database = 0;
	}
}

static void add_status(struct parts *parts, const struct resp *resp)
{
	struct view code = resp->value.text;
	const uint8_t *end = code.size ? memchr(code.data, ' ', code.size) : NULL;
	code.size = end ? (size_t)(end - code.data) : code.size;
	parts_attribute(parts, "db.response.status_code", datum_word(view_slice(code, 0, NAME_SIZE)));
}

/* Of an array in an array only so much is shown on a line. */
static struct datum first_items(struct datum value)
{
	if (datum_has_items(&value) && value.count > LINE_ITEMS + 2) {
		value.more += value.count - (LINE_ITEMS + 2);
		value.count = LINE_ITEMS + 2;
	}
	return value;
}

static void name_message(struct decoder *d, const struct resp *resp, struct message *message)
{
	buf_clear(&d->shape);
	struct view name = resp->type == '+' ? view_text("MONITOR") : view_slice(word_of(&resp->value, 0), 0, NAME_SIZE);
	buf_append(&d->shape, name.data, name.size);
	message->shape = buf_view(&d->shape);
	if (d->shape.failed)
		d->err = err_nomem();
}

static void add_parts(struct decoder *d, struct direction *s, bool alone)
{
	if (d->options.lines)
		return;
	redis_add_value(&s->parts, &s->resp);
	if (alone)
		parts_attribute(&s->parts, "db.system.name", datum_keyword("redis"));
	if (is_error(&s->resp))
		add_status(&s->parts, &s->resp);
}

static void tell(struct decoder *d, struct direction *s, bool alone, bool failed, struct view error)
{
	struct datum line = first_items(s->resp.value);
	bool listed = alone && datum_has_items(&line);
	struct message message = { .time = s->time, .end = s->end, .body_bytes = s->resp.size, .error = error, .alone = alone };
	message.protocol = redis_protocol_of(d);
	message.failed = failed;
	if (alone)
		name_message(d, &s->resp, &message);
	if (s->several) {
		parts_word(&s->parts, line);
		message.time = s->several_time;
		message.body_bytes += s->several_size;
	}
	if (!parts_tell(&s->parts, &message)) {
		d->err = err_nomem();
	} else if (!s->several) {
		message.line = listed ? line.items : &line;
		message.line_count = listed ? line.count : 1;
	}
	redis_pass(d, SIDE_SERVER, s->exchange, &message);
	parts_clear(&s->parts);
	s->several = false;
}

/* One of several. */
static void gather(struct direction *s)
{
	if (!s->several) {
		s->several_time = s->time;
		s->several_size = 0;
	}
	s->several = true;
	s->several_size += s->resp.size;
	parts_word(&s->parts, first_items(s->resp.value));
}

void redis_end_pending(struct decoder *d)
{
	d->first = (d->first + 1) % d->capacity;
	d->count--;
}

/* The reply that was waited for, or a part of it. */
static void take_reply(struct decoder *d, struct direction *s, struct view error)
{
	struct pending *pending = redis_pending(d);
	bool failed = is_error(&s->resp) || (pending->kind == REDIS_EXEC && s->resp.errors);
	redis_hide_reply(pending->secret, &s->resp.value);
	note_reply(d, pending, &s->resp);
	add_parts(d, s, false);
	if (error.size == 0 && !is_error(&s->resp) && --pending->replies) {
		gather(s);
		return;
	}
	if (error.size == 0)
		redis_note_replication(d, pending, &s->resp);
	tell(d, s, false, failed && !error.size, error);
	redis_end_pending(d);
}

void redis_reply(struct decoder *d, struct view error)
{
	struct direction *s = &d->sides[SIDE_SERVER];
	bool alone = error.size ? s->resp.type == '>' && !s->asked : is_alone(d, s);
	if (error.size == 0)
		note_subscription(d, &s->resp.value);
	if (alone && s->asked) {
		redis_begun(d, s->exchange, 0);
		s->exchange = d->next++;
		redis_begun(d, s->exchange, s->time);
		s->asked = false;
	}
	if (s->asked) {
		take_reply(d, s, error);
		return;
	}
	note_reply(d, NULL, &s->resp);
	if (!alone)
		redis_tell_error(d, SIDE_CLIENT, s->exchange, s->time, view_text("no request was seen"));
	add_parts(d, s, alone);
	tell(d, s, alone, error.size == 0 && is_error(&s->resp), error);
}

void redis_tell_unanswered(struct decoder *d, uint64_t time)
{
	struct direction *s = &d->sides[SIDE_SERVER];
	for (; d->count && !d->err; redis_end_pending(d)) {
		uint64_t exchange = redis_pending(d)->exchange;
		struct message message = { .time = time, .end = time, .error = buf_view(&d->gone) };
		if (s->several) {
			message.time = s->several_time;
			message.body_bytes = s->several_size;
			message.protocol = redis_protocol_of(d);
			parts_tell(&s->parts, &message);
		}
		redis_pass(d, SIDE_SERVER, exchange, &message);
		parts_clear(&s->parts);
		s->several = false;
	}
}
