/*
 * Datagrams: what a socket and a peer send each other is a flow, which is decoded as a connection is, but for its pieces: each datagram is
 * fed whole, and the first one tells what it is. Who sent it is the client, unless it says that it is an answer.
 */
#include "trace/connection_parts.h"

static uint64_t hash_of(uint64_t socket, const struct net_address *peer)
{
	uint64_t hash = socket * 0x9e3779b97f4a7c15u ^ peer->port;
	for (uint32_t i = 0; i < peer->size && i < sizeof peer->bytes; i++)
		hash = (hash ^ peer->bytes[i]) * 0x100000001b3u;
	return hash ^ hash >> 32;
}

static const struct net_address *peer_of(const struct connection *c)
{
	return c->accepted ? &c->client : &c->server;
}

static struct connection **place_of(struct flows *f, uint64_t socket, const struct net_address *peer)
{
	struct connection **at = &f->buckets[hash_of(socket, peer) % BUCKETS];
	while (*at && !((*at)->socket == socket && net_address_equal(peer_of(*at), peer)))
		at = &(*at)->next;
	return at;
}

static void unlink_flow(struct flows *f, struct connection *c)
{
	*(c->before ? &c->before->after : &f->first) = c->after;
	*(c->after ? &c->after->before : &f->last) = c->before;
	c->before = c->after = NULL;
}

static void link_last(struct flows *f, struct connection *c)
{
	c->before = f->last;
	*(f->last ? &f->last->after : &f->first) = c;
	f->last = c;
}

static enum err remove_flow(struct flows *f, struct connection *c, struct view reason)
{
	struct connection **place = place_of(f, c->socket, peer_of(c));
	enum err err = connection_end(c, reason, reason);
	*place = c->next;
	unlink_flow(f, c);
	f->count--;
	connection_destroy(c);
	return err;
}

/* Those of a socket; with a peer, the one with it. */
static enum err remove_flows(struct flows *f, uint64_t socket, const struct net_address *peer, struct view reason)
{
	for (struct connection *next, *c = f->first; c; c = next) {
		next = c->after;
		if (c->socket == socket && (!peer || net_address_equal(peer_of(c), peer)))
			TRY(remove_flow(f, c, reason));
	}
	return ERR_NONE;
}

static const struct protocol *find_protocol(const struct connections *all, struct view datagram, enum message_side *ret_side)
{
	const struct protocol *forced = all->options.forced;
	*ret_side = SIDE_CLIENT;
	if (forced && forced->probe_datagram)
		forced->probe_datagram(datagram, ret_side);
	if (forced)
		return forced->probe_datagram ? forced : NULL;
	for (const struct protocol *const *p = all->options.protocols; *p; p++) {
		if ((*p)->probe_datagram && (*p)->probe_datagram(datagram, ret_side))
			return *p;
	}
	return NULL;
}

/* A flow begins with its first datagram. */
static enum err add(struct flows *f, struct connections *all, const struct net_event *event, struct view datagram,
	struct connection **ret_flow)
{
	enum message_side side;
	const struct protocol *protocol = find_protocol(all, datagram, &side);
	struct connection *c = connection_create(all, event, (event->type == EVENT_RECEIVE) == (side == SIDE_CLIENT));
	if (!c)
		return err_nomem();
	connection_learn(c, event);
	c->protocol = protocol;
	c->phase = protocol ? DECODING : UNKNOWN;
	enum err err = protocol ? connection_create_decoder(c, protocol, NULL, &c->decoder) : ERR_NONE;
	if (err) {
		connection_destroy(c);
		return err;
	}
	struct connection **bucket = place_of(f, event->socket, &event->peer);
	*bucket = c;
	link_last(f, c);
	f->count++;
	*ret_flow = c;
	return ERR_NONE;
}

static enum err feed(struct connection *c, enum message_side side, struct view datagram, uint64_t time)
{
	size_t used;
	if (c->phase != DECODING)
		return connection_feed(c, side, datagram, time);
	c->bytes[side] += datagram.size;
	if (c->protocol->feed(c->decoder, side, datagram, time, &used) != FEED_FAILED)
		return ERR_NONE;
	return c->all->err ? c->all->err : err_nomem();
}

static enum err take_datagram(struct flows *f, struct connections *all, const struct net_event *event)
{
	struct view datagram = event->data_count ? event->data[0] : (struct view){ 0 };
	struct connection *c = *place_of(f, event->socket, &event->peer);
	if (event->data_count > 1) {
		buf_clear(&f->datagram);
		for (uint32_t i = 0; i < event->data_count; i++)
			buf_append(&f->datagram, event->data[i].data, event->data[i].size);
		TRY(buf_status(&f->datagram));
		datagram = buf_view(&f->datagram);
	}
	if (datagram.size == 0)
		return ERR_NONE;
	if (!c && f->count >= FLOWS_MAX)
		TRY(remove_flow(f, f->first, view_text("too many others were sent datagrams")));
	if (!c)
		TRY(add(f, all, event, datagram, &c));
	unlink_flow(f, c);
	link_last(f, c);
	connection_learn(c, event);
	return feed(c, (event->type == EVENT_SEND) == c->accepted ? SIDE_SERVER : SIDE_CLIENT, datagram, event->time);
}

static enum err take_error(struct flows *f, const struct net_event *event)
{
	BUF_CLEANUP struct buf reason = { 0 };
	if (!connection_is_end(event))
		return ERR_NONE;
	connection_say_error(&reason, event);
	return remove_flows(f, event->socket, event->peer.family ? &event->peer : NULL, view_text(buf_text(&reason)));
}

enum err flows_event(struct flows *f, struct connections *all, const struct net_event *event)
{
	if (event->error)
		return event->type == EVENT_CONNECT ? ERR_NONE : take_error(f, event);
	switch (event->type) {
	case EVENT_SEND:
	case EVENT_RECEIVE: return take_datagram(f, all, event);
	case EVENT_LOST: return remove_flows(f, event->socket, NULL, event->reason);
	case EVENT_GONE:
		return remove_flows(f, event->socket, NULL, view_text(event->exit ? "the process ended" : "the process closed the socket"));
	default: return ERR_NONE;
	}
}

enum err flows_end(struct flows *f, struct view reason)
{
	while (f->first)
		TRY(remove_flow(f, f->first, reason));
	return ERR_NONE;
}

void flows_finish(struct flows *f)
{
	for (struct connection *next, *c = f->first; c; c = next) {
		next = c->after;
		connection_destroy(c);
	}
	buf_finish(&f->datagram);
}
