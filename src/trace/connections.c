#include "trace/connection_parts.h"

#include <stdlib.h>

#include "wasi/abi.h"
#include "wasi/call.h"

enum err connections_create(const struct connections_options *options, struct exchange_sink *to, struct connections **ret_connections)
{
	struct connections *c = calloc(1, sizeof *c);
	if (!c)
		return err_nomem();
	c->options = *options;
	c->options.decoder.memory = &c->memory;
	c->memory.left = MEMORY_MAX;
	c->ordering.to = to;
	*ret_connections = c;
	return ERR_NONE;
}

void connection_destroy(struct connection *c)
{
	connection_drop_decoder(c);
	for (uint32_t i = 0; i < c->open_count; i++) {
		if (c->open[i])
			ordering_take_back(&c->all->ordering, c->open[i]);
		held_exchange_destroy(c->open[i]);
	}
	free(c->open);
	buf_finish(&c->name);
	buf_finish(&c->waiting[0].bytes);
	buf_finish(&c->waiting[1].bytes);
	buf_finish(&c->pieces);
	free(c);
}

void connections_destroy(struct connections *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		for (struct connection *next, *at = c->buckets[i]; at; at = next) {
			next = at->next;
			connection_destroy(at);
		}
	}
	flows_finish(&c->flows);
	ordering_finish(&c->ordering);
	buf_finish(&c->why);
	free(c);
}

static struct connection **place_of(struct connections *c, uint64_t socket)
{
	struct connection **at = &c->buckets[socket % BUCKETS];
	while (*at && (*at)->socket != socket)
		at = &(*at)->next;
	return at;
}

/* Exchange `number` of a connection; one that is new is made. NULL: no memory. */
static struct held_exchange **open_exchange(struct connection *c, uint64_t number)
{
	while (number >= c->open_first + c->open_count) {
		if (c->open_count == c->open_capacity) {
			uint32_t capacity = c->open_capacity ? c->open_capacity * 2 : 4;
			struct held_exchange **open = realloc(c->open, capacity * sizeof(struct held_exchange *));
			if (!open)
				return NULL;
			c->open = open;
			c->open_capacity = capacity;
		}
		struct held_exchange *held = calloc(1, sizeof *held);
		if (!held)
			return NULL;
		c->open[c->open_count++] = held;
	}
	return number < c->open_first ? NULL : &c->open[number - c->open_first];
}

/* Forgets the first ones that are over, when there are enough of them: a long pipeline is not to be moved by one each time. */
static void forget_closed(struct connection *c)
{
	while (c->open_over < c->open_count && !c->open[c->open_over])
		c->open_over++;
	if (c->open_over <= c->open_count / 2)
		return;
	memmove(c->open, c->open + c->open_over, (c->open_count - c->open_over) * sizeof(struct held_exchange *));
	c->open_first += c->open_over;
	c->open_count -= c->open_over;
	c->open_over = 0;
}

/* What all exchanges of a connection have in common. */
static enum err complete(struct connection *c, struct held_exchange *held, const char *protocol)
{
	struct exchange *exchange = &held->exchange;
	exchange->protocol = protocol;
	exchange->client = c->client;
	exchange->server = c->server;
	exchange->accepted = c->accepted;
	if (c->name.size) {
		held->bytes[2] = malloc(c->name.size);
		if (!held->bytes[2])
			return err_nomem();
		memcpy(held->bytes[2], c->name.data, c->name.size);
		exchange->server_name = view_of(held->bytes[2], c->name.size);
	}
	return ERR_NONE;
}

static enum err begin_exchange(struct message_sink *sink, uint64_t number, uint64_t time)
{
	struct connection *c = (struct connection *)sink;
	struct held_exchange **held = open_exchange(c, number);
	if (!held || !*held)
		return err_nomem();
	(*held)->exchange.record = c->all->record;
	if (time)
		ordering_begin(&c->all->ordering, *held, time);
	else
		ordering_take_back(&c->all->ordering, *held);
	return ERR_NONE;
}

static bool is_told(const struct exchange_side *side)
{
	return side->present || side->message.error.size;
}

static enum err put(struct connection *c, struct held_exchange *held)
{
	if (!held->begun) {
		held->exchange.time = c->all->time;
		held->exchange.record = c->all->record;
	}
	return ordering_put(&c->all->ordering, held);
}

static enum err add_message(struct message_sink *sink, uint64_t number, enum message_side side, const struct message *message)
{
	struct connection *c = (struct connection *)sink;
	struct held_exchange **place = open_exchange(c, number), *held;
	if (!place || !*place)
		return err_nomem();
	held = *place;
	TRY(held_exchange_take(held, side, message, &c->all->memory));
	if ((side == SIDE_SERVER || message->alone) && !held->begun) { /* an error in its place: no byte of it came */
		held->exchange.record = c->all->record;
		ordering_begin(&c->all->ordering, held, message->time);
	}
	const struct exchange_side *request = &held->exchange.request, *response = &held->exchange.response;
	if (!message->alone && !(is_told(request) && is_told(response)))
		return ERR_NONE;
	const char *name = request->message.name ? request->message.name : response->message.name;
	TRY(complete(c, held, name ? name : c->protocol->name));
	*place = NULL;
	forget_closed(c);
	return put(c, held);
}

/* What goes wrong stays, for a decoder cannot pass it on. */
static enum err take_begun(struct message_sink *sink, uint64_t number, uint64_t time)
{
	return ((struct connection *)sink)->all->err = begin_exchange(sink, number, time);
}

static enum err take_message(struct message_sink *sink, uint64_t number, enum message_side side, const struct message *message)
{
	return ((struct connection *)sink)->all->err = add_message(sink, number, side, message);
}

struct connection *connection_create(struct connections *all, const struct net_event *event, bool accepted)
{
	struct connection *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->sink = (struct message_sink){ take_begun, take_message };
	c->all = all;
	c->socket = event->socket;
	c->proto = event->proto;
	c->accepted = accepted;
	c->midway = event->midway;
	return c;
}

void connection_learn(struct connection *c, const struct net_event *event)
{
	c->client = c->accepted ? event->peer : event->local;
	c->server = c->accepted ? event->local : event->peer;
	if (event->name.size && !c->name.size)
		buf_append(&c->name, event->name.data, event->name.size);
}

static enum err add(struct connections *all, const struct net_event *event, struct connection **ret_connection)
{
	struct connection **place = place_of(all, event->socket);
	if (!*place)
		*place = connection_create(all, event, event->accepted);
	if (!*place)
		return err_nomem();
	connection_learn(*place, event);
	*ret_connection = *place;
	return ERR_NONE;
}

enum err connection_put(struct connection *c, struct held_exchange *held, const char *protocol)
{
	enum err err = complete(c, held, protocol);
	if (!err)
		return put(c, held);
	held_exchange_destroy(held);
	return err;
}

enum err connection_end(struct connection *c, struct view own_reason, struct view peer_reason)
{
	if (c->phase == PROBING)
		TRY(connection_settle(c));
	if (c->phase == UNKNOWN)
		return connection_tell_unknown(c);
	/* What the client said last, and could not be read before the server answered, is read when that is closed. */
	TRY(connection_close(c, SIDE_SERVER, c->accepted ? own_reason : peer_reason));
	return connection_close(c, SIDE_CLIENT, c->accepted ? peer_reason : own_reason);
}

static enum err remove_connection(struct connections *all, uint64_t socket, struct view own_reason, struct view peer_reason)
{
	struct connection **place = place_of(all, socket), *c = *place;
	if (!c)
		return ERR_NONE;
	enum err err = connection_end(c, own_reason, peer_reason);
	*place = c->next;
	connection_destroy(c);
	return err;
}

/* A side of a connection ends; with both, it is over, and its descriptor may be closed without another word. */
static enum err end_side(struct connection *c, bool own, struct view reason)
{
	TRY(connection_close(c, own == c->accepted ? SIDE_SERVER : SIDE_CLIENT, reason));
	if (c->closed[SIDE_CLIENT] && c->closed[SIDE_SERVER])
		return remove_connection(c->all, c->socket, (struct view){ 0 }, (struct view){ 0 });
	return ERR_NONE;
}

static enum err take_data(struct connections *all, const struct net_event *event)
{
	struct connection *c = *place_of(all, event->socket);
	if (event->size == 0)
		return c && event->type == EVENT_RECEIVE ? end_side(c, false, (struct view){ 0 }) : ERR_NONE;
	TRY(add(all, event, &c));
	bool own = event->type == EVENT_SEND;
	enum message_side side = own == event->accepted ? SIDE_SERVER : SIDE_CLIENT;
	for (uint32_t i = 0; i < event->data_count && !c->closed[side]; i++) /* nothing comes behind an end */
		TRY(connection_feed(c, side, event->data[i], event->time));
	return ERR_NONE;
}

/* Whether a call that failed so has ended the connection: others tell of the call alone, and the connection goes on. */
bool connection_is_end(const struct net_event *event)
{
	static const uint16_t ends[] = { WASI_ECONNRESET, WASI_ECONNABORTED, WASI_ECONNREFUSED, WASI_ETIMEDOUT, WASI_EHOSTUNREACH,
		WASI_ENETUNREACH, WASI_ENETDOWN, WASI_ENETRESET, WASI_EIO, WASI_EPIPE };
	bool is = event->type == EVENT_CONNECT || event->type == EVENT_TLS;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		is |= event->error == ends[i];
	return is;
}

void connection_say_error(struct buf *reason, const struct net_event *event)
{
	const char *name = errno_name(event->error), *text = errno_text(event->error);
	if (event->reason.size)
		buf_append(reason, event->reason.data, event->reason.size);
	else
		buf_printf(reason, "%s (%s)", name ? name : "?", text ? text : "unknown error");
}

static enum err take_error(struct connections *all, const struct net_event *event)
{
	struct connection *c = *place_of(all, event->socket);
	if (!c || !connection_is_end(event))
		return ERR_NONE;
	BUF_CLEANUP struct buf reason = { 0 };
	connection_say_error(&reason, event);
	struct view why = view_text(buf_text(&reason));
	TRY(buf_status(&reason));
	if (event->error == WASI_EPIPE) /* what the peer said before may still be received */
		return end_side(c, true, why);
	return remove_connection(all, event->socket, why, why);
}

static enum err take_shutdown(struct connections *all, const struct net_event *event)
{
	struct connection *c = *place_of(all, event->socket);
	if (!c)
		return ERR_NONE;
	if (event->implied)
		return remove_connection(all, event->socket, event->exit ? view_text("the process ended") : (struct view){ 0 },
			event->exit ? view_text("the process ended") : view_text("the process closed the connection"));
	if (event->sides == (SIDE_READ | SIDE_WRITE))
		return remove_connection(all, event->socket, (struct view){ 0 }, view_text("the process closed the connection"));
	bool own = event->sides == SIDE_WRITE;
	return end_side(c, own, own ? (struct view){ 0 } : view_text("the process reads no more"));
}

/* The peer ended as anybody between could have ended it: a body that goes up to the end may have gone on. */
static enum err take_truncation(struct connections *all, const struct net_event *event)
{
	struct connection *c = *place_of(all, event->socket);
	return c ? end_side(c, false, event->reason) : ERR_NONE;
}

enum err connections_event(struct connections *all, const struct net_event *event)
{
	struct connection *c;
	if (event->type == EVENT_RESOLVE || event->peek)
		return ERR_NONE;
	all->record = event->record;
	all->time = event->time;
	if (event->proto == PROTO_UDP || event->proto == PROTO_UNIX_DGRAM)
		return flows_event(&all->flows, all, event);
	if (event->error && (event->type != EVENT_CONNECT || event->error != WASI_EINPROGRESS))
		return take_error(all, event);
	switch (event->type) {
	case EVENT_CONNECT:
	case EVENT_ACCEPT: return add(all, event, &c);
	case EVENT_SEND:
	case EVENT_RECEIVE: return take_data(all, event);
	case EVENT_SHUTDOWN: return take_shutdown(all, event);
	case EVENT_LOST: return remove_connection(all, event->socket, event->reason, event->reason);
	case EVENT_TLS: return take_truncation(all, event);
	default: return ERR_NONE;
	}
}

enum err connections_release(struct connections *all)
{
	return ordering_release(&all->ordering, true);
}

enum err connections_end(struct connections *all, uint64_t time)
{
	struct view reason = view_text("the recording ends");
	all->time = time ? time : all->time;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		while (all->buckets[i])
			TRY(remove_connection(all, all->buckets[i]->socket, reason, reason));
	}
	TRY(flows_end(&all->flows, reason));
	return ordering_release(&all->ordering, true);
}
