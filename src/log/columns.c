#include "log/columns.h"

#include "log/format.h"

enum { TICKS = sizeof(uint64_t) };

/* Whether the frame has a number of ticks behind its header, and whether that counts from some beginning rather than being a duration. */
static bool has_ticks(const struct frame_header *frame)
{
	return (frame->kind == FRAME_END || frame->kind == FRAME_BEGIN || frame->kind >= FRAME_WHOLE) &&
		frame->size >= FRAME_HEADER + TICKS;
}

static bool is_moment(const struct frame_header *frame)
{
	return frame->kind != FRAME_END;
}

/* How many frames there are, and how many of them have ticks. False if sizes do not add up. `step` is from one header to the next; 0: the
 * frame's own size. */
static bool count(const uint8_t *headers, size_t size, size_t step, size_t *ret_frames, size_t *ret_ticks)
{
	size_t left = size, frames = 0, ticks = 0;
	for (size_t at = 0; left;) {
		struct frame_header frame;
		if (at + FRAME_HEADER > size)
			return false;
		memcpy(&frame, headers + at, sizeof frame);
		if (frame.size < FRAME_HEADER || frame.size > left)
			return false;
		left -= frame.size;
		at += step ? step : frame.size;
		ticks += has_ticks(&frame);
		frames++;
	}
	*ret_frames = frames;
	*ret_ticks = ticks;
	return true;
}

static void put_planes(uint8_t *planes, size_t stride, uint64_t value)
{
	for (size_t i = 0; i < TICKS; i++)
		planes[i * stride] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_planes(const uint8_t *planes, size_t stride)
{
	uint64_t value = 0;
	for (size_t i = 0; i < TICKS; i++)
		value |= (uint64_t)planes[i * stride] << 8 * i;
	return value;
}

void columns_split(const uint8_t *frames, size_t size, uint8_t *columns)
{
	size_t frame_count, ticks_count;
	uint64_t before = 0, ticks;
	if (!count(frames, size, 0, &frame_count, &ticks_count))
		return; /* not whole frames: the caller has looked */
	uint8_t *header = columns, *planes = columns + frame_count * FRAME_HEADER, *rest = planes + ticks_count * TICKS;
	for (const uint8_t *at = frames; at < frames + size; header += FRAME_HEADER) {
		struct frame_header frame;
		size_t fixed = FRAME_HEADER;
		memcpy(&frame, at, sizeof frame);
		memcpy(header, at, FRAME_HEADER);
		if (has_ticks(&frame)) {
			memcpy(&ticks, at + FRAME_HEADER, TICKS);
			put_planes(planes++, ticks_count, is_moment(&frame) ? ticks - before : ticks);
			before = is_moment(&frame) ? ticks : before;
			fixed += TICKS;
		}
		memcpy(rest, at + fixed, frame.size - fixed);
		rest += frame.size - fixed;
		at += frame.size;
	}
}

/*
 * Copies `size` bytes, of which there are a few as a rule. Where both have room for more, as much as two registers hold is copied at once:
 * what is too much of it is written over by what comes after.
 */
static inline void copy_few(uint8_t *to, const uint8_t *from, size_t size, size_t room)
{
	enum { FEW = 64 };
	if (__builtin_expect(size <= FEW && room >= FEW, 1))
		memcpy(to, from, FEW);
	else
		memcpy(to, from, size);
}

bool columns_join(const uint8_t *columns, size_t size, uint8_t *frames)
{
	size_t frame_count, ticks_count;
	uint64_t before = 0, ticks;
	if (!count(columns, size, FRAME_HEADER, &frame_count, &ticks_count))
		return false;
	const uint8_t *header = columns, *planes = columns + frame_count * FRAME_HEADER, *rest = planes + ticks_count * TICKS;
	for (uint8_t *at = frames; at < frames + size; header += FRAME_HEADER) {
		struct frame_header frame;
		size_t fixed = FRAME_HEADER;
		memcpy(&frame, header, sizeof frame);
		memcpy(at, header, FRAME_HEADER);
		if (has_ticks(&frame)) {
			ticks = get_planes(planes++, ticks_count) + (is_moment(&frame) ? before : 0);
			before = is_moment(&frame) ? ticks : before;
			memcpy(at + FRAME_HEADER, &ticks, TICKS);
			fixed += TICKS;
		}
		size_t left = (size_t)(frames + size - at) - fixed, rest_left = (size_t)(columns + size - rest);
		copy_few(at + fixed, rest, frame.size - fixed, left < rest_left ? left : rest_left);
		rest += frame.size - fixed;
		at += frame.size;
	}
	return true;
}
