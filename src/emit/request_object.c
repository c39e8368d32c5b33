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
	e->out->failed |= text.failed;
}

static bool came_before(const struct message *m, uint32_t field)
{
	for (uint32_t i = 0; i < field; i++) {
		if (view_same_word(m->fields[i].name, m->fields[field].name))
			return true;
	}
	return false;
}

static void put_field_value(const struct request_printer *printer, struct emitter *e, const struct message_field *field)
{
	if (request_is_redacted(printer, field->name))
		emit_null(e);
	else
		emit_string(e, field->value);
}

/* Values by name, as it was first sent. Of more fields than this, the list alone tells: to compare them all takes too long. */
static void put_header(const struct request_printer *printer, struct emitter *e, const struct message *m)
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
		e->out->failed |= name.failed;
		emit_array_begin(e);
		for (uint32_t j = i; j < m->field_count && j < GROUPED_MAX; j++) {
			if (view_same_word(m->fields[i].name, m->fields[j].name))
				put_field_value(printer, e, &m->fields[j]);
		}
		emit_array_end(e);
	}
	emit_object_end(e);
}

static void put_header_list(const struct request_printer *printer, struct emitter *e, const struct message *m)
{
	emit_key(e, "headerList");
	emit_array_begin(e);
	for (uint32_t i = 0; i < m->field_count; i++) {
		emit_array_begin(e);
		emit_string(e, m->fields[i].name);
		put_field_value(printer, e, &m->fields[i]);
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
	e->out->failed |= text.failed;
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

static void put_value(const struct request_printer *printer, struct emitter *e, const struct message_value *value)
{
	struct request_hidden hidden = { printer, NULL };
	struct datum_style style = request_style(&hidden);
	if (value->name && request_is_redacted(printer, view_text(value->name)))
		emit_null(e);
	else
		datum_emit(e, &value->value, &style);
}

/* What protocols have that are not like HTTP. */
static void put_typed(const struct request_printer *printer, struct emitter *e, const struct message *m)
{
	for (uint32_t i = 0; i < m->attribute_count; i++) {
		emit_key(e, m->attributes[i].name);
		put_value(printer, e, &m->attributes[i]);
	}
	emit_key(e, "fields");
	emit_array_begin(e);
	for (uint32_t i = 0; i < m->part_count; i++) {
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "name");
		emit_text(e, m->parts[i].name ? m->parts[i].name : "");
		emit_key(e, "value");
		put_value(printer, e, &m->parts[i]);
		emit_object_end(e);
	}
	emit_array_end(e);
	if (m->part_more) {
		emit_key(e, "fieldsMore");
		emit_uint(e, m->part_more);
	}
}

static void put_message(const struct request_printer *printer, struct emitter *e, const struct message *m, bool request)
{
	emit_key(e, "message");
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "protocol");
	emit_string(e, m->protocol);
	if (request ? m->method.size : m->status) {
		if (request) {
			emit_key(e, "method");
			emit_string(e, m->method);
			emit_key(e, "path");
			emit_string(e, m->path);
		} else {
			put_status(e, m);
		}
		put_header(printer, e, m);
		put_header_list(printer, e, m);
		put_body(e, m);
	}
	if (m->line_count + m->attribute_count + m->part_count + m->part_more)
		put_typed(printer, e, m);
	if (!request && m->failed) {
		emit_key(e, "failed");
		emit_bool(e, true);
	}
	emit_object_end(e);
}

/* Responses that were on the way before this one, or in its place. */
static void put_interim(const struct request_printer *printer, struct emitter *e, const struct message *m)
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
		put_header(printer, e, &m->interim[i]);
		put_header_list(printer, e, &m->interim[i]);
		emit_object_end(e);
	}
	emit_array_end(e);
	if (m->interim_more) {
		emit_key(e, "interimMore");
		emit_uint(e, m->interim_more);
	}
}

static void put_side(const struct request_printer *printer, struct emitter *e, const char *key, const struct exchange_side *side,
	bool request)
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
	put_interim(printer, e, m);
	if (side->present)
		put_message(printer, e, m, request);
	emit_object_end(e);
}

enum err request_print_object(const struct request_printer *printer, struct emitter *e, const struct exchange *exchange)
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
	put_side(printer, e, "request", &exchange->request, true);
	put_side(printer, e, "response", &exchange->response, false);
	emit_object_end(e);
	return emit_end(e);
}
