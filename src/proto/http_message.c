/* Where HTTP/1 messages begin and end, and what they mean for each other. */
#include "proto/content.h"
#include "proto/http_parts.h"

/* The body as it was meant, where its coding can be undone; a body that was cut gives what there is of it. */
static void decode_body(struct decoder *d, struct direction *s, struct message *message)
{
	struct view coding;
	uint32_t at = 0;
	bool cut = false;
	message->body = buf_view(&s->body);
	message->body_bytes = s->body_bytes;
	message->body_cut = s->body_bytes > s->body.size;
	if (s->body.size == 0 || !http_field(&s->parsed, "content-encoding", &at, &coding))
		return;
	buf_clear(&d->decoded);
	if (!content_decode(coding, buf_view(&s->body), d->options.body_max, &d->decoded, &cut))
		return;
	message->body = buf_view(&d->decoded);
	message->body_cut |= cut;
	if (!message->body_cut)
		message->body_bytes = message->body.size;
}

/* Hands the message under way to the sink, as far as it has come. */
void http_tell(struct decoder *d, struct direction *s, struct view error)
{
	const struct http_head *head = &s->parsed;
	struct message message = { .time = s->time, .end = s->end, .error = error };
	bool parsed = s->state > HEAD && s->state != OVER;
	if (parsed) {
		message.protocol = head->protocol;
		message.method = head->method;
		message.path = head->path;
		message.status = head->status;
		message.status_text = head->status_text;
		message.fields = (const struct message_field *)head->fields.data;
		message.field_count = (uint32_t)(head->fields.size / sizeof *message.fields);
		message.trailer_count = message.field_count - s->head_fields;
		decode_body(d, s, &message);
	}
	if (!d->err)
		d->err = d->sink->message(d->sink, s->exchange, side_of(d, s), &message);
	buf_clear(&s->head);
	buf_clear(&s->body);
	buf_clear(&s->trailer);
}

static uint8_t pending_of(const struct decoder *d, uint64_t exchange)
{
	return exchange < d->requests ? d->pending[exchange % PENDING_MAX] : 0;
}

/* A message begins with its first byte. A response to nothing is one whose request was not seen. */
void http_begin(struct decoder *d, struct direction *s, uint64_t time)
{
	s->state = HEAD;
	s->time = s->end = time;
	s->start = s->offset;
	s->body_bytes = 0;
	s->bodiless = false;
	buf_clear(&s->head);
	if (!is_response(d, s)) {
		s->exchange = d->requests;
		return;
	}
	s->exchange = d->responses;
	if (d->responses == d->requests)
		d->pending[d->requests++ % PENDING_MAX] = 0;
	if (!d->err)
		d->err = d->sink->begun(d->sink, s->exchange, time);
}

void http_bad(struct decoder *d, struct direction *s, const char *why, uint64_t from)
{
	buf_clear(&d->why);
	buf_printf(&d->why, "%s: not HTTP from byte %llu on", why, (unsigned long long)from);
	if (s->state == HEAD || s->state == START)
		s->state = OVER;
	if (!is_response(d, s) && s->state == OVER)
		d->pending[d->requests++ % PENDING_MAX] = 0; /* so that what is told of has a number of its own */
	http_tell(d, s, view_text(buf_text(&d->why)));
	if (is_response(d, s))
		d->responses++;
	s->state = OVER;
}

void http_end_message(struct decoder *d, struct direction *s)
{
	http_tell(d, s, (struct view){ 0 });
	if (is_response(d, s)) {
		d->responses++;
		s->state = START;
		return;
	}
	d->expects = false;
	s->state = pending_of(d, s->exchange) & (PENDING_CONNECT | PENDING_UPGRADE) ? WAIT : START;
}

/* Digits alone: what else is sent as a length, readers differ on. */
static bool parse_length(struct view text, uint64_t *ret_length)
{
	uint64_t length = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || length > (UINT64_MAX - 9) / 10)
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

/* RFC 9112, section 6.3: how long the body is. */
static void begin_body(struct decoder *d, struct direction *s)
{
	bool response = is_response(d, s), found;
	struct view coding;
	uint32_t at = 0;
	uint64_t length = 0;
	bool coded = http_field(&s->parsed, "transfer-encoding", &at, &coding);
	if (!find_length(&s->parsed, &found, &length)) {
		s->state = LENGTH; /* what was read of the head is told of */
		http_bad(d, s, "its length is no number, or two", s->start);
	} else if (s->bodiless) {
		s->state = LENGTH;
		http_end_message(d, s);
	} else if (http_lists(&s->parsed, "transfer-encoding", "chunked")) {
		s->state = CHUNK_SIZE;
	} else if (coded && !response) {
		s->state = LENGTH;
		http_bad(d, s, "its transfer coding has no end", s->start);
	} else if (coded || (response && !found)) {
		s->state = TO_CLOSE;
	} else {
		s->state = LENGTH;
		s->left = found ? length : 0;
		if (s->left == 0)
			http_end_message(d, s);
	}
}

static void request_head(struct decoder *d, struct direction *s)
{
	const struct http_head *head = &s->parsed;
	uint8_t pending = 0;
	if (view_is(head->method, "HEAD"))
		pending = PENDING_HEAD;
	else if (view_is(head->method, "CONNECT"))
		pending = PENDING_CONNECT;
	else if (http_lists(head, "connection", "upgrade"))
		pending = PENDING_UPGRADE;
	if (d->requests - d->responses >= PENDING_MAX) {
		s->state = LENGTH;
		http_bad(d, s, "too many requests wait for their responses", s->start);
		return;
	}
	d->pending[d->requests++ % PENDING_MAX] = pending;
	d->expects = http_lists(head, "expect", "100-continue");
	s->bodiless = pending == PENDING_CONNECT;
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

/* True: the connection is another protocol's from here on. */
static bool response_head(struct decoder *d, struct direction *s)
{
	uint32_t status = s->parsed.status;
	uint8_t pending = pending_of(d, s->exchange);
	if (status == 101 || (pending & PENDING_CONNECT && status / 100 == 2)) {
		s->bodiless = true;
		s->state = LENGTH;
		http_end_message(d, s);
		s->state = OVER;
		return true;
	}
	if (status / 100 == 1) { /* on the way: the response is what comes after */
		s->state = START;
		return false;
	}
	if (status >= 400)
		refuse_body(d, s->exchange);
	struct direction *client = &d->sides[SIDE_CLIENT];
	if (client->state == WAIT && client->exchange == s->exchange)
		client->state = START; /* it stays HTTP */
	s->bodiless = pending & PENDING_HEAD || status == 204 || status == 304;
	begin_body(d, s);
	return false;
}

/* The head is whole: true if it hands the connection over. */
bool http_end_head(struct decoder *d, struct direction *s)
{
	const char *why;
	struct buf kept = s->kept; /* its views must stay while the next head is gathered */
	s->kept = s->head;
	s->head = kept;
	buf_clear(&s->head);
	if (s->kept.failed || !http_head_parse(&s->parsed, is_response(d, s), buf_view(&s->kept), &why)) {
		http_bad(d, s, s->kept.failed ? "out of memory" : why, s->start);
		return false;
	}
	s->state = LENGTH;
	s->head_fields = (uint32_t)(s->parsed.fields.size / sizeof(struct message_field));
	if (is_response(d, s))
		return response_head(d, s);
	request_head(d, s);
	return false;
}
