/* EMIT_JSON (RFC 8259): a document a line. Numbers are whole and may need 64 bits. */
#include "base/utf8.h"
#include "emit/emitter.h"
#include "emit/format.h"

#include <stdlib.h>

struct json {
	struct emitter emitter;
	bool separate; /* a value went before in the same object or array */
};

static struct json *json_of(struct emitter *e)
{
	return (struct json *)e;
}

static inline struct buf *value(struct emitter *e)
{
	struct json *json = json_of(e);
	if (json->separate)
		format_byte(e->out, ',');
	json->separate = true;
	return e->out;
}

static void json_begin(struct emitter *e)
{
	json_of(e)->separate = false;
}

static void json_end(struct emitter *e)
{
	format_byte(e->out, '\n');
}

static void json_open(struct emitter *e, char bracket)
{
	format_byte(value(e), bracket);
	json_of(e)->separate = false;
}

static void json_close(struct emitter *e, char bracket)
{
	format_byte(e->out, bracket);
	json_of(e)->separate = true;
}

static void json_object_begin(struct emitter *e, enum object_layout layout)
{
	(void)layout;
	json_open(e, '{');
}

static void json_object_end(struct emitter *e)
{
	json_close(e, '}');
}

static void json_array_begin(struct emitter *e)
{
	json_open(e, '[');
}

static void json_array_end(struct emitter *e)
{
	json_close(e, ']');
}

static void json_key(struct emitter *e, const char *name)
{
	format_json(value(e), view_text(name));
	format_byte(e->out, ':');
	json_of(e)->separate = false;
}

static void json_null(struct emitter *e)
{
	format_bytes(value(e), "null", 4);
}

static void json_boolean(struct emitter *e, bool truth)
{
	format_text(value(e), truth ? "true" : "false");
}

static void json_uint(struct emitter *e, uint64_t number)
{
	format_uint(value(e), number);
}

static void json_sint(struct emitter *e, int64_t number)
{
	format_sint(value(e), number);
}

static void json_number(struct emitter *e, const char *digits)
{
	format_text(value(e), digits);
}

static void json_name(struct emitter *e, const char *name)
{
	format_json(value(e), view_text(name));
}

static void json_flags(struct emitter *e, const char *const *names, uint32_t count, uint64_t rest)
{
	json_open(e, '[');
	for (uint32_t i = 0; i < count; i++)
		json_name(e, names[i]);
	if (rest) {
		format_byte(value(e), '"');
		format_hex(e->out, rest);
		format_byte(e->out, '"');
	}
	json_close(e, ']');
}

static void json_bytes(struct emitter *e, struct view bytes, uint64_t size)
{
	json_open(e, '{');
	json_key(e, "size");
	json_uint(e, size);
	json_key(e, "base64");
	format_byte(value(e), '"');
	format_base64(e->out, bytes);
	format_byte(e->out, '"');
	if (utf8_valid(bytes)) {
		json_key(e, "text");
		format_json(value(e), bytes);
	}
	json_close(e, '}');
}

static void json_string(struct emitter *e, struct view text)
{
	if (utf8_valid(text))
		format_json(value(e), text);
	else
		json_bytes(e, text, text.size);
}

static void json_time(struct emitter *e, uint64_t wall)
{
	format_byte(value(e), '"');
	format_time(e->out, wall);
	format_byte(e->out, '"');
}

static void json_destroy(struct emitter *e)
{
	free(e);
}

enum err emitter_create_json(struct emitter **ret_emitter)
{
	static const struct emitter_hands hands = {
		.begin = json_begin,
		.end = json_end,
		.object_begin = json_object_begin,
		.object_end = json_object_end,
		.key = json_key,
		.array_begin = json_array_begin,
		.array_end = json_array_end,
		.null = json_null,
		.boolean = json_boolean,
		.uint = json_uint,
		.sint = json_sint,
		.number = json_number,
		.name = json_name,
		.flags = json_flags,
		.string = json_string,
		.bytes = json_bytes,
		.time = json_time,
		.duration = json_uint,
		.size = json_uint,
		.destroy = json_destroy,
	};
	struct json *json = calloc(1, sizeof *json);
	if (!json)
		return err_nomem();
	json->emitter.hands = &hands;
	*ret_emitter = &json->emitter;
	return ERR_NONE;
}
