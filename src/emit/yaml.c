/* EMIT_YAML: a document each, through libyaml. */
#include "base/utf8.h"
#include "emit/emitter.h"
#include "emit/format.h"

#include <stdlib.h>
#include <yaml.h>

struct yaml {
	struct emitter emitter;
	yaml_emitter_t yaml;
	struct buf scalar;
	bool failed; /* libyaml found no memory: the output fails at the end of the document */
};

static struct yaml *yaml_of(struct emitter *e)
{
	return (struct yaml *)e;
}

static int take_text(void *data, unsigned char *text, size_t size)
{
	struct yaml *yaml = data;
	format_bytes(yaml->emitter.out, text, size);
	return !yaml->emitter.out->failed;
}

/* Hands an event to libyaml, which owns it whatever comes of it; `made` says whether it could be made at all. */
static void send(struct emitter *e, int made, yaml_event_t *event)
{
	struct yaml *yaml = yaml_of(e);
	if (!made || yaml->failed || !yaml_emitter_emit(&yaml->yaml, event))
		yaml->failed = true;
}

static void scalar(struct emitter *e, struct view text, bool quoted)
{
	yaml_event_t event;
	yaml_scalar_style_t style = quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
	const yaml_char_t *data = (const yaml_char_t *)(text.size ? (const void *)text.data : "");
	if (text.size > INT32_MAX) {
		yaml_of(e)->failed = true;
		return;
	}
	send(e, yaml_scalar_event_initialize(&event, NULL, NULL, data, (int)text.size, !quoted, quoted, style), &event);
}

/* The scalar that was put together in `scalar`. */
static void scalar_made(struct emitter *e, bool quoted)
{
	struct yaml *yaml = yaml_of(e);
	if (yaml->scalar.failed)
		yaml->failed = true;
	else
		scalar(e, buf_view(&yaml->scalar), quoted);
	buf_clear(&yaml->scalar);
}

static bool is_word(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* Whether text needs no quotes in any version of YAML: words of letters, digits and / . - that are neither number, truth nor null. */
static bool is_plain(struct view text)
{
	static const char *const taken[] = { "null", "true", "false", "yes", "no", "on", "off", "y", "n" };
	if (text.size == 0 || !is_word(text.data[0]) || (text.data[0] >= '0' && text.data[0] <= '9'))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (!is_word(text.data[i]) && text.data[i] != '/' && text.data[i] != '.' && text.data[i] != '-')
			return false;
	}
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		if (view_is_word(text, taken[i]))
			return false;
	}
	return true;
}

static void yaml_begin(struct emitter *e)
{
	yaml_event_t event;
	send(e, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 0), &event);
}

static void yaml_end(struct emitter *e)
{
	yaml_event_t event;
	send(e, yaml_document_end_event_initialize(&event, 1), &event);
	yaml_emitter_flush(&yaml_of(e)->yaml);
	if (yaml_of(e)->failed)
		e->out->failed = true;
}

static void yaml_object_begin(struct emitter *e, enum object_layout layout)
{
	yaml_event_t event;
	(void)layout;
	send(e, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE), &event);
}

static void yaml_object_end(struct emitter *e)
{
	yaml_event_t event;
	send(e, yaml_mapping_end_event_initialize(&event), &event);
}

static void yaml_array_begin(struct emitter *e)
{
	yaml_event_t event;
	send(e, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE), &event);
}

static void yaml_array_end(struct emitter *e)
{
	yaml_event_t event;
	send(e, yaml_sequence_end_event_initialize(&event), &event);
}

static void yaml_name(struct emitter *e, const char *name)
{
	scalar(e, view_text(name), !is_plain(view_text(name)));
}

static void yaml_null(struct emitter *e)
{
	scalar(e, view_text("null"), false);
}

static void yaml_boolean(struct emitter *e, bool truth)
{
	scalar(e, view_text(truth ? "true" : "false"), false);
}

static void yaml_uint(struct emitter *e, uint64_t number)
{
	format_uint(&yaml_of(e)->scalar, number);
	scalar_made(e, false);
}

static void yaml_sint(struct emitter *e, int64_t number)
{
	format_sint(&yaml_of(e)->scalar, number);
	scalar_made(e, false);
}

static void yaml_number(struct emitter *e, const char *digits)
{
	format_text(&yaml_of(e)->scalar, digits);
	scalar_made(e, false);
}

static void yaml_flags(struct emitter *e, const char *const *names, uint32_t count, uint64_t rest)
{
	yaml_array_begin(e);
	for (uint32_t i = 0; i < count; i++)
		yaml_name(e, names[i]);
	if (rest) {
		format_hex(&yaml_of(e)->scalar, rest);
		scalar_made(e, true);
	}
	yaml_array_end(e);
}

static void yaml_bytes(struct emitter *e, struct view bytes, uint64_t size)
{
	yaml_object_begin(e, OBJECT_BRACED);
	yaml_name(e, "size");
	yaml_uint(e, size);
	yaml_name(e, "base64");
	format_base64(&yaml_of(e)->scalar, bytes);
	scalar_made(e, true);
	if (utf8_valid(bytes)) {
		yaml_name(e, "text");
		scalar(e, bytes, true);
	}
	yaml_object_end(e);
}

static void yaml_string(struct emitter *e, struct view text)
{
	if (utf8_valid(text))
		scalar(e, text, !is_plain(text));
	else
		yaml_bytes(e, text, text.size);
}

static void yaml_time(struct emitter *e, uint64_t wall)
{
	format_time(&yaml_of(e)->scalar, wall);
	scalar_made(e, true);
}

static void yaml_destroy(struct emitter *e)
{
	yaml_emitter_delete(&yaml_of(e)->yaml);
	buf_finish(&yaml_of(e)->scalar);
	free(e);
}

enum err emitter_create_yaml(struct emitter **ret_emitter)
{
	static const struct emitter_hands hands = {
		.begin = yaml_begin,
		.end = yaml_end,
		.object_begin = yaml_object_begin,
		.object_end = yaml_object_end,
		.key = yaml_name,
		.array_begin = yaml_array_begin,
		.array_end = yaml_array_end,
		.null = yaml_null,
		.boolean = yaml_boolean,
		.uint = yaml_uint,
		.sint = yaml_sint,
		.number = yaml_number,
		.name = yaml_name,
		.flags = yaml_flags,
		.string = yaml_string,
		.bytes = yaml_bytes,
		.time = yaml_time,
		.duration = yaml_uint,
		.size = yaml_uint,
		.destroy = yaml_destroy,
	};
	struct yaml *yaml = calloc(1, sizeof *yaml);
	if (!yaml || !yaml_emitter_initialize(&yaml->yaml)) {
		free(yaml);
		return err_nomem();
	}
	yaml->emitter.hands = &hands;
	yaml_emitter_set_output(&yaml->yaml, take_text, yaml);
	yaml_emitter_set_unicode(&yaml->yaml, 1);
	yaml_emitter_set_width(&yaml->yaml, -1);
	yaml_event_t event;
	send(&yaml->emitter, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
	*ret_emitter = &yaml->emitter;
	return ERR_NONE;
}
