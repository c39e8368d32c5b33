#include "emit/datum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "emit/format.h"
#include "emit/request.h"

static bool is_bare(struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		bool letter = ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || (byte >= '0' && byte <= '9');
		if (!letter && (byte == 0 || !strchr("_.:/@-", byte)))
			return false;
	}
	return text.size != 0;
}

/* What is shown of a text: not less than all of a character. */
static struct view shown_of(struct view text, uint32_t max)
{
	size_t size = max && text.size > max ? max : text.size;
	for (int i = 0; i < 3 && size < text.size && size && (text.data[size] & 0xc0) == 0x80; i++)
		size--;
	return view_slice(text, 0, size);
}

static void print_quoted(struct buf *out, struct view text)
{
	if (utf8_valid(text)) {
		format_json(out, text);
		return;
	}
	format_byte(out, '"');
	format_escaped(out, text, "");
	format_byte(out, '"');
}

static void print_cut(struct buf *out, uint64_t all)
{
	buf_printf(out, "...(%llu bytes)", (unsigned long long)all);
}

static void print_text(struct buf *out, const struct datum *d, bool inside, uint32_t max)
{
	struct view shown = shown_of(d->text, max);
	if (inside) {
		print_quoted(out, shown);
	} else if (d->type == DATUM_WORD) {
		request_print_word(out, shown);
	} else if (is_bare(shown)) {
		format_bytes(out, shown.data, shown.size);
	} else {
		format_byte(out, '"');
		format_escaped(out, shown, "");
		format_byte(out, '"');
	}
	if (shown.size < d->text.size || d->more)
		print_cut(out, d->text.size + d->more);
}

static void print_double(struct buf *out, double number)
{
	char text[32] = "";
	for (int digits = 15; digits <= 17 && (digits == 15 || strtod(text, NULL) != number);
		digits++) /* no more than tell it from others */
		snprintf(text, sizeof text, "%.*g", digits, number);
	if (isfinite(number))
		format_text(out, text);
	else
		format_text(out, isnan(number) ? "nan" : number < 0 ? "-inf" : "inf");
}

static void print(struct buf *out, const struct datum *d, const struct datum_style *style, bool inside);

static void print_items(struct buf *out, const struct datum *d, const struct datum_style *style)
{
	bool map = d->type == DATUM_MAP, listed = d->flags & DATUM_LISTED;
	uint32_t shown = style->max && d->count > style->max ? style->max & ~1u : d->count;
	uint64_t hidden = d->count - shown + d->more;
	if (!listed)
		format_byte(out, map ? '{' : '[');
	for (uint32_t i = 0; i < shown; i++) {
		if (i)
			format_text(out, map && i % 2 ? ":" : listed ? ", " : ",");
		print(out, &d->items[i], style, !listed);
	}
	if (hidden)
		buf_printf(out, "%s...(%llu items)", shown ? "," : "", (unsigned long long)(d->count + d->more) >> map);
	if (!listed)
		format_byte(out, map ? '}' : ']');
}

static void print(struct buf *out, const struct datum *d, const struct datum_style *style, bool inside)
{
	if ((d->flags & DATUM_SECRET) && !style->secrets) {
		format_text(out, "<hidden>");
		return;
	}
	switch (d->type) {
	case DATUM_NULL: format_text(out, "null"); break;
	case DATUM_BOOL: format_text(out, d->boolean ? "true" : "false"); break;
	case DATUM_INT: format_sint(out, d->sint); break;
	case DATUM_UINT: format_uint(out, d->uint); break;
	case DATUM_DOUBLE: print_double(out, d->number); break;
	case DATUM_WORD:
	case DATUM_STRING: print_text(out, d, inside, style->max); break;
	default: print_items(out, d, style);
	}
}

void datum_print(struct buf *out, const struct datum *datum, const struct datum_style *style)
{
	print(out, datum, style, false);
}

static void emit_double(struct emitter *e, double number)
{
	BUF_CLEANUP struct buf text = { 0 };
	print_double(&text, number);
	emit_string(e, buf_view(&text));
}

/* Names of objects are text: what else a key can be is shown as text has it. */
static void emit_pairs(struct emitter *e, const struct datum *d, bool secrets)
{
	struct datum_style style = { secrets, 0 };
	BUF_CLEANUP struct buf key = { 0 };
	emit_object_begin(e, OBJECT_BRACED);
	for (uint32_t i = 0; i + 1 < d->count; i += 2) {
		const struct datum *name = &d->items[i];
		bool plain = datum_has_text(name) && utf8_valid(name->text) && !memchr(name->text.data, 0, name->text.size);
		buf_clear(&key);
		if (plain)
			format_bytes(&key, name->text.data, name->text.size);
		else
			datum_print(&key, name, &style);
		emit_key(e, buf_text(&key));
		datum_emit(e, &d->items[i + 1], secrets);
	}
	emit_object_end(e);
}

void datum_emit(struct emitter *e, const struct datum *d, bool secrets)
{
	if ((d->flags & DATUM_SECRET) && !secrets) {
		emit_null(e);
		return;
	}
	switch (d->type) {
	case DATUM_NULL: emit_null(e); break;
	case DATUM_BOOL: emit_bool(e, d->boolean); break;
	case DATUM_INT: emit_sint(e, d->sint); break;
	case DATUM_UINT: emit_uint(e, d->uint); break;
	case DATUM_DOUBLE: emit_double(e, d->number); break;
	case DATUM_WORD:
	case DATUM_STRING:
		if (d->more)
			emit_bytes(e, d->text, d->text.size + d->more);
		else
			emit_string(e, d->text);
		break;
	case DATUM_MAP: emit_pairs(e, d, secrets); break;
	default:
		emit_array_begin(e);
		for (uint32_t i = 0; i < d->count; i++)
			datum_emit(e, &d->items[i], secrets);
		emit_array_end(e);
	}
}
