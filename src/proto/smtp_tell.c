/* What commands and replies of SMTP are told with. */
#include "proto/smtp_parts.h"

enum { WORDS_MAX = 64 }; /* lines of a reply that a line shows, and parameters of a command */

/* The next word, which is taken off the text. */
static struct view next_word(struct view *text)
{
	while (text->size && text->data[0] == ' ')
		*text = view_slice(*text, 1, text->size);
	const uint8_t *end = text->size ? memchr(text->data, ' ', text->size) : NULL;
	struct view word = view_slice(*text, 0, end ? (size_t)(end - text->data) : text->size);
	*text = view_slice(*text, word.size + 1, text->size);
	return word;
}

static void add(struct parts *parts, const char *name, struct datum value)
{
	parts_word(parts, value);
	parts_add(parts, name, value);
}

/* FROM:<ada@a.test>, with or without a blank: the address, and what follows it. */
static bool add_address(struct parts *parts, struct view rest, const char *before, const char *attribute)
{
	if (!view_begins_word(rest, before))
		return false;
	rest = view_slice(rest, strlen(before), rest.size);
	while (rest.size && rest.data[0] == ' ')
		rest = view_slice(rest, 1, rest.size);
	const uint8_t *end = rest.size && rest.data[0] == '<' ? memchr(rest.data, '>', rest.size) : NULL;
	if (!end)
		return false;
	struct datum address = datum_string(view_slice(rest, 1, (size_t)(end - rest.data) - 1));
	add(parts, "address", address);
	parts_attribute(parts, attribute, address);
	rest = view_slice(rest, (size_t)(end - rest.data) + 1, rest.size);
	for (int i = 0; rest.size && i < WORDS_MAX; i++) {
		struct view word = next_word(&rest);
		if (word.size)
			add(parts, "parameter", datum_string(word));
	}
	return true;
}

/* BDAT 1000 LAST */
static void add_chunk(struct decoder *d, struct parts *parts, struct view rest)
{
	struct view number = next_word(&rest);
	add(parts, "size", datum_string(number));
	if (rest.size)
		add(parts, "last", datum_string(rest));
	uint64_t size = 0;
	for (size_t i = 0; i < number.size && size < UINT32_MAX; i++) {
		if (number.data[i] < '0' || number.data[i] > '9')
			return;
		size = size * 10 + (number.data[i] - '0');
	}
	d->left = size;
}

static void add_auth(struct parts *parts, struct view rest)
{
	struct view mechanism = next_word(&rest);
	struct datum secret = datum_string(rest);
	secret.flags = DATUM_SECRET;
	add(parts, "mechanism", datum_string(mechanism));
	if (rest.size)
		add(parts, "response", secret);
}

enum kind smtp_command_parts(struct decoder *d, struct view line)
{
	static const struct {
		const char *verb;
		enum kind kind;
	} kinds[] = { { "DATA", DATA }, { "AUTH", AUTH }, { "STARTTLS", STARTTLS } };
	struct parts *parts = &d->sides[SIDE_CLIENT].parts;
	struct view rest = line, verb = next_word(&rest);
	enum kind kind = PLAIN;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		kind = view_is_word(verb, kinds[i].verb) ? kinds[i].kind : kind;
	add(parts, "command", verb.size ? datum_word(verb) : datum_string(verb));
	parts_attribute(parts, "smtp.command", datum_word(verb));
	if (kind == AUTH) {
		add_auth(parts, rest);
	} else if (view_is_word(verb, "MAIL") ? add_address(parts, rest, "FROM:", "smtp.mail.from")
					      : view_is_word(verb, "RCPT") && add_address(parts, rest, "TO:", "smtp.rcpt.to")) {
		return kind;
	} else if (view_is_word(verb, "BDAT")) {
		add_chunk(d, parts, rest);
	} else if (rest.size) {
		add(parts, "argument", datum_string(rest));
	}
	return kind;
}

void smtp_answer_parts(struct decoder *d, struct view line)
{
	struct parts *parts = &d->sides[SIDE_CLIENT].parts;
	struct datum secret = datum_string(line);
	secret.flags = DATUM_SECRET;
	parts_word(parts, datum_keyword("AUTH"));
	add(parts, "response", secret);
}

void smtp_tell(struct decoder *d, enum message_side side, struct message *message)
{
	struct direction *s = &d->sides[side];
	message->protocol = view_text("SMTP");
	if (!parts_tell(&s->parts, message) && !d->err)
		d->err = err_nomem();
	if (side == SIDE_CLIENT && message->line_count)
		message->shape = message->line[0].text;
	if (!d->err)
		d->err = d->sink->message(d->sink, s->exchange, side, message);
	parts_clear(&s->parts);
}

void smtp_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error, bool alone)
{
	struct message message = { .time = time, .end = time, .error = error, .alone = alone };
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, &message);
}

/* The text of a line, which is taken off the rest. */
static struct view next_line(struct view *rest)
{
	const uint8_t *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
	struct view line = view_slice(*rest, 0, end ? (size_t)(end - rest->data) : rest->size);
	*rest = view_slice(*rest, line.size + 1, rest->size);
	line.size -= line.size && line.data[line.size - 1] == '\r';
	return view_slice(line, 4, line.size);
}

uint32_t smtp_tell_reply(struct decoder *d, struct direction *s, enum kind kind, bool alone)
{
	struct message message = { .time = s->time, .end = s->end, .alone = alone };
	struct datum texts[WORDS_MAX];
	uint32_t count = 0, more = 0, code = 0;
	for (int i = 0; i < 3; i++)
		code = code * 10 + (uint32_t)(s->line.data[i] - '0');
	add(&s->parts, "code", datum_uint(code));
	parts_attribute(&s->parts, "smtp.reply.code", datum_uint(code));
	buf_append(&s->reply, s->line.data, s->line.size);
	for (struct view rest = buf_view(&s->reply); rest.size;) {
		struct datum text = datum_word(next_line(&rest));
		text.flags = kind == AUTH && code == 334 ? DATUM_SECRET : 0;
		parts_add(&s->parts, "text", text);
		if (count < WORDS_MAX)
			texts[count++] = text;
		else
			more++;
	}
	struct datum list = datum_array(texts, count);
	list.flags = DATUM_LISTED;
	list.more = more;
	if (s->reply.failed)
		d->err = err_nomem();
	if (count > 1 || texts[0].text.size)
		parts_word(&s->parts, list);
	message.failed = code >= 400;
	smtp_tell(d, SIDE_SERVER, &message);
	return code;
}
