/* An exchange as JSON or YAML. */
#include "base/utf8.h"
#include "emit/format.h"
#include "emit/request_parts.h"

static void put_address(struct emitter *e, const char *key, const struct net_address *address)
{
	BUF_CLEANUP struct buf text = { 0 };
	net_address_print(&text, address);
	emit_key(e, key);
	emit_string(e, buf_view(&text));
}

static bool same_name(struct view a, struct view b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++) {
		uint8_t x = a.data[i], y = b.data[i];
		if ((x >= 'A' && x <= 'Z' ? x | 0x20 : x) != (y >= 'A' && y <= 'Z' ? y | 0x20 : y))
			return false;
	}
	return true;
}

static bool came_before(const struct message *m, uint32_t field)
{
	for (uint32_t i = 0; i < field; i++) {
		if (same_name(m->fields[i].name, m->fields[field].name))
			return true;
	}
	return false;
}

/* Values by name, as it was first sent. Of more fields than this, the list alone tells: to compare them all takes too long. */
static void put_header(struct emitter *e, const struct message *m)
{
	enum { GROUPED_MAX = 1000 };
	BUF_CLEANUP struct buf name = { 0 };
	emit_key(e, "header");
	emit_object_begin(e, OBJECT_BRACED);
	for (uint32_t i = 0; i < m->field_count && i < GROUPED_MAX; i++) {
		if (came_before(m, i))
			continue;
		buf_clear(&name);
		buf_append(&name, m->fields[i].name.data, m->fields[i].name.size);
		emit_key(e, buf_text(&name));
		emit_array_begin(e);
		for (uint32_t j = i; j < m->field_count && j < GROUPED_MAX; j++) {
			if (same_name(m->fields[i].name, m->fields[j].name))
				emit_string(e, m->fields[j].value);
		}
		emit_array_end(e);
	}
	emit_object_end(e);
}

static void put_header_list(struct emitter *e, const struct message *m)
{
	emit_key(e, "headerList");
	emit_array_begin(e);
	for (uint32_t i = 0; i < m->field_count; i++) {
		emit_array_begin(e);
		emit_string(e, m->fields[i].name);
		emit_string(e, m->fields[i].value);
		emit_array_end(e);
	}
	emit_array_end(e);
}

static void put_body(struct emitter *e, const struct message *m)
{
	BUF_CLEANUP struct buf text = { 0 };
	format_base64(&text, m->body);
	emit_key(e, "body");
	emit_string(e, buf_view(&text));
	if (m->body.size && utf8_valid(m->body)) {
		emit_key(e, "bodyText");
		emit_string(e, m->body);
	}
	emit_key(e, "bodyBytes");
	emit_uint(e, m->body_bytes);
	emit_key(e, "bodyTruncated");
	emit_bool(e, m->body_cut);
}

static void put_status(struct emitter *e, const struct message *m)
{
	emit_key(e, "statusCode");
	emit_uint(e, m->status);
	emit_key(e, "statusText");
	emit_string(e, m->status_text);
}

static void put_message(struct emitter *e, const struct message *m, bool request)
{
	emit_key(e, "message");
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "protocol");
	emit_string(e, m->protocol);
	if (request) {
		emit_key(e, "method");
		emit_string(e, m->method);
		emit_key(e, "path");
		emit_string(e, m->path);
	} else {
		put_status(e, m);
	}
	put_header(e, m);
	put_header_list(e, m);
	put_body(e, m);
	emit_object_end(e);
}

/* Responses that were on the way before this one, or in its place. */
static void put_interim(struct emitter *e, const struct message *m)
{
	if (m->interim_count + m->interim_more == 0)
		return;
	emit_key(e, "interim");
	emit_array_begin(e);
	for (uint32_t i = 0; i < m->interim_count; i++) {
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "time");
		emit_time(e, m->interim[i].time);
		put_status(e, &m->interim[i]);
		put_header(e, &m->interim[i]);
		put_header_list(e, &m->interim[i]);
		emit_object_end(e);
	}
	emit_array_end(e);
	if (m->interim_more) {
		emit_key(e, "interimMore");
		emit_uint(e, m->interim_more);
	}
}

static void put_side(struct emitter *e, const char *key, const struct exchange_side *side, bool request)
{
	const struct message *m = &side->message;
	emit_key(e, key);
	emit_object_begin(e, OBJECT_BRACED);
	if (m->time) {
		emit_key(e, "time");
		emit_time(e, m->time);
		emit_key(e, "span");
		emit_uint(e, m->end - m->time);
	}
	if (m->error.size) {
		emit_key(e, "error");
		emit_string(e, m->error);
	}
	put_interim(e, m);
	if (side->present)
		put_message(e, m, request);
	emit_object_end(e);
}

enum err request_print_object(struct emitter *e, const struct exchange *exchange)
{
	emit_begin(e);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "record");
	emit_uint(e, exchange->record);
	emit_key(e, "time");
	emit_time(e, exchange->time);
	emit_key(e, "protocol");
	emit_text(e, exchange->protocol);
	emit_key(e, "link");
	emit_object_begin(e, OBJECT_BRACED);
	put_address(e, "src", &exchange->client);
	put_address(e, "dst", &exchange->server);
	emit_object_end(e);
	if (exchange->server_name.size) {
		emit_key(e, "name");
		emit_string(e, exchange->server_name);
	}
	put_side(e, "request", &exchange->request, true);
	put_side(e, "response", &exchange->response, false);
	emit_object_end(e);
	return emit_end(e);
}
