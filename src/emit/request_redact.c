/* What --redact hides: the values of headers, of fields and of names in maps; and on a line, whose words have no names, what is a hidden
 * field. */
#include "base/glob.h"
#include "emit/request_parts.h"

bool request_is_redacted(const struct request_printer *printer, struct view name)
{
	if (printer->redacted_count == 0)
		return false;
	BUF_CLEANUP struct buf lower = { 0 };
	buf_append(&lower, name.data, name.size);
	for (size_t i = 0; i < lower.size; i++)
		lower.data[i] = view_lower(lower.data[i]);
	bool is = lower.failed; /* rather too much is hidden than too little */
	for (uint32_t i = 0; i < printer->redacted_count && !is; i++)
		is = glob_matches(printer->redacted[i], buf_view(&lower));
	return is;
}

static bool hides(const void *who, struct view name)
{
	const struct request_hidden *hidden = who;
	return request_is_redacted(hidden->printer, name);
}

/* As far as both were kept. */
static bool is_same(const struct datum *a, const struct datum *b)
{
	if (datum_has_text(a) && datum_has_text(b)) {
		size_t size = a->text.size < b->text.size ? a->text.size : b->text.size;
		bool whole = a->text.size == b->text.size || (a->text.size < b->text.size ? a->more : b->more);
		return whole && size && view_equal(view_slice(a->text, 0, size), view_slice(b->text, 0, size));
	}
	return (a->type == DATUM_INT || a->type == DATUM_UINT) && (b->type == DATUM_INT || b->type == DATUM_UINT) && a->uint == b->uint;
}

static bool holds(const struct datum *of, const struct datum *value)
{
	for (uint32_t i = 0; datum_has_items(of) && i < of->count; i++) {
		if (holds(&of->items[i], value))
			return true;
	}
	return is_same(of, value);
}

/* Whether a word, or a value in it, is what a hidden field has. Where fields were not kept nobody knows: all that was sent is hidden. */
static bool hides_value(const void *who, const struct datum *value)
{
	const struct request_hidden *hidden = who;
	const struct message *m = hidden->message;
	if (m->part_more && value->type == DATUM_STRING)
		return true;
	for (uint32_t i = 0; i < m->part_count; i++) {
		const char *name = m->parts[i].name;
		if (name && request_is_redacted(hidden->printer, view_text(name)) && holds(&m->parts[i].value, value))
			return true;
	}
	return false;
}

struct datum_style request_style(const struct request_hidden *hidden)
{
	return (struct datum_style){
		.secrets = hidden->printer->secrets, .hides = hidden->printer->redacted_count ? hides : NULL, .who = hidden
	};
}

struct datum_style request_line_style(const struct request_hidden *hidden)
{
	struct datum_style style = request_style(hidden);
	style.max = DATUM_LINE_MAX;
	style.hides_value = style.hides ? hides_value : NULL;
	return style;
}
