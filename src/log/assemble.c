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

/* The stream in a payload, behind its fixed part and without its padding. */
static struct view stream(const struct frame_header *frame, const uint8_t *payload, size_t size, size_t fixed)
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
	buf_clear(&r->in);
	buf_clear(&r->out);
	struct view in = stream(frame, payload, size, fixed);
	buf_append(&r->in, in.data, in.size);
	r->begun = !(frame->flags & FRAME_CONTINUES);
	r->record.finished = frame->kind >= FRAME_WHOLE;
	return frame->kind >= FRAME_WHOLE;
}

static bool end(struct log_reader *r, const struct frame_header *frame, const uint8_t *payload, size_t size)
{
	if (size < 8)
		return false;
	struct view out = stream(frame, payload, size, 8);
	buf_append(&r->out, out.data, out.size);
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
		struct view in = stream(frame, payload, size, 0);
		buf_append(&r->in, in.data, in.size);
		r->begun = !(frame->flags & FRAME_CONTINUES);
		return false;
	}
	return frame->kind == FRAME_END && end(r, frame, payload, size);
}

/* Makes room for one more item; they are few, or as many as the bytes that describe them. */
static bool room(void **items, uint32_t *capacity, uint32_t count, size_t size)
{
	if (count < *capacity)
		return true;
	uint32_t more = *capacity ? *capacity * 2 : 16;
	void *bigger = realloc(*items, more * size);
	if (!bigger)
		return false;
	*items = bigger;
	*capacity = more;
	return true;
}

static enum err parse_inputs(struct log_reader *r)
{
	struct view in = buf_view(&r->in);
	r->record.input_count = 0;
	while (in.size >= 8) {
		uint64_t size = word(in.data);
		if (size > in.size - 8)
			break; /* an unfinished record, or a damaged one: what is there counts */
		if (!room((void **)&r->inputs, &r->input_capacity, r->record.input_count, sizeof *r->inputs))
			return err_nomem();
		r->inputs[r->record.input_count++] = view_of(in.data + 8, size);
		in = view_slice(in, 8 + size, in.size);
	}
	r->record.inputs = r->inputs;
	return ERR_NONE;
}

static enum err parse_spans(struct log_reader *r)
{
	struct view out = buf_view(&r->out);
	r->record.span_count = r->record.note_count = 0;
	while (out.size >= 8) {
		uint64_t head = word(out.data);
		uint32_t size = (uint32_t)(head >> 32) & ~SPAN_IOV;
		if (size > out.size - 8)
			break;
		if ((uint32_t)head == SPAN_NOTE && size >= 2) {
			if (!room((void **)&r->notes, &r->note_capacity, r->record.note_count, sizeof *r->notes))
				return err_nomem();
			r->notes[r->record.note_count++] = view_of(out.data + 8, size);
			out = view_slice(out, 8 + size, out.size);
			continue;
		}
		if (!room((void **)&r->spans, &r->span_capacity, r->record.span_count, sizeof *r->spans))
			return err_nomem();
		r->spans[r->record.span_count++] =
			(struct record_span){ .offset = (uint32_t)head, .size = size, .data = out.data + 8, .iov = head >> 63 };
		out = view_slice(out, 8 + size, out.size);
	}
	r->record.spans = r->spans;
	r->record.notes = r->notes;
	return ERR_NONE;
}

enum err assembled(struct log_reader *r, struct record *ret_record)
{
	TRY(buf_status(&r->in));
	TRY(buf_status(&r->out));
	TRY(parse_inputs(r));
	TRY(parse_spans(r));
	*ret_record = r->record;
	return ERR_NONE;
}
