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

static bool is_told(const struct exchange_side *side)
{
	return side->present || side->message.error.size;
}

/* The arrow points at who is spoken to: of a message that only the server sent, at the client. */
static void print_link(struct buf *out, const struct exchange *exchange)
{
	format_local_time(out, exchange->time);
	format_byte(out, ' ');
	format_text(out, exchange->protocol);
	format_byte(out, ' ');
	net_address_print(out, &exchange->client);
	format_text(out, is_told(&exchange->request) ? " > " : " < ");
	net_address_print(out, &exchange->server);
}

static void print_error(struct buf *out, const char *what, struct view error)
{
	format_text(out, what);
	format_text(out, " error: ");
	request_print_word(out, error);
}

static void print_words(const struct request_printer *printer, struct buf *out, const struct message *m)
{
	struct request_hidden hidden = { printer, m };
	struct datum_style style = request_line_style(&hidden);
	for (uint32_t i = 0; i < m->line_count; i++) {
		if (i)
			format_byte(out, ' ');
		datum_print(out, &m->line[i], &style);
	}
}

static void print_request_line(const struct request_printer *printer, struct buf *out, const struct exchange_side *request)
{
	const struct message *m = &request->message;
	if (m->error.size || !request->present) {
		print_error(out, "Request", m->error);
		return;
	}
	if (m->line_count) {
		print_words(printer, out, m);
		return;
	}
	request_print_word(out, m->method);
	format_byte(out, ' ');
	request_print_word(out, m->path);
}

static void print_response_line(const struct request_printer *printer, struct buf *out, const struct exchange_side *response)
{
	const struct message *m = &response->message;
	if (m->error.size || !response->present) {
		print_error(out, "Response", m->error);
		return;
	}
	if (m->line_count) {
		print_words(printer, out, m);
		return;
	}
	format_uint(out, m->status);
	if (m->status_text.size == 0)
		return;
	format_byte(out, ' ');
	request_print_word(out, m->status_text);
}

/* Of what stands alone, and of a connection that nobody understood, there is one side. */
static void print_line(const struct request_printer *printer, struct buf *out, const struct exchange *exchange)
{
	bool asked = is_told(&exchange->request), answered = is_told(&exchange->response);
	print_link(out, exchange);
	format_text(out, ": ");
	if (asked)
		print_request_line(printer, out, &exchange->request);
	if (asked && answered)
		format_text(out, " => ");
	if (answered)
		print_response_line(printer, out, &exchange->response);
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

static void print_field(const struct request_printer *printer, struct buf *out, const struct message_field *field, char mark)
{
	format_byte(out, mark);
	format_byte(out, ' ');
	request_print_word(out, field->name);
	format_text(out, field->value.size ? ": " : ":");
	if (request_is_redacted(printer, field->name))
		format_text(out, "<hidden>");
	else
		request_print_word(out, field->value);
	format_byte(out, '\n');
}

static void print_fields(const struct request_printer *printer, struct buf *out, const struct message *m, uint32_t first, uint32_t end,
	char mark)
{
	for (uint32_t i = first; i < end; i++)
		print_field(printer, out, &m->fields[i], mark);
}

/* What has only a name says no more. */
static bool is_bare_name(const struct message_value *part)
{
	return part->name && part->value.type == DATUM_WORD && part->value.text.size + part->value.more == 0;
}

/* What was sent, in the order of the wire. */
static void print_parts(const struct request_printer *printer, struct buf *out, const struct message *m, char mark)
{
	struct request_hidden hidden = { printer, NULL };
	struct datum_style style = request_style(&hidden);
	for (uint32_t i = 0; i < m->part_count; i++) {
		const struct message_value *part = &m->parts[i];
		format_byte(out, mark);
		format_byte(out, ' ');
		if (part->name) {
			format_text(out, part->name);
			format_text(out, is_bare_name(part) ? "" : ": ");
		}
		if (part->name && request_is_redacted(printer, view_text(part->name)))
			format_text(out, "<hidden>");
		else
			datum_print(out, &part->value, &style);
		format_byte(out, '\n');
	}
	if (m->part_more)
		buf_printf(out, "[cut: %llu more]\n", (unsigned long long)m->part_more);
}

/* Fields, an empty one, the body or what is made of it, and the fields of a trailer. */
static void print_rest(const struct request_printer *printer, struct buf *out, const struct message *m, char mark)
{
	format_byte(out, '\n');
	print_fields(printer, out, m, 0, m->field_count - m->trailer_count, mark);
	format_byte(out, mark);
	format_byte(out, '\n');
	print_body(out, m);
	print_parts(printer, out, m, mark);
	print_fields(printer, out, m, m->field_count - m->trailer_count, m->field_count, mark);
}

static void print_request(const struct request_printer *printer, struct buf *out, const struct exchange_side *request)
{
	const struct message *m = &request->message;
	if (request->present && m->method.size) {
		format_text(out, "> ");
		request_print_word(out, m->method);
		format_byte(out, ' ');
		request_print_word(out, m->path);
		format_byte(out, ' ');
		request_print_word(out, m->protocol);
		print_rest(printer, out, m, '>');
	} else {
		print_parts(printer, out, m, '>');
	}
	if (m->error.size) {
		print_error(out, "Request", m->error);
		format_byte(out, '\n');
	}
}

static void print_status(const struct request_printer *printer, struct buf *out, const struct message *m)
{
	format_text(out, "< ");
	request_print_word(out, m->protocol);
	format_byte(out, ' ');
	format_uint(out, m->status);
	if (m->status_text.size)
		format_byte(out, ' ');
	request_print_word(out, m->status_text);
	print_rest(printer, out, m, '<');
}

static void print_response(const struct request_printer *printer, struct buf *out, const struct exchange_side *response)
{
	const struct message *m = &response->message;
	for (uint32_t i = 0; i < m->interim_count; i++)
		print_status(printer, out, &m->interim[i]);
	if (m->interim_more)
		buf_printf(out, "[%u more on the way]\n", m->interim_more);
	if (response->present && m->status)
		print_status(printer, out, m);
	else
		print_parts(printer, out, m, '<');
	if (m->error.size) {
		print_error(out, "Response", m->error);
		format_byte(out, '\n');
	}
}

static void print_whole(const struct request_printer *printer, struct buf *out, const struct exchange *exchange)
{
	print_link(out, exchange);
	format_byte(out, '\n');
	print_request(printer, out, &exchange->request);
	print_response(printer, out, &exchange->response);
}

enum err request_print(struct request_printer *printer, struct emitter *e, const struct exchange *exchange)
{
	if (!emit_is_text(e))
		return request_print_object(printer, e, exchange);
	if (printer->verbose) {
		if (printer->any)
			format_byte(e->out, '\n');
		print_whole(printer, e->out, exchange);
	} else {
		print_line(printer, e->out, exchange);
	}
	printer->any = true;
	return output_end(e->output);
}
