#include "emit/request_parts.h"

#include "base/utf8.h"
#include "emit/format.h"
#include "emit/hexdump.h"

/* U+0080 to U+009F, which some terminals obey: either byte of one. The text is UTF-8. */
static bool is_control(struct view text, size_t at)
{
	if (text.data[at] == 0xc2)
		return text.data[at + 1] < 0xa0;
	return at && text.data[at - 1] == 0xc2 && text.data[at] < 0xa0;
}

void request_print_word(struct buf *out, struct view text)
{
	bool utf8 = utf8_valid(text);
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		bool control = (byte < ' ' && byte != '\t') || byte == 0x7f || (utf8 && is_control(text, i));
		if (control || (byte >= 0x80 && !utf8))
			buf_printf(out, "\\%03o", byte);
		else
			format_byte(out, (char)byte);
	}
}

static void print_link(struct buf *out, const struct exchange *exchange)
{
	format_local_time(out, exchange->time);
	format_byte(out, ' ');
	format_text(out, exchange->protocol);
	format_byte(out, ' ');
	net_address_print(out, &exchange->client);
	format_text(out, " > ");
	net_address_print(out, &exchange->server);
}

static void print_error(struct buf *out, const char *what, struct view error)
{
	format_text(out, what);
	format_text(out, " error: ");
	request_print_word(out, error);
}

static void print_request_line(struct buf *out, const struct exchange_side *request)
{
	const struct message *m = &request->message;
	if (m->error.size || !request->present) {
		print_error(out, "Request", m->error);
		return;
	}
	request_print_word(out, m->method);
	format_byte(out, ' ');
	request_print_word(out, m->path);
}

static void print_response_line(struct buf *out, const struct exchange_side *response)
{
	const struct message *m = &response->message;
	if (m->error.size || !response->present) {
		print_error(out, "Response", m->error);
		return;
	}
	format_uint(out, m->status);
	if (m->status_text.size == 0)
		return;
	format_byte(out, ' ');
	request_print_word(out, m->status_text);
}

/* A connection that nobody understood has no response: what is known of both sides is in the error. */
static bool has_response(const struct exchange *exchange)
{
	return exchange->response.present || exchange->response.message.error.size;
}

static void print_line(struct buf *out, const struct exchange *exchange)
{
	print_link(out, exchange);
	format_text(out, ": ");
	print_request_line(out, &exchange->request);
	if (has_response(exchange)) {
		format_text(out, " => ");
		print_response_line(out, &exchange->response);
	}
	format_byte(out, '\n');
}

/* A terminal shows it as it is. */
static bool is_text(struct view bytes)
{
	if (!utf8_valid(bytes))
		return false;
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t byte = bytes.data[i];
		if ((byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f || is_control(bytes, i))
			return false;
	}
	return true;
}

/* The part of a text that was cut within a character ends before it. */
static struct view whole_characters(const struct message *m)
{
	struct view body = m->body;
	for (int i = 0; m->body_cut && i < 4 && body.size && !utf8_valid(body); i++)
		body.size--;
	return body.size && utf8_valid(body) ? body : m->body;
}

static void print_body(struct buf *out, const struct message *m)
{
	struct view text = whole_characters(m);
	if (m->body.size && is_text(text)) {
		format_bytes(out, text.data, text.size);
		if (text.data[text.size - 1] != '\n')
			format_byte(out, '\n');
	} else {
		hexdump_print(out, 0, m->body);
	}
	if (m->body_cut)
		buf_printf(out, "[cut: %zu of %llu bytes]\n", m->body.size, (unsigned long long)m->body_bytes);
}

static void print_fields(struct buf *out, const struct message *m, uint32_t first, uint32_t count, char mark)
{
	for (uint32_t i = first; i < first + count; i++) {
		format_byte(out, mark);
		format_byte(out, ' ');
		request_print_word(out, m->fields[i].name);
		format_text(out, m->fields[i].value.size ? ": " : ":");
		request_print_word(out, m->fields[i].value);
		format_byte(out, '\n');
	}
}

/* Fields, an empty one, the body, and the fields of a trailer. */
static void print_rest(struct buf *out, const struct message *m, char mark)
{
	format_byte(out, '\n');
	print_fields(out, m, 0, m->field_count - m->trailer_count, mark);
	format_byte(out, mark);
	format_byte(out, '\n');
	print_body(out, m);
	print_fields(out, m, m->field_count - m->trailer_count, m->trailer_count, mark);
}

static void print_request(struct buf *out, const struct exchange_side *request)
{
	const struct message *m = &request->message;
	if (request->present) {
		format_text(out, "> ");
		request_print_word(out, m->method);
		format_byte(out, ' ');
		request_print_word(out, m->path);
		format_byte(out, ' ');
		request_print_word(out, m->protocol);
		print_rest(out, m, '>');
	}
	if (m->error.size) {
		print_error(out, "Request", m->error);
		format_byte(out, '\n');
	}
}

static void print_status(struct buf *out, const struct message *m)
{
	format_text(out, "< ");
	request_print_word(out, m->protocol);
	format_byte(out, ' ');
	format_uint(out, m->status);
	if (m->status_text.size)
		format_byte(out, ' ');
	request_print_word(out, m->status_text);
	print_rest(out, m, '<');
}

static void print_response(struct buf *out, const struct exchange_side *response)
{
	const struct message *m = &response->message;
	for (uint32_t i = 0; i < m->interim_count; i++)
		print_status(out, &m->interim[i]);
	if (m->interim_more)
		buf_printf(out, "[%u more on the way]\n", m->interim_more);
	if (response->present)
		print_status(out, m);
	if (m->error.size) {
		print_error(out, "Response", m->error);
		format_byte(out, '\n');
	}
}

static void print_whole(struct buf *out, const struct exchange *exchange)
{
	print_link(out, exchange);
	format_byte(out, '\n');
	print_request(out, &exchange->request);
	print_response(out, &exchange->response);
}

enum err request_print(struct request_printer *printer, struct emitter *e, const struct exchange *exchange)
{
	if (!emit_is_text(e))
		return request_print_object(e, exchange);
	if (printer->verbose) {
		if (printer->any)
			format_byte(e->out, '\n');
		print_whole(e->out, exchange);
	} else {
		print_line(e->out, exchange);
	}
	printer->any = true;
	return output_end(e->output);
}
