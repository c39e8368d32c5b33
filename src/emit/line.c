/* EMIT_LINE: a value on one line, in the manner of strace. */
#include "emit/emitter.h"
#include "emit/format.h"

#include <stdlib.h>

struct line {
	struct emitter emitter;
	uint8_t layouts[EMIT_DEPTH]; /* of the objects that are open; an array counts as one without keys */
	uint32_t depth;
	bool separate; /* a value went before */
};

static struct line *line_of(struct emitter *e)
{
	return (struct line *)e;
}

/* Before every value that has no key. */
static inline struct buf *value(struct emitter *e)
{
	struct line *line = line_of(e);
	if (line->separate)
		format_bytes(e->out, ", ", 2);
	line->separate = true;
	return e->out;
}

static void open_group(struct emitter *e, enum object_layout layout)
{
	struct line *line = line_of(e);
	if (line->depth < EMIT_DEPTH)
		line->layouts[line->depth] = (uint8_t)layout;
	line->depth++;
}

static enum object_layout close_group(struct emitter *e)
{
	struct line *line = line_of(e);
	line->depth--;
	return line->depth < EMIT_DEPTH ? line->layouts[line->depth] : OBJECT_BRACED;
}

static void line_begin(struct emitter *e)
{
	line_of(e)->depth = 0;
	line_of(e)->separate = false;
}

static void line_end(struct emitter *e)
{
	format_byte(e->out, '\n');
}

static void line_object_begin(struct emitter *e, enum object_layout layout)
{
	struct line *line = line_of(e);
	if (layout == OBJECT_BRACED)
		format_byte(value(e), '{');
	open_group(e, layout);
	if (layout == OBJECT_BRACED || line->depth == 1)
		line->separate = false; /* without braces, what is in an object is part of the list around it */
}

static void line_object_end(struct emitter *e)
{
	if (close_group(e) != OBJECT_BRACED)
		return;
	format_byte(e->out, '}');
	line_of(e)->separate = true;
}

static void line_key(struct emitter *e, const char *name)
{
	struct line *line = line_of(e);
	if (line->depth == 0 || line->depth > EMIT_DEPTH || line->layouts[line->depth - 1] == OBJECT_VALUES)
		return;
	format_text(value(e), name);
	format_byte(e->out, '=');
	line->separate = false;
}

static void line_array_begin(struct emitter *e)
{
	format_byte(value(e), '[');
	open_group(e, OBJECT_VALUES);
	line_of(e)->separate = false;
}

static void line_array_end(struct emitter *e)
{
	close_group(e);
	format_byte(e->out, ']');
	line_of(e)->separate = true;
}

static void line_null(struct emitter *e)
{
	format_bytes(value(e), "NULL", 4);
}

static void line_boolean(struct emitter *e, bool truth)
{
	format_text(value(e), truth ? "true" : "false");
}

static void line_uint(struct emitter *e, uint64_t number)
{
	format_uint(value(e), number);
}

static void line_sint(struct emitter *e, int64_t number)
{
	format_sint(value(e), number);
}

static void line_number(struct emitter *e, const char *digits)
{
	format_text(value(e), digits);
}

static void line_name(struct emitter *e, const char *name)
{
	format_text(value(e), name);
}

static void line_flags(struct emitter *e, const char *const *names, uint32_t count, uint64_t rest)
{
	format_flags(value(e), names, count, rest);
}

static void line_string(struct emitter *e, struct view text)
{
	format_byte(value(e), '"');
	format_escaped(e->out, text, "");
	format_byte(e->out, '"');
}

static void line_bytes(struct emitter *e, struct view bytes, uint64_t size)
{
	line_string(e, bytes);
	if (bytes.size < size)
		format_bytes(e->out, "...", 3);
}

static void line_time(struct emitter *e, uint64_t wall)
{
	format_time(value(e), wall);
}

static void line_destroy(struct emitter *e)
{
	free(e);
}

enum err emitter_create_line(struct emitter **ret_emitter)
{
	static const struct emitter_hands hands = {
		.begin = line_begin,
		.end = line_end,
		.object_begin = line_object_begin,
		.object_end = line_object_end,
		.key = line_key,
		.array_begin = line_array_begin,
		.array_end = line_array_end,
		.null = line_null,
		.boolean = line_boolean,
		.uint = line_uint,
		.sint = line_sint,
		.number = line_number,
		.name = line_name,
		.flags = line_flags,
		.string = line_string,
		.bytes = line_bytes,
		.time = line_time,
		.duration = line_uint,
		.size = line_uint,
		.destroy = line_destroy,
	};
	struct line *line = calloc(1, sizeof *line);
	if (!line)
		return err_nomem();
	line->emitter.hands = &hands;
	*ret_emitter = &line->emitter;
	return ERR_NONE;
}
