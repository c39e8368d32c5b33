/* From frames to records. */
#include <stdlib.h>

#include "log/reader_parts.h"

/* Between two anchors by their difference, behind the last by the scale. */
static uint64_t wall_of(struct log_reader *r, uint64_t ticks)
{
	const struct time_anchor *from = &r->anchor, *to = &r->next_anchor;
	int64_t since = (int64_t)(ticks - from->ticks);
	__int128 ns;
	if (to->ticks > from->ticks && to->monotonic > from->monotonic)
		ns = (__int128)since * (int64_t)(to->monotonic - from->monotonic) / (int64_t)(to->ticks - from->ticks);
	else
		ns = (__int128)since * (__int128)r->tick_scale >> 32;
	uint64_t wall = from->wall + (uint64_t)ns;
	r->last_wall = wall > r->last_wall ? wall : r->last_wall;
	return r->last_wall;
}

static uint64_t ns_of(const struct log_reader *r, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * r->tick_scale >> 32);
}

static uint64_t word(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

static void clear(struct item_stream *stream)
{
	stream->size = 0;
	stream->owned = false;
}

static void keep(struct item_stream *stream)
{
	if (stream->owned)
		return;
	buf_clear(&stream->kept);
	buf_append(&stream->kept, stream->data, stream->size);
	stream->owned = true;
	stream->data = stream->kept.data;
}

void assemble_keep(struct log_reader *r)
{
	if (!r->assembling)
		return;
	keep(&r->in);
	keep(&r->out);
}

void assemble_finish(struct log_reader *r)
{
	buf_finish(&r->in.kept);
	buf_finish(&r->out.kept);
	buf_finish(&r->flat_in);
	buf_finish(&r->flat_out);
	free(r->inputs);
	free(r->spans);
	free(r->notes);
}

static void add(struct item_stream *stream, struct view bytes)
{
	if (stream->size == 0 && !stream->owned) {
		stream->data = bytes.data;
		stream->size = bytes.size;
		return;
	}
	keep(stream);
	buf_append(&stream->kept, bytes.data, bytes.size);
	stream->data = stream->kept.data;
	stream->size = stream->kept.size;
}

/* The stream in a payload, behind its fixed part and without its padding. */
static struct view part_of(const struct frame_header *frame, const uint8_t *payload, size_t size, size_t fixed)
{
	size_t padding = frame->flags >> FRAME_PADDING_SHIFT & 7;
	return fixed + padding <= size ? view_of(payload + fixed, size - fixed - padding) : view_of(payload, 0);
}

static bool begin(struct log_reader *r, const struct frame_header *frame, const uint8_t *payload, size_t size)
{
	size_t fixed = 8 + 8 * (size_t)frame->count;
	r->assembling = false;
	if (frame->count > RECORD_MAX_ARGS || fixed > size)
		return false;
	r->skipping = false;
	r->assembling = true;
	r->record = (struct record){ .number = r->number++,
		.kind = frame->kind >= FRAME_WHOLE ? frame->kind - FRAME_WHOLE : RECORD_CALL,
		.call = frame->call,
		.faulted = frame->flags & FRAME_FAULTED,
		.arg_count = frame->count,
		.start = wall_of(r, word(payload)) };
	for (uint32_t i = 0; i < frame->count; i++)
		r->record.args[i] = word(payload + 8 + 8 * i);
	clear(&r->in);
	clear(&r->out);
	add(&r->in, part_of(frame, payload, size, fixed));
	r->begun = !(frame->flags & FRAME_CONTINUES);
	r->record.finished = frame->kind >= FRAME_WHOLE;
	return frame->kind >= FRAME_WHOLE;
}

static bool end(struct log_reader *r, const struct frame_header *frame, const uint8_t *payload, size_t size)
{
	if (size < 8)
		return false;
	add(&r->out, part_of(frame, payload, size, 8));
	if (frame->flags & FRAME_CONTINUES)
		return false;
	r->record.duration = ns_of(r, word(payload));
	r->record.end = frame->flags >> FRAME_END_SHIFT;
	r->record.result = frame->count;
	r->record.finished = true;
	return true;
}

bool assemble(struct log_reader *r, const struct frame_header *frame, const uint8_t *payload)
{
	size_t size = frame->size - FRAME_HEADER;
	if (frame->kind == FRAME_BEGIN || frame->kind >= FRAME_WHOLE)
		return begin(r, frame, payload, size);
	if (r->skipping || !r->assembling)
		return false;
	if (frame->kind == FRAME_INPUT) {
		add(&r->in, part_of(frame, payload, size, 0));
		r->begun = !(frame->flags & FRAME_CONTINUES);
		return false;
	}
	return frame->kind == FRAME_END && end(r, frame, payload, size);
}
