/* Where HTTP/1 messages begin and end, and what they mean for each other. */
#include "proto/http_parts.h"

/* A message begins with its first byte. A response to nothing is one whose request was not seen. */
void http_begin(struct decoder *d, struct direction *s, uint64_t time)
{
	s->state = HEAD;
	s->time = s->end = time;
	s->start = s->offset;
	s->checked = 0;
	s->body_bytes = 0;
	s->bodiless = s->is_http = false;
	s->head_fields = 0;
	buf_clear(&s->head);
	if (!is_response(d, s)) {
		s->exchange = d->requests;
		d->pending[d->requests++ % PENDING_MAX] = (struct pending){ 0 };
		return;
	}
	s->exchange = d->responses;
	if (!d->err)
		d->err = d->sink->begun(d->sink, s->exchange, time);
	if (d->responses < d->requests)
		return;
	d->pending[d->requests++ % PENDING_MAX] = (struct pending){ 0 };
	http_tell_error(d, SIDE_CLIENT, s->exchange, time, view_text("no request was seen"));
}

void http_end_exchange(struct decoder *d)
{
	d->pending_bytes -= pending_of(d, d->responses).size;
	d->responses++;
}

void http_end_message(struct decoder *d, struct direction *s)
{
	http_tell(d, s, (struct view){ 0 });
	s->state = START;
	if (is_response(d, s)) {
		http_end_exchange(d);
		return;
	}
	d->expects = false;
	if (d->sides[SIDE_SERVER].closed)
		http_tell_unanswered(d, s->end);
	else if (pending_of(d, s->exchange).flags & (PENDING_CONNECT | PENDING_UPGRADE) && s->exchange >= d->responses)
		s->state = WAIT;
}

/* Digits alone: what else is sent as a length, readers differ on. */
static bool parse_length(struct view text, uint64_t *ret_length)
{
	uint64_t length = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || length > (INT64_MAX - 9) / 10)
			return false;
		length = length * 10 + (text.data[i] - '0');
	}
	*ret_length = length;
	return text.size != 0;
}

/* Several that say the same count as one. */
static bool find_length(const struct http_head *head, bool *ret_found, uint64_t *ret_length)
{
	struct view value;
	*ret_found = false;
	for (uint32_t at = 0; http_field(head, "content-length", &at, &value); *ret_found = true) {
		uint64_t length;
		if (!parse_length(value, &length) || (*ret_found && length != *ret_length))
			return false;
		*ret_length = length;
	}
	return true;
}

static void bad_body(struct direction *s, const char *why)
{
	http_bad(s, why, s->start + s->kept.size, (struct view){ 0 });
}

/* RFC 9112, section 6.3: how long the body is. */
static void begin_body(struct decoder *d, struct direction *s)
{
	bool response = is_response(d, s), found;
	struct view coding;
	uint32_t at = 0;
	uint64_t length = 0;
	bool coded = http_field(&s->parsed, "transfer-encoding", &at, &coding);
	if (s->bodiless) {
		http_end_message(d, s);
	} else if (coded && http_lists_last(&s->parsed, "transfer-encoding", "chunked")) {
		s->state = CHUNK_SIZE;
	} else if (coded && !response) {
		bad_body(s, "its transfer coding has no end");
	} else if (!coded && !find_length(&s->parsed, &found, &length)) {
		bad_body(s, "its length is no number, or two");
	} else if (coded || (response && !found)) {
		s->state = TO_CLOSE;
	} else {
		s->left = length;
		if (s->left == 0)
			http_end_message(d, s);
	}
}

static void request_head(struct decoder *d, struct direction *s)
{
	const struct http_head *head = &s->parsed;
	struct pending pending = { .size = (uint32_t)s->kept.size };
	if (view_is(head->method, "HEAD"))
		pending.flags = PENDING_HEAD;
	else if (view_is(head->method, "CONNECT"))
		pending.flags = PENDING_CONNECT;
	else if (http_lists(head, "connection", "upgrade"))
		pending.flags = PENDING_UPGRADE;
	if (s->exchange >= d->responses) { /* some answer before they have read it all */
		d->pending[s->exchange % PENDING_MAX] = pending;
		d->pending_bytes += pending.size;
	}
	d->expects = http_lists(head, "expect", "100-continue");
	s->bodiless = pending.flags == PENDING_CONNECT;
	begin_body(d, s);
}

/* A client that waits for 100 (Continue) and is refused sends no body. */
static void refuse_body(struct decoder *d, uint64_t exchange)
{
	struct direction *client = &d->sides[SIDE_CLIENT];
	bool waits = client->state == LENGTH || client->state == CHUNK_SIZE;
	if (d->expects && waits && client->exchange == exchange && client->body_bytes == 0 && client->head.size == 0)
		http_end_message(d, client);
}

/* What comes after is the response. */
static void interim_head(struct decoder *d, struct direction *s)
{
	http_keep_interim(d, s);
	s->state = START;
	s->is_http = false;
	if (!d->err)
		d->err = d->sink->begun(d->sink, s->exchange, 0);
}

/* True: the connection is another protocol's from here on. */
static bool response_head(struct decoder *d, struct direction *s)
{
	uint32_t status = s->parsed.status, flags = pending_of(d, s->exchange).flags;
	if (status == 101 || (flags & PENDING_CONNECT && status / 100 == 2)) {
		if (status == 101)
			http_note_handover(d, s);
		http_end_message(d, s);
		return true;
	}
	if (status / 100 == 1) {
		interim_head(d, s);
		return false;
	}
	d->pending[s->exchange % PENDING_MAX].flags &= PENDING_HEAD; /* it stays HTTP */
	if (status >= 400)
		refuse_body(d, s->exchange);
	struct direction *client = &d->sides[SIDE_CLIENT];
	if (client->state == WAIT && client->exchange == s->exchange)
		client->state = START;
	s->bodiless = flags & PENDING_HEAD || status == 204 || status == 304;
	begin_body(d, s);
	return false;
}

bool http_end_head(struct decoder *d, struct direction *s)
{
	size_t bad;
	struct buf kept = s->kept; /* its views must stay while the next head is gathered */
	s->kept = s->head;
	s->head = kept;
	buf_clear(&s->head);
	bool good = http_head_parse(&s->parsed, is_response(d, s), &s->kept, &bad);
	s->is_http = s->parsed.protocol.size != 0;
	s->head_fields = (uint32_t)(s->parsed.fields.size / sizeof(struct message_field));
	if (s->parsed.fields.failed) {
		d->err = err_nomem();
		return false;
	}
	if (!good) {
		http_bad(s, "a line is no field", s->start + bad, view_slice(buf_view(&s->kept), bad, s->kept.size));
		return false;
	}
	s->state = LENGTH;
	if (is_response(d, s))
		return response_head(d, s);
	request_head(d, s);
	return false;
}
