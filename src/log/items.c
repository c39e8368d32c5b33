/* From the streams of a record to its inputs, spans and notes. */
#include <stdlib.h>

#include "log/reader_parts.h"

static uint64_t word(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

/* What a stream's heads are like. */
struct heads {
	uint64_t mark;       /* parts follow */
	uint64_t sizes;      /* the bits that are the size */
	uint32_t size_shift;
};

static const struct heads of_inputs = { INPUT_REPEATED, ~INPUT_REPEATED, 0 };
static const struct heads of_spans = { (uint64_t)SPAN_REPEATED << 32, (uint64_t)(SPAN_REPEATED - 1) << 32, 32 };

static uint64_t size_of(const struct heads *heads, uint64_t head)
{
	return (head & heads->sizes) >> heads->size_shift;
}

/* One line for each block that is missing, however many records repeat of it. */
static enum err missing_part(struct log_reader *r, uint64_t ordinal)
{
	r->said = r->missing == ordinal + 1;
	r->missing = ordinal + 1;
	return err_set(ERR_DAMAGED, "%s is damaged: from record %llu on, what repeats bytes of block %llu is missing: those are not there",
		r->name, (unsigned long long)r->record.number, (unsigned long long)ordinal);
}

/* The bytes of `size` that parts stand for; takes the parts from `in`. ERR_END where they end early, as those of a call under way do. */
static enum err flatten_item(struct log_reader *r, struct view *in, uint64_t size, struct buf *flat)
{
	while (size) {
		struct part part;
		if (in->size < sizeof part)
			return ERR_END;
		memcpy(&part, in->data, sizeof part);
		*in = view_slice(*in, sizeof part, in->size);
		bool is_new = part.ordinal == PART_BYTES;
		if (is_new && part.size > in->size)
			return ERR_END;
		struct view bytes = is_new ? view_slice(*in, 0, part.size) : unpack_part(r, &part);
		if (part.size == 0 || part.size > size || bytes.size != part.size)
			return missing_part(r, part.ordinal);
		buf_append(flat, bytes.data, bytes.size);
		if (is_new)
			*in = view_slice(*in, part.size, in->size);
		size -= part.size;
	}
	return ERR_NONE;
}

/* The stream without parts: the same heads, and all bytes. */
static enum err flatten(struct log_reader *r, const struct heads *heads, struct view in, struct buf *flat)
{
	buf_clear(flat);
	while (in.size >= 8) {
		uint64_t head = word(in.data), plain = head & ~heads->mark, size = size_of(heads, head);
		in = view_slice(in, 8, in.size);
		buf_append(flat, &plain, sizeof plain);
		if (head & heads->mark) {
			enum err err = flatten_item(r, &in, size, flat);
			if (err == ERR_END)
				break;
			TRY(err);
			continue;
		}
		if (size > in.size)
			break;
		buf_append(flat, in.data, size);
		in = view_slice(in, size, in.size);
	}
	return flat->failed ? ERR_LIMIT : ERR_NONE;
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

/*
 * Inputs of a stream. ERR_EXISTS: one is in parts. What ends early is of an unfinished record, or a damaged one: what is there counts.
 * Pointers, for a view that was just put together in memory is slow to load.
 */
static enum err add_inputs(struct log_reader *r, const uint8_t *at, size_t left, bool parts)
{
	r->record.input_count = 0;
	while (left >= 8) {
		uint64_t size = word(at);
		if (parts && size & of_inputs.mark)
			return ERR_EXISTS;
		if (size > left - 8)
			break;
		if (!room((void **)&r->inputs, &r->input_capacity, r->record.input_count, sizeof *r->inputs))
			return err_nomem();
		r->inputs[r->record.input_count++] = view_of(at + 8, size);
		at += 8 + size;
		left -= 8 + size;
	}
	r->record.inputs = r->inputs;
	return ERR_NONE;
}

static enum err add_note(struct log_reader *r, struct view bytes)
{
	if (!room((void **)&r->notes, &r->note_capacity, r->record.note_count, sizeof *r->notes))
		return err_nomem();
	r->notes[r->record.note_count++] = bytes;
	return ERR_NONE;
}

static enum err add_span(struct log_reader *r, struct record_span span)
{
	if (!room((void **)&r->spans, &r->span_capacity, r->record.span_count, sizeof *r->spans))
		return err_nomem();
	r->spans[r->record.span_count++] = span;
	return ERR_NONE;
}

/* Spans and notes, as add_inputs. */
static enum err add_spans(struct log_reader *r, const uint8_t *at, size_t left, bool parts)
{
	r->record.span_count = r->record.note_count = 0;
	while (left >= 8) {
		uint64_t head = word(at);
		uint32_t size = (uint32_t)(head >> 32) & ~SPAN_IOV;
		if (parts && head & of_spans.mark)
			return ERR_EXISTS;
		if (size > left - 8)
			break;
		if ((uint32_t)head == SPAN_NOTE && size >= 2)
			TRY(add_note(r, view_of(at + 8, size)));
		else
			TRY(add_span(r, (struct record_span){ .offset = (uint32_t)head, .size = size, .data = at + 8, .iov = head >> 63 }));
		at += 8 + (size_t)size;
		left -= 8 + (size_t)size;
	}
	r->record.spans = r->spans;
	r->record.notes = r->notes;
	return ERR_NONE;
}

static enum err parse_inputs(struct log_reader *r)
{
	enum err err = add_inputs(r, r->in.data, r->in.size, r->repeats);
	if (err != ERR_EXISTS)
		return err;
	TRY(flatten(r, &of_inputs, view_of(r->in.data, r->in.size), &r->flat_in));
	return add_inputs(r, r->flat_in.data, r->flat_in.size, false);
}

static enum err parse_spans(struct log_reader *r)
{
	enum err err = add_spans(r, r->out.data, r->out.size, r->repeats);
	if (err != ERR_EXISTS)
		return err;
	TRY(flatten(r, &of_spans, view_of(r->out.data, r->out.size), &r->flat_out));
	return add_spans(r, r->flat_out.data, r->flat_out.size, false);
}

/* Or there is no memory for it, which comes to the same: it is passed over. */
static enum err too_large(struct log_reader *r)
{
	r->said = false;
	return err_set(ERR_DAMAGED, "%s: record %llu is larger than can be read: it is missing", r->name,
		(unsigned long long)r->record.number);
}

enum err assembled(struct log_reader *r, struct record *ret_record)
{
	if ((r->in.owned && r->in.kept.failed) || (r->out.owned && r->out.kept.failed))
		return too_large(r);
	enum err err = parse_inputs(r);
	if (!err)
		err = parse_spans(r);
	if (err)
		return err == ERR_LIMIT ? too_large(r) : err;
	*ret_record = r->record;
	return ERR_NONE;
}
