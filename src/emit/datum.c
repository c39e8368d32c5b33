#include "emit/datum.h"

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
	struct view shown = datum_first(*d, max ? max : UINT64_MAX).text;
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

static void print(struct buf *out, const struct datum *d, const struct datum_style *style, bool inside);

/* By the name that it has in a map. */
static bool is_hidden(const struct datum_style *style, const struct datum *name)
{
	return style->hides && datum_has_text(name) && style->hides(style->who, name->text);
}

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
		if (map && i % 2 && is_hidden(style, &d->items[i - 1]))
			format_text(out, "<hidden>");
		else
			print(out, &d->items[i], style, !listed);
	}
	if (hidden)
		buf_printf(out, "%s...(%llu items)", shown ? "," : "", (unsigned long long)(d->count + d->more) >> map);
	if (!listed)
		format_byte(out, map ? '}' : ']');
}

static void print(struct buf *out, const struct datum *d, const struct datum_style *style, bool inside)
{
	if (((d->flags & DATUM_SECRET) && !style->secrets) || (style->hides_value && style->hides_value(style->who, d))) {
		format_text(out, "<hidden>");
		return;
	}
	switch (d->type) {
	case DATUM_NULL: format_text(out, "null"); break;
	case DATUM_BOOL: format_text(out, d->boolean ? "true" : "false"); break;
	case DATUM_INT: format_sint(out, d->sint); break;
	case DATUM_UINT: format_uint(out, d->uint); break;
	case DATUM_DOUBLE: format_double(out, d->number); break;
	case DATUM_WORD:
	case DATUM_STRING: print_text(out, d, inside, style->max); break;
	default: print_items(out, d, style);
	}
}

void datum_print(struct buf *out, const struct datum *datum, const struct datum_style *style)
{
	print(out, datum, style, false);
}

static void emit(struct emitter *e, const struct datum *d, const struct datum_style *style);

/* Names of objects are text: what else a key can be is shown as text has it. Each has a NUL behind it. */
static void print_keys(struct buf *out, const struct datum *d, const struct datum_style *style)
{
	for (uint32_t i = 0; i + 1 < d->count; i += 2) {
		const struct datum *name = &d->items[i];
		bool plain = datum_has_text(name) && !(name->flags & DATUM_SECRET) && utf8_valid(name->text) &&
			!(name->text.size && memchr(name->text.data, 0, name->text.size));
		if (plain)
			format_bytes(out, name->text.data, name->text.size);
		else
			datum_print(out, name, style);
		format_byte(out, 0);
	}
}

/* Readers of JSON and YAML want each name once. Of more than these nobody finds out. */
static bool are_distinct(struct view keys, uint32_t count)
{
	enum { DISTINCT_MAX = 256 };
	struct view seen[DISTINCT_MAX];
	if (count > DISTINCT_MAX || !keys.data)
		return count == 0;
	for (uint32_t i = 0; i < count && keys.data; i++) {
		seen[i] = view_text((const char *)keys.data);
		keys = view_slice(keys, seen[i].size + 1, keys.size);
		for (uint32_t k = 0; k < i; k++) {
			if (view_equal(seen[k], seen[i]))
				return false;
		}
	}
	return true;
}

static void emit_value(struct emitter *e, const struct datum *pair, const struct datum_style *style)
{
	if (is_hidden(style, &pair[0]))
		emit_null(e);
	else
		emit(e, &pair[1], style);
}

static void emit_pairs(struct emitter *e, const struct datum *d, const struct datum_style *style)
{
	emit_array_begin(e);
	for (uint32_t i = 0; i + 1 < d->count; i += 2) {
		emit_array_begin(e);
		emit(e, &d->items[i], style);
		emit_value(e, &d->items[i], style);
		emit_array_end(e);
	}
	emit_array_end(e);
}

static void emit_map(struct emitter *e, const struct datum *d, const struct datum_style *style)
{
	BUF_CLEANUP struct buf keys = { 0 };
	print_keys(&keys, d, style);
	e->out->failed |= keys.failed;
	if (keys.failed || !are_distinct(buf_view(&keys), d->count / 2)) {
		emit_pairs(e, d, style);
		return;
	}
	const char *key = (const char *)keys.data;
	emit_object_begin(e, OBJECT_BRACED);
	for (uint32_t i = 0; i + 1 < d->count; i += 2, key += strlen(key) + 1) {
		emit_key(e, key);
		emit_value(e, &d->items[i], style);
	}
	emit_object_end(e);
}

static void emit_items(struct emitter *e, const struct datum *d, const struct datum_style *style)
{
	if (d->type == DATUM_MAP) {
		emit_map(e, d, style);
		return;
	}
	emit_array_begin(e);
	for (uint32_t i = 0; i < d->count; i++)
		emit(e, &d->items[i], style);
	emit_array_end(e);
}

/* What is not all there says so, as a text does. */
static void emit_some_items(struct emitter *e, const struct datum *d, const struct datum_style *style)
{
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "count");
	emit_uint(e, (d->count + d->more) >> (d->type == DATUM_MAP));
	emit_key(e, "items");
	emit_items(e, d, style);
	emit_object_end(e);
}

static void emit(struct emitter *e, const struct datum *d, const struct datum_style *style)
{
	if ((d->flags & DATUM_SECRET) && !style->secrets) {
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
	default:
		if (d->more)
			emit_some_items(e, d, style);
		else
			emit_items(e, d, style);
	}
}

void datum_emit(struct emitter *e, const struct datum *d, const struct datum_style *style)
{
	emit(e, d, style);
}
