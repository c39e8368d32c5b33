/* How values are put together: items wait on a stack until what they are in is whole. */
#include "proto/resp_parts.h"

enum {
	FRAMES_MAX = 1024,        /* arrays in arrays; more are no value */
	DEPTH_MAX = DATUM_DEPTH - 4, /* of what is kept */
	FREE_MAX = 64 << 10,      /* bytes of a value that are not taken from what all have together */
	STORAGE_MAX = 64 << 10,   /* that is worth keeping for the next value */
	ATTRIBUTES_MAX = 16,      /* that are kept */
};

static void clear(struct buf *buf)
{
	if (buf->capacity > STORAGE_MAX)
		buf_finish(buf);
	else
		buf_clear(buf);
}

void resp_clear(struct resp *r)
{
	if (r->memory)
		r->memory->left += r->taken;
	clear(&r->frames);
	clear(&r->values);
	clear(&r->items);
	clear(&r->text);
	clear(&r->attributes);
	clear(&r->line);
	r->kept = r->taken = r->size = r->line_size = 0;
	r->string.begun = r->string.chunked = r->string.ends = false;
	r->value = (struct datum){ 0 };
	r->type = 0;
	r->errors = 0;
	r->whole = false;
}

void resp_finish(struct resp *r)
{
	resp_clear(r);
	buf_finish(&r->frames);
	buf_finish(&r->values);
	buf_finish(&r->items);
	buf_finish(&r->text);
	buf_finish(&r->attributes);
	buf_finish(&r->line);
}

/* So many of these bytes may be kept. */
static uint64_t grant(struct resp *r, uint64_t size)
{
	uint64_t left = r->max > r->kept ? r->max - r->kept : 0;
	size = size < left ? size : left;
	if (r->kept + size > FREE_MAX + r->taken) {
		uint64_t wanted = r->kept + size - FREE_MAX - r->taken;
		uint64_t got = wanted < r->memory->left ? wanted : r->memory->left;
		r->memory->left -= got;
		r->taken += got;
		size -= wanted - got;
	}
	r->kept += size;
	return size;
}

static bool is_pairs(uint8_t type)
{
	return type == '%' || type == '|';
}

static size_t items_of(const struct resp *r, const struct resp_frame *frame)
{
	return (r->values.size - frame->base) / sizeof(struct datum);
}

bool resp_keeps(const struct resp *r)
{
	const struct resp_frame *frame = resp_frame_of(r);
	if (!frame)
		return true;
	if (frame->dropped || frame->more)
		return false;
	if (is_pairs(frame->type) && items_of(r, frame) % 2) /* the value of a name that was kept */
		return true;
	return items_of(r, frame) < r->items_max && r->kept + 2 * sizeof(struct datum) <= r->max &&
		(r->kept + 2 * sizeof(struct datum) <= FREE_MAX + r->taken || r->memory->left >= 2 * sizeof(struct datum));
}

size_t resp_put_text(struct resp *r, struct view bytes)
{
	uint64_t size = grant(r, bytes.size);
	buf_append(&r->text, bytes.data, size);
	return size;
}

/* A text that is whole: its bytes are the last ones that were kept. */
struct datum resp_text(const struct resp *r, uint8_t type, size_t at, uint64_t bytes)
{
	struct datum text = { .type = type, .more = bytes - (r->text.size - at) };
	text.text = view_of((const uint8_t *)at, r->text.size - at);
	return text;
}

static void put_item(struct resp *r, struct resp_frame *frame, struct datum item, bool kept)
{
	if (kept) {
		grant(r, sizeof item);
		buf_append(&r->values, &item, sizeof item);
	} else {
		frame->more++;
	}
	frame->left -= !frame->streamed;
}

static void put(struct resp *r, struct datum item, bool kept)
{
	struct resp_frame *frame = resp_frame_of(r);
	if (frame) {
		put_item(r, frame, item, kept);
	} else {
		r->value = item;
		r->whole = true;
	}
}

/* What was innermost becomes an item of what it is in, or is the value. */
void resp_close(struct resp *r)
{
	if (!resp_frame_of(r)) /* there was no memory for it */
		return;
	struct resp_frame frame = *resp_frame_of(r);
	size_t size = r->values.size - frame.base;
	struct datum whole = { .type = is_pairs(frame.type) ? DATUM_MAP : DATUM_ARRAY, .more = frame.more };
	whole.count = (uint32_t)(size / sizeof whole);
	whole.text = view_of(NULL, r->items.size); /* where they are */
	r->frames.size -= sizeof frame;
	if (size)
		buf_append(&r->items, r->values.data + frame.base, size);
	r->values.size = frame.base;
	if (frame.type != '|')
		put(r, whole, frame.kept);
	else if (!frame.dropped)
		buf_append(&r->attributes, &whole, sizeof whole);
}

static void close_full(struct resp *r)
{
	struct resp_frame *frame = resp_frame_of(r);
	for (; frame && !frame->streamed && frame->left == 0; frame = resp_frame_of(r))
		resp_close(r);
}

bool resp_open(struct resp *r, uint8_t type, uint64_t items, bool streamed)
{
	size_t depth = r->frames.size / sizeof(struct resp_frame);
	if (depth >= FRAMES_MAX)
		return false;
	struct resp_frame frame = { .type = type, .streamed = streamed, .left = items, .base = r->values.size };
	if (type == '|')
		frame.kept = r->attributes.size < ATTRIBUTES_MAX * sizeof(struct datum) && !(depth && resp_frame_of(r)->dropped);
	else
		frame.kept = resp_keeps(r);
	frame.dropped = !frame.kept || depth >= DEPTH_MAX;
	buf_append(&r->frames, &frame, sizeof frame);
	close_full(r);
	return true;
}

void resp_end_stream(struct resp *r)
{
	if (r->frames.failed) /* there was no memory to open it */
		return;
	resp_close(r);
	close_full(r);
}

void resp_put(struct resp *r, struct datum item, bool kept)
{
	put(r, item, kept);
	close_full(r);
}

/* Numbers of where something is become where it is. */
static void settle(const struct resp *r, struct datum *d)
{
	if (datum_has_text(d))
		d->text.data = d->text.size ? r->text.data + (uintptr_t)d->text.data : NULL;
	else if (datum_has_items(d))
		d->items = d->count ? (const struct datum *)(r->items.data + d->text.size) : NULL;
}

void resp_end(struct resp *r)
{
	struct datum *items = (struct datum *)r->items.data, *attributes = (struct datum *)r->attributes.data;
	if (r->values.failed || r->items.failed || r->text.failed) { /* what they refer to is not there */
		r->value = (struct datum){ 0 };
		r->attributes.size = 0;
		return;
	}
	for (size_t i = 0; i < r->items.size / sizeof *items; i++)
		settle(r, &items[i]);
	for (size_t i = 0; i < r->attributes.size / sizeof *attributes; i++)
		settle(r, &attributes[i]);
	settle(r, &r->value);
}
