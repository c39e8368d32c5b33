#include "trace/connection_parts.h"

void connection_drop_decoder(struct connection *c)
{
	if (c->decoder)
		c->protocol->destroy(c->decoder);
	c->decoder = NULL;
}

static enum message_side other_of(enum message_side side)
{
	return side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

static void clear_waiting(struct waiting *waiting)
{
	buf_finish(&waiting->bytes);
	waiting->taken = 0;
}

static bool is_group(const struct net_address *address)
{
	return (address->family == NET_INET4 && address->bytes[0] >> 4 == 14) ||
		(address->family == NET_INET6 && address->bytes[0] == 0xff);
}

enum err connection_create_decoder(struct connection *c, const struct protocol *protocol, const struct handover *handover,
	struct decoder **ret_decoder)
{
	struct decoder_options options = c->all->options.decoder;
	options.handover = handover;
	options.datagrams = c->proto == PROTO_UDP || c->proto == PROTO_UNIX_DGRAM;
	options.group = options.datagrams && is_group(&c->server);
	options.port = c->server.port;
	return protocol->create(&options, &c->sink, ret_decoder);
}

/* The decoder of the protocol that the one before says follows; NULL: it does not say, or nobody knows it. */
static enum err create_next(struct connection *c, const struct protocol **ret_protocol, struct decoder **ret_decoder)
{
	struct handover handover = { 0 };
	*ret_decoder = NULL;
	if (!c->protocol->handed || !c->protocol->handed(c->decoder, &handover))
		return ERR_NONE;
	for (const struct protocol *const *p = c->all->options.protocols; *p; p++) {
		if (!(*p)->upgrade || !view_is_word(handover.protocol, (*p)->upgrade))
			continue;
		*ret_protocol = *p;
		return connection_create_decoder(c, *p, &handover, ret_decoder);
	}
	return ERR_NONE;
}

/* The connection begins anew, with bytes that are another protocol's. */
static enum err hand_over(struct connection *c, enum message_side side, struct view rest, uint64_t time)
{
	enum message_side other = other_of(side);
	struct waiting waited = c->waiting[other];
	struct buf own = { 0 };
	struct view reason = view_text("the connection was handed over");
	const struct protocol *next = NULL;
	struct decoder *decoder = NULL;
	buf_append(&own, rest.data, rest.size); /* what it is a view of may be gone soon */
	enum err err = c->protocol->close(c->decoder, SIDE_CLIENT, time, reason);
	if (!err)
		err = c->protocol->close(c->decoder, SIDE_SERVER, time, reason);
	if (!err && c->handed < HANDED_MAX)
		err = create_next(c, &next, &decoder);
	connection_drop_decoder(c);
	c->open_first = 0; /* numbers of the next decoder begin anew; those of this one are all over */
	c->open_count = 0;
	c->turns = 0;
	c->phase = c->handed++ < HANDED_MAX ? PROBING : UNKNOWN;
	if (decoder) {
		c->protocol = next;
		c->decoder = decoder;
		c->phase = DECODING;
	}
	c->waiting[other] = (struct waiting){ 0 };
	clear_waiting(&c->waiting[side]);
	c->bytes[0] = c->bytes[1] = 0;
	if (!err)
		err = buf_status(&own);
	if (!err) /* what waited came before */
		err = connection_feed(c, other, waiting_view(&waited), time);
	if (!err)
		err = connection_feed(c, side, buf_view(&own), time);
	clear_waiting(&waited);
	buf_finish(&own);
	return err;
}

static enum err decode(struct connection *c, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	size_t used = 0;
	*ret_used = bytes.size;
	switch (c->protocol->feed(c->decoder, side, bytes, time, &used)) {
	case FEED_MORE: return ERR_NONE;
	case FEED_WAIT: *ret_used = used; return ERR_NONE;
	case FEED_HANDED: return hand_over(c, side, view_slice(bytes, used, bytes.size), time);
	default: return c->all->err ? c->all->err : err_nomem();
	}
}

/* What waited is fed again, as far as it goes. */
static enum err decode_waiting(struct connection *c, enum message_side side, uint64_t time, bool *ret_moved)
{
	struct waiting waiting = c->waiting[side];
	struct view bytes = waiting_view(&waiting);
	size_t used;
	*ret_moved = false;
	if (bytes.size == 0)
		return ERR_NONE;
	c->waiting[side] = (struct waiting){ 0 };
	const struct decoder *decoder = c->decoder;
	enum err err = decode(c, side, bytes, time, &used);
	*ret_moved = used != 0;
	if (err || used == bytes.size || c->decoder != decoder) {
		buf_finish(&waiting.bytes);
		return err;
	}
	waiting.taken += used;
	if (waiting.taken > waiting.bytes.size / 2) { /* so that no byte is moved more often than it was waited for */
		waiting.bytes.size -= waiting.taken;
		memmove(waiting.bytes.data, waiting.bytes.data + waiting.taken, waiting.bytes.size);
		waiting.taken = 0;
	}
	c->waiting[side] = waiting;
	return ERR_NONE;
}

/* The sides take turns until neither moves. */
static enum err decode_turns(struct connection *c, enum message_side side, uint64_t time)
{
	for (uint32_t stuck = 0; stuck < 2 && c->phase == DECODING; side = other_of(side)) {
		bool moved;
		TRY(decode_waiting(c, side, time, &moved));
		stuck = moved ? 0 : stuck + 1;
	}
	return ERR_NONE;
}

/* A side sends and sends, and the other does not answer. */
static enum err give_up(struct connection *c, uint64_t time)
{
	struct view reason = view_text("too many bytes waited for the other side");
	c->phase = LOST;
	TRY(c->protocol->close(c->decoder, SIDE_CLIENT, time, reason));
	return c->protocol->close(c->decoder, SIDE_SERVER, time, reason);
}

static enum err decode_all(struct connection *c, enum message_side side, struct view bytes, uint64_t time)
{
	struct waiting *waiting = &c->waiting[side];
	size_t used = 0;
	if (waiting_view(waiting).size == 0) {
		TRY(decode(c, side, bytes, time, &used));
		if (c->phase != DECODING)
			return ERR_NONE;
	}
	if (used < bytes.size) {
		buf_append(&waiting->bytes, bytes.data + used, bytes.size - used);
		TRY(buf_status(&waiting->bytes));
	}
	TRY(decode_turns(c, other_of(side), time));
	if (c->phase == DECODING && (waiting_view(&c->waiting[0]).size > HELD_MAX || waiting_view(&c->waiting[1]).size > HELD_MAX))
		return give_up(c, time);
	return ERR_NONE;
}

/* Gives the decoder that was found what came so far, as it came. */
static enum err start_decoding(struct connection *c, const struct protocol *protocol)
{
	struct waiting first[2] = { c->waiting[0], c->waiting[1] };
	struct buf pieces = c->pieces;
	uint64_t record = c->all->record;
	c->protocol = protocol;
	c->waiting[0] = c->waiting[1] = (struct waiting){ 0 };
	c->pieces = (struct buf){ 0 };
	enum err err = connection_create_decoder(c, protocol, NULL, &c->decoder);
	c->phase = DECODING;
	for (size_t i = 0; i < pieces.size / sizeof(struct piece) && !err; i++) {
		struct piece piece;
		memcpy(&piece, pieces.data + i * sizeof piece, sizeof piece);
		struct view bytes = view_slice(waiting_view(&first[piece.side]), 0, piece.size);
		first[piece.side].taken += bytes.size;
		c->all->record = piece.record;
		c->bytes[piece.side] -= bytes.size; /* they are counted once more */
		err = connection_feed(c, piece.side, bytes, piece.time);
	}
	c->all->record = record;
	clear_waiting(&first[0]);
	clear_waiting(&first[1]);
	buf_finish(&pieces);
	return err;
}

static void become_unknown(struct connection *c)
{
	c->phase = UNKNOWN;
	for (int i = 0; i < 2; i++) {
		struct buf *bytes = &c->waiting[i].bytes;
		bytes->size = bytes->size < SHOWN_MAX ? bytes->size : SHOWN_MAX;
	}
	buf_finish(&c->pieces);
}

/*
 * The first of the protocols that may be it, and whether it is. No protocol is taken while one before it may still be: else what is found
 * would depend on how many bytes came at a time.
 */
static enum probe_result find_protocol(const struct connection *c, const struct protocol **ret_protocol)
{
	struct view client = waiting_view(&c->waiting[SIDE_CLIENT]), server = waiting_view(&c->waiting[SIDE_SERVER]);
	for (const struct protocol *const *p = c->all->options.protocols; *p; p++) {
		enum probe_result result = (*p)->probe(client, server);
		*ret_protocol = *p;
		if (result != PROBE_NO)
			return result;
	}
	/* Who has said nothing yet may say what it is. */
	return client.size && server.size ? PROBE_NO : PROBE_MORE;
}

static enum err probe(struct connection *c)
{
	const struct protocol *protocol;
	if (c->all->options.forced && !c->handed) /* what follows an upgrade is another one */
		return start_decoding(c, c->all->options.forced);
	enum probe_result result = find_protocol(c, &protocol);
	if (result == PROBE_YES)
		return start_decoding(c, protocol);
	if (result == PROBE_NO)
		become_unknown(c);
	return ERR_NONE;
}

enum err connection_settle(struct connection *c)
{
	struct view client = waiting_view(&c->waiting[SIDE_CLIENT]), server = waiting_view(&c->waiting[SIDE_SERVER]);
	for (const struct protocol *const *p = c->all->options.protocols; *p && client.size + server.size; p++) {
		if ((*p)->probe(client, server) == PROBE_YES)
			return start_decoding(c, *p);
	}
	become_unknown(c);
	return ERR_NONE;
}

/* False: the sides took too many turns. What one sends without a word of the other between is one piece if it came at one time. */
static bool remember_piece(struct connection *c, enum message_side side, size_t size, uint64_t time)
{
	size_t count = c->pieces.size / sizeof(struct piece);
	struct piece *last = count ? (struct piece *)c->pieces.data + count - 1 : NULL;
	bool same = last && last->side == side && ((last->time == time && last->record == c->all->record) || count >= TURNS_MAX);
	c->turns += !last || last->side != side;
	if (same) {
		last->size += size;
		last->time = time;
		last->record = c->all->record;
		return true;
	}
	buf_append(&c->pieces, &(struct piece){ side, size, time, c->all->record }, sizeof(struct piece));
	return c->turns < TURNS_MAX;
}

/* The first bytes, up to FIRST_MAX, are kept until it is known what they are. */
static enum err feed_probing(struct connection *c, enum message_side side, struct view bytes, uint64_t time)
{
	struct buf *first = &c->waiting[side].bytes;
	struct view kept = view_slice(bytes, 0, FIRST_MAX - first->size);
	struct view rest = view_slice(bytes, kept.size, bytes.size);
	buf_append(first, kept.data, kept.size);
	bool room = remember_piece(c, side, kept.size, time);
	TRY(buf_status(first));
	TRY(buf_status(&c->pieces));
	TRY(probe(c));
	if (c->phase == PROBING && (rest.size || !room))
		TRY(connection_settle(c));
	return c->phase == DECODING && rest.size ? decode_all(c, side, rest, time) : ERR_NONE;
}

enum err connection_feed(struct connection *c, enum message_side side, struct view bytes, uint64_t time)
{
	struct buf *first = &c->waiting[side].bytes;
	if (bytes.size == 0)
		return ERR_NONE;
	c->bytes[side] += bytes.size;
	switch (c->phase) {
	case DECODING: return decode_all(c, side, bytes, time);
	case PROBING: return feed_probing(c, side, bytes, time);
	case UNKNOWN:
		if (first->size < SHOWN_MAX)
			buf_append(first, bytes.data, view_slice(bytes, 0, SHOWN_MAX - first->size).size);
		return buf_status(first);
	default: return ERR_NONE;
	}
}

enum err connection_close(struct connection *c, enum message_side side, struct view reason)
{
	c->closed[side] = true;
	/* What waits comes before the end, which is told again when the connection is over. */
	if (c->phase != DECODING || waiting_view(&c->waiting[side]).size)
		return ERR_NONE;
	TRY(c->protocol->close(c->decoder, side, c->all->time, reason));
	return decode_turns(c, other_of(side), c->all->time);
}
