/* What a follower is told: records of some calls, put together from the frames that the second thread has before it. */
#include <stdlib.h>

#include "log/reader_parts.h"
#include "log/writer_parts.h"

enum { EMPTY_MAX = 64 }; /* bytes of the END of a call for which the host wrote next to nothing */

struct follow {
	struct log_follower *to;
	struct log_reader assembler; /* of it, what puts records together */
	uint64_t number;             /* of the next record that begins */
	uint32_t begin;              /* where the record under way begins */
	bool open;     /* one is under way, and its frames are in this buffer, from there on */
	bool fed;      /* one is under way, and the assembler has it: it began in another buffer */
};

struct follow *follow_create(const struct log_writer *w)
{
	struct follow *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->to = w->options.follower;
	f->assembler.repeats = true;
	f->assembler.segment_fd = f->assembler.other_fd = -1; /* what repeats is not to be had */
	f->assembler.tick_scale = w->header.tick_scale;
	f->assembler.anchor = w->header.anchor;
	return f;
}

void follow_destroy(struct follow *f)
{
	if (!f)
		return;
	assemble_finish(&f->assembler);
	free(f);
}

static struct frame_header frame_at(const uint8_t *frames, size_t at)
{
	struct frame_header frame;
	memcpy(&frame, frames + at, sizeof frame);
	return frame;
}

/* The end of a call; those that failed did nothing, unless the host noted something of them. */
static bool is_wanted(const struct follow *f, const struct frame_header *end)
{
	if (end->flags & FRAME_NOTED)
		return true;
	if (end->count != 0 || end->call >= f->to->wanted_count)
		return false;
	uint8_t wanted = f->to->wanted[end->call];
	bool more = f->fed && f->assembler.out.size; /* the END began in another buffer */
	return wanted == FOLLOW_ALL || (wanted == FOLLOW_EMPTY && end->size <= EMPTY_MAX && !more);
}

/* True: a record is whole. */
static bool feed(struct follow *f, const uint8_t *frames, uint32_t at, uint32_t end)
{
	bool whole = false;
	while (at < end) {
		struct frame_header frame = frame_at(frames, at);
		whole = assemble(&f->assembler, &frame, frames + at + FRAME_HEADER);
		at += frame.size;
	}
	return whole;
}

static void tell(struct follow *f)
{
	struct record record;
	f->assembler.assembling = false;
	if (assembled(&f->assembler, &record) == ERR_NONE)
		f->to->record(f->to, &record);
}

static void follow_end(struct follow *f, const uint8_t *frames, const struct frame_header *end, uint32_t at)
{
	bool wanted = is_wanted(f, end), whole = false;
	if (f->fed) {
		whole = feed(f, frames, at, at + end->size);
	} else if (wanted && f->open) {
		f->assembler.number = f->number - 1;
		whole = feed(f, frames, f->begin, at + end->size);
	}
	if (wanted && whole)
		tell(f);
	f->open = f->fed = false;
}

void follow_frames(struct follow *f, uint64_t first_number, const uint8_t *frames, size_t size, struct buf *checkpoint)
{
	f->number = first_number;
	for (uint32_t at = 0; at < size;) {
		struct frame_header frame = frame_at(frames, at);
		if (frame.kind == FRAME_BEGIN || frame.kind >= FRAME_WHOLE) {
			if (checkpoint && f->number == first_number)
				f->to->checkpoint(f->to, checkpoint);
			f->number++;
			f->begin = at;
			f->open = frame.kind == FRAME_BEGIN;
			f->fed = false;
		} else if (frame.kind == FRAME_END && !(frame.flags & FRAME_CONTINUES)) {
			follow_end(f, frames, &frame, at);
		} else if (f->fed) {
			feed(f, frames, at, at + frame.size);
		}
		at += frame.size;
	}
	if (f->open && !f->fed) { /* it goes on in the next buffer */
		f->assembler.number = f->number - 1;
		feed(f, frames, f->begin, (uint32_t)size);
		f->fed = true;
	}
	assemble_keep(&f->assembler);
}
