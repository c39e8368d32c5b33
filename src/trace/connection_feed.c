#include "trace/connection_parts.h"

void connection_drop_decoder(struct connection *c)
{
	if (c->decoder)
		c->protocol->destroy(c->decoder);
	c->decoder = NULL;
}

/* The connection begins anew, with bytes that are another protocol's. */
static enum err hand_over(struct connection *c, enum message_side side, struct view rest, uint64_t time)
{
	enum message_side other = side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
	struct buf held = c->first[other], own = { 0 };
	struct view reason = view_text("the connection was handed over");
	TRY(c->protocol->close(c->decoder, SIDE_CLIENT, time, reason));
	TRY(c->protocol->close(c->decoder, SIDE_SERVER, time, reason));
	connection_drop_decoder(c);
	c->open_first = 0; /* numbers of the next decoder begin anew; those of this one are all over */
	c->open_count = 0;
	c->phase = PROBING;
	c->first[other] = (struct buf){ 0 };
	buf_clear(&c->first[side]);
	c->bytes[0] = c->bytes[1] = 0;
	c->piece_count = 0;
	buf_append(&own, rest.data, rest.size); /* it may be a view of what is fed to the next */
	enum err err = buf_status(&own);
	if (!err)
		err = connection_feed(c, side, buf_view(&own), time);
	if (!err)
		err = connection_feed(c, other, buf_view(&held), time);
	buf_finish(&held);
	buf_finish(&own);
	return err;
}

static enum err decode(struct connection *c, enum message_side side, struct view bytes, uint64_t time)
{
	size_t used = 0;
	struct buf *held = &c->first[side];
	if (held->size) { /* bytes wait already: these come behind them */
		buf_append(held, bytes.data, bytes.size);
		return buf_status(held);
	}
	switch (c->protocol->feed(c->decoder, side, bytes, time, &used)) {
	case FEED_MORE: return ERR_NONE;
	case FEED_BAD: return ERR_NONE; /* it was told; the other side may still be good */
	case FEED_HANDED: return hand_over(c, side, view_slice(bytes, used, bytes.size), time);
	case FEED_WAIT: buf_append(held, bytes.data + used, bytes.size - used); return buf_status(held);
	default: return c->all->err ? c->all->err : err_nomem();
	}
}

/* What waited for this side to move is fed again. */
static enum err decode_held(struct connection *c, enum message_side side, uint64_t time)
{
	struct buf held = c->first[side];
	if (c->phase != DECODING || held.size == 0)
		return ERR_NONE;
	c->first[side] = (struct buf){ 0 };
	enum err err = decode(c, side, buf_view(&held), time);
	buf_finish(&held);
	return err;
}

/* A side sends and sends, and the other does not answer. */
static enum err give_up(struct connection *c, uint64_t time)
{
	struct view reason = view_text("too many bytes waited for the other side");
	c->phase = LOST;
	TRY(c->protocol->close(c->decoder, SIDE_CLIENT, time, reason));
	return c->protocol->close(c->decoder, SIDE_SERVER, time, reason);
}

static enum err decode_both(struct connection *c, enum message_side side, struct view bytes, uint64_t time)
{
	TRY(decode(c, side, bytes, time));
	if (c->phase == DECODING && (c->first[0].size > HELD_MAX || c->first[1].size > HELD_MAX))
		return give_up(c, time);
	return decode_held(c, side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT, time);
}

/* Gives the decoder that was found what came so far, as it came. */
static enum err start_decoding(struct connection *c, const struct protocol *protocol)
{
	struct buf first[2] = { c->first[0], c->first[1] };
	size_t at[2] = { 0, 0 };
	c->protocol = protocol;
	c->first[0] = c->first[1] = (struct buf){ 0 };
	enum err err = protocol->create(&c->all->options.decoder, &c->sink, &c->decoder);
	c->phase = DECODING;
	uint64_t record = c->all->record;
	for (uint32_t i = 0; i < c->piece_count && !err; i++) {
		const struct piece *piece = &c->pieces[i];
		struct view bytes = view_slice(buf_view(&first[piece->side]), at[piece->side], piece->size);
		at[piece->side] += piece->size;
		c->all->record = piece->record;
		err = connection_feed(c, piece->side, bytes, piece->time);
	}
	c->all->record = record;
	buf_finish(&first[0]);
	buf_finish(&first[1]);
	return err;
}

static enum err probe(struct connection *c)
{
	bool more = false;
	for (const struct protocol *const *p = c->all->options.protocols; *p; p++) {
		enum probe_result result = (*p)->probe(buf_view(&c->first[SIDE_CLIENT]), buf_view(&c->first[SIDE_SERVER]));
		if (result == PROBE_YES)
			return start_decoding(c, *p);
		more |= result == PROBE_MORE;
	}
	if (!more)
		c->phase = UNKNOWN;
	return ERR_NONE;
}

static void remember_piece(struct connection *c, enum message_side side, size_t size, uint64_t time)
{
	struct piece *last = c->piece_count ? &c->pieces[c->piece_count - 1] : NULL;
	if (last && last->side == side && c->piece_count == PIECES_MAX)
		last->size += size;
	else
		c->pieces[c->piece_count++] = (struct piece){ side, size, time, c->all->record };
}

enum err connection_feed(struct connection *c, enum message_side side, struct view bytes, uint64_t time)
{
	if (bytes.size == 0)
		return ERR_NONE;
	c->bytes[side] += bytes.size;
	if (c->phase == DECODING)
		return decode_both(c, side, bytes, time);
	if (c->phase == UNKNOWN && c->first[side].size < SHOWN_MAX)
		buf_append(&c->first[side], bytes.data, view_slice(bytes, 0, SHOWN_MAX - c->first[side].size).size);
	if (c->phase != PROBING)
		return ERR_NONE;
	bool room = c->first[side].size + bytes.size <= FIRST_MAX && c->piece_count < PIECES_MAX;
	struct view kept =
		room ? bytes : view_slice(bytes, 0, FIRST_MAX - (c->first[side].size < FIRST_MAX ? c->first[side].size : FIRST_MAX));
	if (!room && c->piece_count == PIECES_MAX) {
		c->phase = UNKNOWN;
		return ERR_NONE;
	}
	buf_append(&c->first[side], kept.data, kept.size);
	TRY(buf_status(&c->first[side]));
	remember_piece(c, side, kept.size, time);
	TRY(probe(c));
	if (kept.size == bytes.size)
		return ERR_NONE;
	if (c->phase == PROBING)
		c->phase = UNKNOWN;
	return c->phase == DECODING ? decode_both(c, side, view_slice(bytes, kept.size, bytes.size), time) : ERR_NONE;
}
