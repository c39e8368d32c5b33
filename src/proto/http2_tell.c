/* What becomes of the messages of HTTP/2: they are told of, whole or as far as they came. */
#include <stdlib.h>

#include "proto/content.h"
#include "proto/http2_parts.h"

const char *http2_error_name(uint32_t code)
{
	static const char *const names[] = { "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
		"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
		"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED" };
	return code < sizeof names / sizeof *names ? names[code] : "an error without a name";
}

static void drop_half(struct decoder *d, struct half *half)
{
	d->options.memory->left += half->body.size + half->text.size + half->fields.size;
	buf_finish(&half->body);
	buf_finish(&half->text);
	buf_finish(&half->fields);
}

void http2_drop(struct decoder *d, struct stream *stream)
{
	struct stream **at = &d->buckets[stream->id / 2 % BUCKETS];
	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	d->streams--;
	drop_half(d, &stream->halves[SIDE_CLIENT]);
	drop_half(d, &stream->halves[SIDE_SERVER]);
	free(stream);
}

/* Method, path and status have a place of their own; all else is a field, also what HTTP/2 says in front of them. */
static void fill_field(struct decoder *d, struct message *message, struct message_field field)
{
	if (view_is(field.name, ":method")) {
		message->method = field.value;
	} else if (view_is(field.name, ":path")) {
		message->path = field.value;
	} else if (!view_is(field.name, ":status")) {
		buf_append(&d->shown, &field, sizeof field);
		if (view_is(field.name, "content-encoding")) {
			buf_append_byte(&d->codings, ',');
			buf_append(&d->codings, field.value.data, field.value.size);
		}
	}
}

static void fill_head(struct decoder *d, const struct half *half, struct message *message)
{
	struct view all = buf_view(&half->text);
	size_t count = half->fields.size / sizeof(struct field_at);
	buf_clear(&d->shown);
	buf_clear(&d->codings);
	size_t head = 0;
	for (size_t i = 0; i < count; i++) {
		if (half->headed && i == half->head_fields)
			head = d->shown.size;
		struct field_at at;
		memcpy(&at, half->fields.data + i * sizeof at, sizeof at);
		fill_field(d, message,
			(struct message_field){ view_slice(all, at.name, at.name_size), view_slice(all, at.value, at.value_size) });
	}
	message->status = half->status;
	message->fields = (const struct message_field *)d->shown.data;
	message->field_count = (uint32_t)(d->shown.size / sizeof(struct message_field));
	if (half->headed && count > half->head_fields)
		message->trailer_count = (uint32_t)((d->shown.size - head) / sizeof(struct message_field));
	message->interim_more = half->interim;
}

static void fill_body(struct decoder *d, const struct half *half, struct message *message)
{
	bool cut = false;
	message->body = buf_view(&half->body);
	message->body_bytes = half->body_bytes;
	message->body_cut = half->body_bytes > half->body.size;
	buf_clear(&d->decoded);
	if (half->body.size == 0 || d->codings.size == 0 ||
		!content_decode(buf_view(&d->codings), buf_view(&half->body), d->options.body_max, &d->decoded, &cut))
		return;
	message->body = buf_view(&d->decoded);
	message->body_cut |= cut;
	if (!message->body_cut)
		message->body_bytes = message->body.size;
}

static void hand_over(struct decoder *d, uint64_t exchange, enum message_side side, const struct message *message)
{
	if (!d->err && d->why.failed)
		d->err = err_nomem();
	if (!d->err)
		d->err = d->sink->message(d->sink, exchange, side, message);
}

void http2_tell(struct decoder *d, struct stream *stream, enum message_side side, struct view error)
{
	struct half *half = &stream->halves[side];
	struct message_value attribute = { "http2.stream.id", datum_int(stream->id) };
	struct message message = { .time = half->time, .end = half->end, .error = error };
	if (half->begun && half->fields.size) {
		message.protocol = view_text("HTTP/2.0");
		message.attributes = &attribute;
		message.attribute_count = 1;
		fill_head(d, half, &message);
		fill_body(d, half, &message);
		if (grpc_is(&message) && !grpc_tell(&d->grpc, &message, d->options.body_max, d->options.lines) && !d->err)
			d->err = err_nomem();
	}
	if (half->cut_fields && error.size == 0)
		message.error = view_text("its header is too long");
	if (!d->err && (d->shown.failed || d->codings.failed || d->decoded.failed))
		d->err = err_nomem();
	hand_over(d, stream->exchange, side, &message);
	half->told = true;
	drop_half(d, half);
	if (stream->halves[SIDE_CLIENT].told && stream->halves[SIDE_SERVER].told)
		http2_drop(d, stream);
}

void http2_tell_alone(struct decoder *d, enum message_side side, uint64_t time, struct view error)
{
	uint64_t exchange = d->exchanges++;
	struct message message = { .time = time, .end = time, .error = error, .alone = true };
	if (!d->err)
		d->err = d->sink->begun(d->sink, exchange, time);
	hand_over(d, exchange, side, &message);
}
