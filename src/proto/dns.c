#include "proto/dns_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/say.h"

/* A question, to which an answer is due. In a flow of datagrams it may be sent again, and each may be answered. */
struct pending {
	uint64_t exchange, hash;
	uint32_t again; /* so many times; when it is answered, answers that may still come */
	uint16_t id;
	bool answered;
};

/* Of a connection: messages have their length before them. */
struct direction {
	struct buf bytes; /* of the message under way, with its length */
	uint64_t time;
	bool closed, begun; /* it is known whose answer is under way */
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct direction sides[2];
	struct pending *pending; /* the first one was sent first */
	uint32_t count, capacity;
	uint64_t next;
	struct parts parts;
	struct dns_scratch scratch;
	struct buf shape, why, gone;
	enum err err;
};

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->sink = sink;
	d->parts.max = options->body_max;
	*ret_decoder = d;
	return ERR_NONE;
}

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	buf_finish(&d->sides[0].bytes);
	buf_finish(&d->sides[1].bytes);
	free(d->pending);
	parts_finish(&d->parts);
	arena_finish(&d->scratch.arena);
	buf_finish(&d->scratch.text);
	buf_finish(&d->shape);
	buf_finish(&d->why);
	buf_finish(&d->gone);
	free(d);
}

static void begun(struct decoder *d, uint64_t exchange, uint64_t time)
{
	if (!d->err)
		d->err = d->sink->begun(d->sink, exchange, time);
}

static void pass(struct decoder *d, enum message_side side, uint64_t exchange, const struct message *message)
{
	if (!d->err)
		d->err = d->why.failed || d->gone.failed ? err_nomem() : d->sink->message(d->sink, exchange, side, message);
}

static void tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error)
{
	struct message message = { .time = time, .end = time, .error = error };
	pass(d, side, exchange, &message);
}

static void forget(struct decoder *d, uint32_t at)
{
	memmove(d->pending + at, d->pending + at + 1, (--d->count - at) * sizeof *d->pending);
}

static void remember(struct decoder *d, struct pending pending)
{
	if (d->count == d->capacity) {
		uint32_t capacity = d->capacity ? d->capacity * 2 : 2;
		struct pending *more = realloc(d->pending, capacity * sizeof *more);
		if (!more) {
			d->err = d->err ? d->err : err_nomem();
			return;
		}
		d->pending = more;
		d->capacity = capacity;
	}
	d->pending[d->count++] = pending;
}

/* The question that was asked first with this id; `count`: none. */
static uint32_t find(const struct decoder *d, uint16_t id, bool answered)
{
	uint32_t at = 0;
	while (at < d->count && (d->pending[at].id != id || d->pending[at].answered != answered))
		at++;
	return at;
}

/* Who asks a group for a name (RFC 6762, RFC 4795) gets an answer from each who has it, from its own address; or from nobody. */
static bool asks_a_group(const struct decoder *d)
{
	enum { PORT_MDNS = 5353, PORT_LLMNR = 5355 };
	return d->options.group || (d->options.datagrams && (d->options.port == PORT_MDNS || d->options.port == PORT_LLMNR));
}

static uint64_t hash_of(struct view bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	for (size_t i = 0; i < bytes.size; i++)
		hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* The same bytes before they are answered: who asked waited too long. */
static bool is_asked_again(struct decoder *d, const struct dns_header *header, uint64_t hash)
{
	uint32_t at = d->options.datagrams ? find(d, header->id, false) : d->count;
	if (at == d->count || d->pending[at].hash != hash)
		return false;
	d->pending[at].again++;
	return true;
}

static void add_again(struct decoder *d, uint32_t again)
{
	char text[32], line[32 + 16];
	if (again == 0)
		return;
	snprintf(text, sizeof text, "%u times", again + 1);
	snprintf(line, sizeof line, "(asked %s)", text);
	parts_add(&d->parts, "asked", datum_word(view_text(text)));
	parts_word(&d->parts, datum_word(view_text(line)));
	parts_attribute(&d->parts, "dns.question.repeats", datum_uint(again));
}

/* `again`: so often the question was repeated. */
static void fill(struct decoder *d, struct view bytes, const struct dns_header *header, uint32_t again, struct message *message)
{
	parts_clear(&d->parts);
	buf_clear(&d->why);
	uint16_t rcode;
	bool good = dns_describe(bytes, header, &d->parts, &d->shape, &d->why, &d->scratch, d->options.lines, &rcode);
	add_again(d, again);
	if (!good || !parts_tell(&d->parts, message))
		d->err = d->err ? d->err : err_nomem();
	message->protocol = view_text("DNS");
	message->shape = buf_view(&d->shape);
	message->error = buf_view(&d->why);
	message->body_bytes = bytes.size;
	message->failed = rcode != 0;
}

/* No answer comes to a question. */
static void tell_unanswered(struct decoder *d, const struct pending *pending, uint64_t time, struct view reason)
{
	if (pending->answered)
		return;
	buf_clear(&d->why);
	buf_append(&d->why, reason.data, reason.size);
	if (pending->again)
		buf_printf(&d->why, "; it was asked %u times", pending->again + 1);
	tell_error(d, SIDE_SERVER, pending->exchange, time, buf_view(&d->why));
}

static void take_question(struct decoder *d, struct view bytes, const struct dns_header *header, struct message *message)
{
	uint64_t hash = d->options.datagrams ? hash_of(bytes) : 0;
	message->alone = asks_a_group(d);
	if (!message->alone && is_asked_again(d, header, hash))
		return;
	uint64_t exchange = d->next++;
	if (d->count == DNS_PENDING_MAX) {
		tell_unanswered(d, &d->pending[0], message->end, view_text("no response: too many questions wait"));
		forget(d, 0);
	}
	if (message->alone)
		begun(d, exchange, message->time);
	else
		remember(d, (struct pending){ .exchange = exchange, .hash = hash, .id = header->id });
	fill(d, bytes, header, 0, message);
	pass(d, SIDE_CLIENT, exchange, message);
}

/* A question that was sent twice was answered twice. */
static void forget_answer(struct decoder *d, uint32_t at)
{
	struct pending *pending = &d->pending[at];
	if (pending->again == 0) {
		forget(d, at);
		return;
	}
	pending->again--;
	pending->answered = true;
}

/*
 * An answer that nobody asked for here is one if it tells of a service (RFC 6762), or was given before; else its question was not seen.
 */
static void take_answer(struct decoder *d, struct view bytes, const struct dns_header *header, struct message *message, bool was_begun)
{
	uint32_t at = find(d, header->id, false), before = find(d, header->id, true);
	bool asked = at < d->count, repeated = !asked && before < d->count;
	uint64_t exchange = asked ? d->pending[at].exchange : d->next++;
	if (!was_begun)
		begun(d, exchange, message->time);
	fill(d, bytes, header, asked ? d->pending[at].again : 0, message);
	message->alone = !asked && (repeated || asks_a_group(d) || (header->id == 0 && header->counts[DNS_QUESTION] == 0));
	if (!asked && !message->alone)
		tell_error(d, SIDE_CLIENT, exchange, message->time, view_text("no question was seen"));
	pass(d, SIDE_SERVER, exchange, message);
	if (asked || repeated)
		forget_answer(d, asked ? at : before);
}

/* Bytes that are no message. */
static void take_other(struct decoder *d, enum message_side side, struct view bytes, const struct message *message)
{
	uint64_t exchange = d->next++;
	struct message other = { .time = message->time, .end = message->end, .body_bytes = bytes.size, .alone = true };
	buf_clear(&d->why);
	buf_printf(&d->why, "%zu bytes are no message of DNS", bytes.size);
	other.error = buf_view(&d->why);
	begun(d, exchange, message->time);
	pass(d, side, exchange, &other);
}

static void take(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, uint64_t end, bool was_begun)
{
	struct dns_header header;
	struct message message = { .time = time, .end = end };
	bool whole = dns_read_header(bytes, &header);
	if (whole && (header.flags & DNS_RESPONSE) == 0 && side == SIDE_CLIENT)
		take_question(d, bytes, &header, &message);
	else if (whole && header.flags & DNS_RESPONSE && side == SIDE_SERVER)
		take_answer(d, bytes, &header, &message, was_begun);
	else
		take_other(d, side, bytes, &message);
	parts_clear(&d->parts);
}

/* So many bytes of what is under way are wanted next: its length, or all of it. */
static size_t wanted(const struct buf *bytes)
{
	return bytes->size < 2 ? 2 : 2 + (size_t)(bytes->data[0] << 8 | bytes->data[1]);
}

/* The answer's place is that of its first byte, as soon as it is known what it answers. */
static void begin_answer(struct decoder *d, struct direction *s)
{
	if (s->begun || s->bytes.size < 4 || wanted(&s->bytes) < 2 + DNS_HEADER_SIZE)
		return;
	uint32_t at = find(d, (uint16_t)(s->bytes.data[2] << 8 | s->bytes.data[3]), false);
	if (at == d->count)
		return;
	s->begun = true;
	begun(d, d->pending[at].exchange, s->time);
}

static size_t feed_stream(struct decoder *d, enum message_side side, struct view bytes, uint64_t time)
{
	struct direction *s = &d->sides[side];
	if (s->bytes.size == 0)
		s->time = time;
	struct view part = view_slice(bytes, 0,
		(s->bytes.size < 4 ? (wanted(&s->bytes) < 4 ? wanted(&s->bytes) : 4) : wanted(&s->bytes)) - s->bytes.size);
	buf_append(&s->bytes, part.data, part.size);
	if (s->bytes.failed) {
		d->err = err_nomem();
		return part.size;
	}
	if (side == SIDE_SERVER)
		begin_answer(d, s);
	if (s->bytes.size < 2 || s->bytes.size < wanted(&s->bytes))
		return part.size;
	take(d, side, view_of(s->bytes.data + 2, s->bytes.size - 2), s->time, time, s->begun);
	s->begun = false;
	buf_clear(&s->bytes);
	return part.size;
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	*ret_used = bytes.size;
	if (d->options.datagrams)
		take(d, side, bytes, time, time, false);
	while (!d->options.datagrams && bytes.size && !d->err)
		bytes = view_slice(bytes, feed_stream(d, side, bytes, time), bytes.size);
	return d->err ? FEED_FAILED : FEED_MORE;
}

static void end_early(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	struct message message = { .time = s->time, .end = time, .body_bytes = s->bytes.size, .alone = true };
	uint64_t exchange;
	buf_clear(&d->why);
	say_end(&d->why, reason);
	buf_printf(&d->why, ", %zu bytes before the end of a message", wanted(&s->bytes) - s->bytes.size);
	message.error = buf_view(&d->why);
	uint32_t at = s->begun ? find(d, (uint16_t)(s->bytes.data[2] << 8 | s->bytes.data[3]), false) : d->count;
	if (at < d->count) {
		exchange = d->pending[at].exchange;
		message.alone = false;
		forget(d, at);
	} else {
		exchange = d->next++;
		begun(d, exchange, s->time);
	}
	pass(d, side, exchange, &message);
	buf_clear(&s->bytes);
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	if (s->bytes.size)
		end_early(d, side, time, reason);
	if (side == SIDE_SERVER)
		say_no_response(&d->gone, reason);
	for (; d->sides[SIDE_SERVER].closed && d->count && !d->err; forget(d, 0))
		tell_unanswered(d, &d->pending[0], time, buf_view(&d->gone));
	return d->err;
}

static enum probe_result probe_side(struct view bytes, bool response)
{
	if (bytes.size < 2 + 4)
		return bytes.size < 2 || bytes.data[0] || bytes.data[1] >= DNS_HEADER_SIZE ? PROBE_MORE : PROBE_NO;
	size_t size = (size_t)(bytes.data[0] << 8 | bytes.data[1]);
	bool plausible = size >= DNS_HEADER_SIZE && response == (bytes.data[4] >> 7) && (bytes.data[4] >> 3 & 15) <= 5;
	if (bytes.size >= 2 + 6)
		plausible &= bytes.data[6] == 0 && bytes.data[7] <= 1;
	if (!plausible)
		return PROBE_NO;
	if (bytes.size < 2 + size)
		return PROBE_MORE;
	return dns_is_message(view_slice(bytes, 2, size)) ? PROBE_YES : PROBE_NO;
}

static enum probe_result probe(struct view client, struct view server)
{
	return client.size ? probe_side(client, false) : server.size ? probe_side(server, true) : PROBE_MORE;
}

static bool probe_datagram(struct view datagram, enum message_side *ret_side)
{
	*ret_side = datagram.size > 2 && datagram.data[2] & 0x80 ? SIDE_SERVER : SIDE_CLIENT;
	return dns_is_message(datagram);
}

const struct protocol dns_protocol = {
	.name = "DNS",
	.probe = probe,
	.probe_datagram = probe_datagram,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
