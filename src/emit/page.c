/* EMIT_PAGE: for people. A key a line, what is inside it indented by two. */
#include "emit/emitter.h"
#include "emit/format.h"

#include <stdlib.h>

struct page {
	struct emitter emitter;
	bool arrays[EMIT_DEPTH + 1]; /* whether what is open at this depth is an array */
	uint32_t depth;
	bool fresh; /* the object or array that is open holds nothing yet */
	enum { LINE_START, AFTER_KEY, AFTER_DASH } place; /* where the text stands */
};

static struct page *page_of(struct emitter *e)
{
	return (struct page *)e;
}

static bool in_array(const struct page *page)
{
	return page->depth && page->depth <= EMIT_DEPTH && page->arrays[page->depth];
}

/* A value of the key that stands on the line already, rather than a new entry of what is open. */
static bool has_key(const struct page *page)
{
	return page->place == AFTER_KEY && !page->fresh;
}

/* To where a key or a dash of the object or array that is open goes: a line of its own, or behind the dash that began the object. */
static void entry(struct emitter *e)
{
	struct page *page = page_of(e);
	if (page->fresh && page->place == AFTER_KEY) {
		format_byte(e->out, '\n');
		page->place = LINE_START;
	}
	for (uint32_t i = 1; i < page->depth && page->place == LINE_START; i++)
		format_bytes(e->out, "  ", 2);
	page->place = LINE_START;
	page->fresh = false;
}

/* To where a value's text goes; the caller ends the line. */
static struct buf *value(struct emitter *e)
{
	struct page *page = page_of(e);
	if (has_key(page)) {
		format_byte(e->out, ' ');
		page->place = LINE_START;
	} else if (in_array(page)) {
		entry(e);
		format_bytes(e->out, "- ", 2);
	}
	return e->out;
}

static void line_end(struct emitter *e)
{
	format_byte(e->out, '\n');
}

static void page_begin(struct emitter *e)
{
	struct page *page = page_of(e);
	page->depth = 0;
	page->fresh = false;
	page->place = LINE_START;
}

static void page_end(struct emitter *e)
{
	(void)e;
}

static void open_group(struct emitter *e, bool array)
{
	struct page *page = page_of(e);
	if (!has_key(page) && in_array(page)) {
		value(e);
		page->place = AFTER_DASH;
	}
	page->depth++;
	if (page->depth <= EMIT_DEPTH)
		page->arrays[page->depth] = array;
	page->fresh = true;
}

static void close_group(struct emitter *e)
{
	struct page *page = page_of(e);
	if (page->fresh && page->place != LINE_START)
		format_text(e->out, page->place == AFTER_KEY ? " none\n" : "none\n");
	page->place = LINE_START;
	page->fresh = false;
	page->depth--;
}

static void page_object_begin(struct emitter *e, enum object_layout layout)
{
	(void)layout;
	open_group(e, false);
}

static void page_array_begin(struct emitter *e)
{
	open_group(e, true);
}

static void page_key(struct emitter *e, const char *name)
{
	entry(e);
	format_text(e->out, name);
	format_byte(e->out, ':');
	page_of(e)->place = AFTER_KEY;
}

static void page_text(struct emitter *e, const char *text)
{
	format_text(value(e), text);
	line_end(e);
}

static void page_null(struct emitter *e)
{
	page_text(e, "none");
}

static void page_boolean(struct emitter *e, bool truth)
{
	page_text(e, truth ? "yes" : "no");
}

static void page_uint(struct emitter *e, uint64_t number)
{
	format_uint(value(e), number);
	line_end(e);
}

static void page_sint(struct emitter *e, int64_t number)
{
	format_sint(value(e), number);
	line_end(e);
}

static void page_number(struct emitter *e, const char *digits)
{
	format_text(value(e), digits);
	line_end(e);
}

static void page_flags(struct emitter *e, const char *const *names, uint32_t count, uint64_t rest)
{
	format_flags(value(e), names, count, rest);
	line_end(e);
}

static void page_string(struct emitter *e, struct view text)
{
	format_readable(value(e), text);
	line_end(e);
}

static void page_bytes(struct emitter *e, struct view bytes, uint64_t size)
{
	struct buf *out = value(e);
	format_byte(out, '"');
	format_escaped(out, bytes, "");
	format_text(out, bytes.size < size ? "\"..." : "\"");
	line_end(e);
}

static void page_time(struct emitter *e, uint64_t wall)
{
	format_time(value(e), wall);
	line_end(e);
}

static void page_duration(struct emitter *e, uint64_t ns)
{
	format_duration(value(e), ns);
	line_end(e);
}

static void page_size(struct emitter *e, uint64_t size)
{
	format_size(value(e), size);
	line_end(e);
}

static void page_destroy(struct emitter *e)
{
	free(e);
}

enum err emitter_create_page(struct emitter **ret_emitter)
{
	static const struct emitter_hands hands = {
		.begin = page_begin,
		.end = page_end,
		.object_begin = page_object_begin,
		.object_end = close_group,
		.key = page_key,
		.array_begin = page_array_begin,
		.array_end = close_group,
		.null = page_null,
		.boolean = page_boolean,
		.uint = page_uint,
		.sint = page_sint,
		.number = page_number,
		.name = page_text,
		.flags = page_flags,
		.string = page_string,
		.bytes = page_bytes,
		.time = page_time,
		.duration = page_duration,
		.size = page_size,
		.destroy = page_destroy,
	};
	struct page *page = calloc(1, sizeof *page);
	if (!page)
		return err_nomem();
	page->emitter.hands = &hands;
	*ret_emitter = &page->emitter;
	return ERR_NONE;
}
