#include "proto/grpc.h"

#include "proto/content.h"
#include "proto/protobuf.h"
#include "proto/reader.h"

enum { PREFIX = 5, COMPRESSED = 1 };

void grpc_finish(struct grpc *grpc)
{
	parts_finish(&grpc->parts);
	arena_finish(&grpc->arena);
	buf_finish(&grpc->decoded);
	buf_finish(&grpc->text);
}

/* The last one of the name; empty where there is none. */
static struct view field_of(const struct message *message, const char *name)
{
	for (uint32_t i = message->field_count; i-- > 0;) {
		if (view_is(message->fields[i].name, name))
			return message->fields[i].value;
	}
	return (struct view){ 0 };
}

bool grpc_is(const struct message *message)
{
	static const char type[] = "application/grpc";
	struct view value = field_of(message, "content-type"), rest = view_slice(value, sizeof type - 1, value.size);
	return view_is(view_slice(value, 0, sizeof type - 1), type) && (rest.size == 0 || memchr("+; ", rest.data[0], 3));
}

/* UINT32_MAX: it is no number of a status. */
static uint32_t status_code(struct view status)
{
	uint32_t code = 0;
	for (size_t i = 0; i < status.size; i++) {
		if (status.data[i] < '0' || status.data[i] > '9' || i == 4)
			return UINT32_MAX;
		code = code * 10 + (uint32_t)(status.data[i] - '0');
	}
	return status.size ? code : UINT32_MAX;
}

/* NULL: it has none. */
static const char *status_name(uint32_t code)
{
	static const char *const names[] = { "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
		"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
		"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED" };
	return code < sizeof names / sizeof *names ? names[code] : NULL;
}

static int hex_value(uint8_t digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, digit | ('A' <= digit && digit <= 'F' ? 0x20 : 0)) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* A status message, whose bytes beyond ASCII are percent-encoded; what is wrongly encoded stays as it is. */
static struct view decode_percent(struct buf *text, struct view message)
{
	buf_clear(text);
	for (size_t i = 0; i < message.size; i++) {
		int high = i + 2 < message.size && message.data[i] == '%' ? hex_value(message.data[i + 1]) : -1;
		int low = high >= 0 ? hex_value(message.data[i + 2]) : -1;
		buf_append_byte(text, low >= 0 ? (uint8_t)(high << 4 | low) : message.data[i]);
		i += low >= 0 ? 2 : 0;
	}
	return buf_view(text);
}

static void tell_request(struct grpc *grpc, struct message *message)
{
	struct view path = message->path;
	const uint8_t *slash = path.size > 1 ? memchr(path.data + 1, '/', path.size - 1) : NULL;
	parts_word(&grpc->parts, datum_word(path));
	message->shape = path;
	if (!slash)
		return;
	struct view method = view_slice(path, (size_t)(slash - path.data) + 1, path.size);
	parts_attribute(&grpc->parts, "rpc.service", datum_word(view_slice(path, 1, (size_t)(slash - path.data) - 1)));
	parts_attribute(&grpc->parts, "rpc.method", datum_word(method));
}

/* Without a status, it is what HTTP says. */
static void tell_response(struct grpc *grpc, struct message *message)
{
	struct view status = field_of(message, "grpc-status"), text = field_of(message, "grpc-message");
	uint32_t code = status_code(status);
	const char *name = status_name(code);
	if (status.size == 0)
		return;
	message->failed = code != 0;
	parts_word(&grpc->parts, name ? datum_keyword(name) : datum_word(status));
	if (text.size)
		parts_word(&grpc->parts, datum_string(decode_percent(&grpc->text, text)));
	if (code != UINT32_MAX)
		parts_attribute(&grpc->parts, "rpc.grpc.status_code", datum_uint(code));
}

/* A message as it was sent: undone, and by its fields if it has any. */
static void add_message(struct grpc *grpc, const struct message *message, uint8_t flags, struct view bytes, uint64_t more, uint64_t max)
{
	struct view type = field_of(message, "content-type");
	struct datum datum;
	bool cut = false, failed = false, compressed = flags & COMPRESSED;
	buf_clear(&grpc->decoded);
	if (compressed && content_decode(field_of(message, "grpc-encoding"), bytes, max, &grpc->decoded, &cut)) {
		bytes = buf_view(&grpc->decoded);
		compressed = false;
		more = cut;
	}
	datum = datum_string(bytes);
	datum.more = more;
	bool opaque = compressed || more || (type.size > 16 && type.data[16] == '+' && !view_is(view_slice(type, 17, type.size), "proto"));
	arena_clear(&grpc->arena);
	if (!opaque)
		protobuf_fields(&grpc->arena, bytes, &datum, &failed);
	grpc->parts.failed |= failed;
	parts_add(&grpc->parts, compressed ? "compressed message" : "message", datum);
}

static void tell_messages(struct grpc *grpc, const struct message *message, uint64_t max)
{
	struct reader r = { .rest = message->body };
	while (r.rest.size >= PREFIX && !grpc->parts.failed && !grpc->parts.more) {
		uint8_t flags = (uint8_t)read_big(&r, 1);
		uint64_t size = read_big(&r, 4), there = size < r.rest.size ? size : r.rest.size;
		add_message(grpc, message, flags, read_bytes(&r, there), size - there, max - grpc->parts.kept);
	}
	if (message->body_cut && r.rest.size < PREFIX)
		parts_add(&grpc->parts, "not all messages were kept", datum_keyword(""));
}

bool grpc_tell(struct grpc *grpc, struct message *message, uint64_t body_max, bool lines)
{
	parts_clear(&grpc->parts);
	grpc->parts.max = body_max;
	grpc->parts.lines = lines;
	message->name = "gRPC";
	for (uint32_t i = 0; i < message->attribute_count; i++)
		parts_attribute(&grpc->parts, message->attributes[i].name, message->attributes[i].value);
	parts_attribute(&grpc->parts, "rpc.system", datum_keyword("grpc"));
	if (message->status)
		tell_response(grpc, message);
	else
		tell_request(grpc, message);
	if (!lines)
		tell_messages(grpc, message, body_max);
	message->body = (struct view){ 0 };
	message->body_cut = false;
	return !grpc->text.failed && !grpc->decoded.failed && parts_tell(&grpc->parts, message);
}
