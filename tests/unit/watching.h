/* A connection that is given to the trace without end, what came out of it, and how much memory there was meanwhile. */
#pragma once

#include "unit.h"

#include "base/buf.h"
#include "base/time.h"
#include "trace/connections.h"

#include <malloc.h>
#include <stdio.h>

enum { MIB = 1 << 20 };

/* What came out, and the most memory that there was when bytes went in. The allocator of the sanitizers does not say: then it is none. */
struct watching {
	struct exchange_sink sink;
	struct connections *connections;
	struct net_event event;
	uint64_t exchanges, requests, responses, errors, alone, unknown, cut;
	uint64_t body_bytes, kept, more; /* bytes of bodies; those that were kept; those that rows were cut by */
	size_t before, most;
	char first_error[256], last_error[256];
};

static inline size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static inline void watching_count(struct watching *w, const struct exchange_side *side)
{
	const struct message *m = &side->message;
	w->alone += side->present && m->alone;
	w->cut += m->body_cut;
	w->body_bytes += m->body_bytes;
	w->kept += m->body.size;
	if (m->error.size) {
		snprintf(w->last_error, sizeof w->last_error, "%.*s", VIEW_ARG(m->error));
		if (w->errors++ == 0)
			memcpy(w->first_error, w->last_error, sizeof w->first_error);
	}
	for (uint32_t i = 0; i < m->part_count; i++) {
		const struct datum *value = &m->parts[i].value;
		for (uint32_t k = 0; value->type == DATUM_ARRAY && k < value->count; k++)
			w->more += value->items[k].more;
	}
}

static inline enum err watching_take(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct watching *w = (struct watching *)sink;
	w->exchanges++;
	w->requests += exchange->request.present;
	w->responses += exchange->response.present;
	w->unknown += strcmp(exchange->protocol, "UDP") == 0;
	watching_count(w, &exchange->request);
	watching_count(w, &exchange->response);
	return ERR_NONE;
}

static inline void tell(struct watching *w, enum net_event_type type, struct view bytes)
{
	w->event.type = (uint8_t)type;
	w->event.data = &bytes;
	w->event.data_count = bytes.size != 0;
	w->event.size = bytes.size;
	w->event.record++;
	w->event.time++;
	assert_int_equal(connections_event(w->connections, &w->event), ERR_NONE);
	size_t used = in_use();
	if (used > w->before && used - w->before > w->most)
		w->most = used - w->before;
}

static inline void start(struct watching *w, enum net_proto proto)
{
	static const struct connections_options options = { { .head_max = 256 << 10, .body_max = MIB }, protocols, NULL };
	*w = (struct watching){ .sink = { watching_take }, .before = in_use() };
	w->event = (struct net_event){ .socket = 1, .time = NS_PER_S, .proto = (uint8_t)proto };
	assert_int_equal(connections_create(&options, &w->sink, &w->connections), ERR_NONE);
	if (proto == PROTO_TCP)
		tell(w, EVENT_CONNECT, (struct view){ 0 });
}

static inline void finish(struct watching *w)
{
	assert_int_equal(connections_end(w->connections, w->event.time), ERR_NONE);
	connections_destroy(w->connections);
	assert_true(in_use() <= w->before + MIB); /* the allocator keeps some */
}

static inline void sent(struct watching *w, struct view bytes)
{
	tell(w, EVENT_SEND, bytes);
}

static inline void came(struct watching *w, struct view bytes)
{
	tell(w, EVENT_RECEIVE, bytes);
}

/* Of literals, which may have NULs in them. */
#define SENT(w, text) sent(w, view_of(text, sizeof(text) - 1))
#define CAME(w, text) came(w, view_of(text, sizeof(text) - 1))

static inline void repeat(struct buf *out, const char *text, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++)
		buf_append_text(out, text);
	assert_int_equal(buf_status(out), ERR_NONE);
}
