/* How commands and replies of Redis are told of. */
#include "base/escape.h"
#include "proto/redis_parts.h"

struct view redis_protocol_of(const struct decoder *d)
{
	return view_text(d->version == 3 ? "RESP3" : "RESP2");
}

void redis_begun(struct decoder *d, uint64_t exchange, uint64_t time)
{
	if (!d->err)
		d->err = d->sink->begun(d->sink, exchange, time);
}

void redis_pass(struct decoder *d, enum message_side side, uint64_t exchange, struct message *message)
{
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, message);
}

void redis_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error)
{
	struct message message = { .time = time, .end = time, .error = error };
	redis_pass(d, side, exchange, &message);
}

static const char *type_name(uint8_t type)
{
	switch (type) {
	case '+': return "simple string";
	case '-': return "simple error";
	case ':': return "integer";
	case '$': return "bulk string";
	case '_': return "null";
	case '#': return "boolean";
	case ',': return "double";
	case '(': return "big number";
	case '!': return "bulk error";
	case '=': return "verbatim string";
	case '%': return "map";
	case '~': return "set";
	case '>': return "push";
	default: return "array";
	}
}

void redis_add_value(struct parts *parts, const struct resp *resp)
{
	const struct datum *attributes = (const struct datum *)resp->attributes.data;
	for (size_t i = 0; i < resp->attributes.size / sizeof *attributes; i++)
		parts_add(parts, "attribute", attributes[i]);
	if (resp->type == '=')
		parts_add(parts, "format", datum_word(view_of(resp->format, RESP_FORMAT_SIZE)));
	parts_add(parts, type_name(resp->type), resp->value);
}

static bool is_bare(struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i], letter = byte | 0x20;
		if (!((letter >= 'a' && letter <= 'z') || (byte >= '0' && byte <= '9') || (byte && strchr("_.:/@-", byte))))
			return false;
	}
	return text.size != 0;
}

/* As it would be typed, with "?" for what is a secret. */
void redis_add_query(struct decoder *d, struct parts *parts, const struct datum *words, uint32_t count)
{
	buf_clear(&d->text);
	for (uint32_t i = 0; i < count && d->text.size < PARTS_TEXT_MAX; i++) {
		struct view text = datum_has_text(&words[i]) ? words[i].text : (struct view){ 0 };
		if (i)
			buf_append_byte(&d->text, ' ');
		if (words[i].flags & DATUM_SECRET) {
			buf_append_byte(&d->text, '?');
		} else if (is_bare(text)) {
			buf_append(&d->text, text.data, text.size);
		} else {
			buf_append_byte(&d->text, '"');
			escape_bytes(&d->text, text, "");
			buf_append_byte(&d->text, '"');
		}
	}
	parts->failed |= d->text.failed;
	parts_attribute(parts, "db.query.text", datum_word(buf_view(&d->text)));
}
