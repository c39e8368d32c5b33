#include "record/observer.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/time.h"

enum { KEEP = 1 << 20 }; /* storage that is kept from one call to the next */

struct observer {
	struct layer layer;
	struct call_output output;
	struct observer_hooks hooks;
	struct call_output *outside; /* whom spans are passed on to */
	struct record record;
	struct buf bytes;  /* of inputs and spans; they may move until the record is shown, so views hold offsets into it */
	struct buf inputs; /* struct view */
	struct buf spans;  /* struct record_span */
	struct buf notes;  /* struct view */
	uint64_t next_number;
	uint64_t tick_scale;
	struct time_anchor anchor;   /* what starts of calls are counted from; set anew before the wall clock has gone far */
};

static struct observer *of_layer(struct layer *layer)
{
	return (struct observer *)((char *)layer - offsetof(struct observer, layer));
}

static struct observer *of_output(struct call_output *output)
{
	return (struct observer *)((char *)output - offsetof(struct observer, output));
}

/* Copies bytes and returns where they are: an offset in a pointer's clothes, until place_bytes. */
static const uint8_t *keep_bytes(struct observer *observer, const void *data, size_t size)
{
	size_t at = observer->bytes.size;
	buf_append(&observer->bytes, data, size);
	return (const uint8_t *)at;
}

static void place_bytes(struct observer *observer)
{
	struct record *record = &observer->record;
	uintptr_t base = (uintptr_t)observer->bytes.data;
	struct view *inputs = (struct view *)observer->inputs.data;
	struct record_span *spans = (struct record_span *)observer->spans.data;
	struct view *notes = (struct view *)observer->notes.data;
	for (uint32_t i = 0; i < record->input_count; i++)
		inputs[i].data = (const uint8_t *)(base + (uintptr_t)inputs[i].data);
	for (uint32_t i = 0; i < record->span_count; i++)
		spans[i].data = (const uint8_t *)(base + (uintptr_t)spans[i].data);
	for (uint32_t i = 0; i < record->note_count; i++)
		notes[i].data = (const uint8_t *)(base + (uintptr_t)notes[i].data);
	record->inputs = inputs;
	record->notes = notes;
	record->spans = spans;
}

static void take_input(void *data, const struct input *input)
{
	struct observer *observer = data;
	struct view kept = { keep_bytes(observer, input->bytes.data, input->bytes.size), input->bytes.size };
	if (observer->bytes.failed)
		return;
	buf_append(&observer->inputs, &kept, sizeof kept);
	observer->record.input_count = (uint32_t)(observer->inputs.size / sizeof kept);
}

static void take_span(struct call_output *output, uint32_t offset, const void *data, uint32_t size, bool iov)
{
	struct observer *observer = of_output(output);
	struct record_span kept = { .offset = offset, .size = size, .data = keep_bytes(observer, data, size), .iov = iov };
	if (!observer->bytes.failed) {
		buf_append(&observer->spans, &kept, sizeof kept);
		observer->record.span_count = (uint32_t)(observer->spans.size / sizeof kept);
	}
	if (observer->outside)
		observer->outside->span(observer->outside, offset, data, size, iov);
}

static void take_note(struct call_output *output, struct view note)
{
	struct observer *observer = of_output(output);
	struct view kept = { keep_bytes(observer, note.data, note.size), note.size };
	if (!observer->bytes.failed) {
		buf_append(&observer->notes, &kept, sizeof kept);
		observer->record.note_count = (uint32_t)(observer->notes.size / sizeof kept);
	}
	if (observer->outside)
		observer->outside->note(observer->outside, note);
}

static inline void clear(struct buf *buf)
{
	if (buf->capacity > KEEP)
		buf_finish(buf);
	if (buf->size || buf->failed)
		buf_clear(buf);
}

static uint64_t ticks_to_ns(const struct observer *observer, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * observer->tick_scale >> 32);
}

/* Ticks cost a part of what a clock does. The wall clock may be slewed or set, so that it is asked again after a while. */
static uint64_t wall_at(struct observer *observer, uint64_t ticks)
{
	enum { AGE = 10 * NS_PER_MS };
	struct time_anchor *anchor = &observer->anchor;
	uint64_t age = ticks_to_ns(observer, ticks - anchor->ticks);
	if (age > AGE) {
		*anchor = (struct time_anchor){ .ticks = ticks, .wall = time_of(CLOCK_REALTIME) };
		age = 0;
	}
	return anchor->wall + age;
}

static void show(struct observer *observer)
{
	if (observer->hooks.stamp)
		observer->hooks.stamp(observer->hooks.data, &observer->record);
	observer->hooks.record(observer->hooks.data, &observer->record);
}

static void begin(struct observer *observer, struct call *call)
{
	struct record *record = &observer->record;
	clear(&observer->bytes);
	clear(&observer->inputs);
	clear(&observer->spans);
	clear(&observer->notes);
	*record = (struct record){ .number = observer->next_number++, .kind = RECORD_CALL, .call = call->type->number };
	record->arg_count = call->type->arg_count;
	memcpy(record->args, call->args, sizeof call->args);
	call->in_bounds = call_fault(call) == NULL; /* the layers below need not ask again */
	record->faulted = !call->in_bounds;
	if (call->in_bounds && call->type->input_count)
		call_inputs(call, take_input, observer);
	record->start = wall_at(observer, time_ticks());
}

/* The record without its inputs, whose bytes are not where they stay yet. */
static void show_before(struct observer *observer)
{
	struct record *record = &observer->record;
	uint32_t input_count = record->input_count;
	if (!observer->hooks.before)
		return;
	record->input_count = 0;
	observer->hooks.before(observer->hooks.data, record);
	record->input_count = input_count;
}

static void observe_call(struct layer *layer, struct call *call)
{
	struct observer *observer = of_layer(layer);
	begin(observer, call);
	show_before(observer);
	observer->outside = call->output;
	call->output = &observer->output;
	uint64_t start = time_ticks();
	layer_call(layer->next, call);
	uint64_t ticks = time_ticks() - start;
	call->output = observer->outside;

	struct record *record = &observer->record;
	record->duration = ticks_to_ns(observer, ticks);
	record->end = (uint8_t)call->end;
	record->result = call->result;
	record->finished = true;
	place_bytes(observer);
	show(observer);
}

enum err observer_create(const struct observer_hooks *hooks, struct layer *next, struct observer **ret_observer)
{
	struct observer *observer = calloc(1, sizeof *observer);
	if (!observer)
		return err_nomem();
	observer->layer = (struct layer){ observe_call, next };
	observer->output = (struct call_output){ take_span, take_note };
	observer->hooks = *hooks;
	observer->tick_scale = time_tick_scale();
	*ret_observer = observer;
	return ERR_NONE;
}

void observer_destroy(struct observer *observer)
{
	if (!observer)
		return;
	buf_finish(&observer->bytes);
	buf_finish(&observer->inputs);
	buf_finish(&observer->spans);
	buf_finish(&observer->notes);
	free(observer);
}

struct layer *observer_layer(struct observer *observer)
{
	return &observer->layer;
}

void observer_note(struct observer *observer, enum record_kind kind, const uint64_t *args, uint32_t arg_count, struct view text)
{
	struct record *record = &observer->record;
	*record = (struct record){ .number = observer->next_number++, .kind = (uint8_t)kind, .finished = true };
	record->start = time_of(CLOCK_REALTIME);
	record->arg_count = arg_count < RECORD_MAX_ARGS ? arg_count : RECORD_MAX_ARGS;
	if (record->arg_count)
		memcpy(record->args, args, record->arg_count * sizeof *args);
	record->inputs = &text;
	record->input_count = text.size != 0;
	show(observer);
}
