/*
 * What a server sends to a replica: a copy of all that it has (RDB), and then every change, without end and without answers but for
 * acknowledgements. It is told of once, with its size.
 */
#include "proto/redis_parts.h"

static void begin(struct decoder *d)
{
	d->replication = (struct replication){ .on = true };
}

void redis_note_replication(struct decoder *d, const struct pending *pending, const struct resp *resp)
{
	struct view word = resp->type == '+' ? resp->value.text : (struct view){ 0 };
	if (pending->kind == REDIS_PSYNC && (view_begins_word(word, "FULLRESYNC") || view_begins_word(word, "CONTINUE")))
		begin(d);
}

/* SYNC, of old, has no other reply; servers send line ends while they prepare the copy. */
size_t redis_feed_replication(struct decoder *d, struct view bytes, uint64_t time)
{
	const struct pending *pending = redis_pending(d);
	struct replication *r = &d->replication;
	bool first = bytes.data[0] == '\n' || bytes.data[0] == '$', between = !d->sides[SIDE_SERVER].begun;
	if (!r->on && between && first && pending && pending->kind == REDIS_SYNC) {
		begin(d);
		r->answers = true;
		r->exchange = pending->exchange;
		redis_begun(d, r->exchange, time);
		redis_end_pending(d);
	}
	if (!r->on)
		return between && pending && pending->kind == REDIS_PSYNC && bytes.data[0] == '\n';
	if (r->bytes == 0)
		r->time = time;
	r->end = time;
	r->bytes += bytes.size;
	return bytes.size;
}

void redis_tell_replication(struct decoder *d)
{
	struct replication *r = &d->replication;
	struct parts *parts = &d->sides[SIDE_SERVER].parts;
	struct message message = { .time = r->time, .end = r->end, .body_bytes = r->bytes, .protocol = redis_protocol_of(d) };
	if (r->bytes == 0)
		return;
	message.alone = !r->answers;
	if (message.alone) /* other lines do not wait for it */
		message.time = r->end;
	message.shape = r->answers ? (struct view){ 0 } : view_text("replication");
	parts_clear(parts);
	parts_add(parts, "replication bytes", datum_uint(r->bytes));
	parts_word(parts, datum_keyword("replication,"));
	parts_word(parts, datum_uint(r->bytes));
	parts_word(parts, datum_keyword("bytes"));
	parts_attribute(parts, "db.system.name", datum_keyword("redis"));
	parts_attribute(parts, "network.io.bytes", datum_uint(r->bytes));
	if (!parts_tell(parts, &message))
		d->err = d->err ? d->err : err_nomem();
	redis_pass(d, SIDE_SERVER, r->answers ? r->exchange : d->next++, &message);
	parts_clear(parts);
	r->bytes = 0;
}
