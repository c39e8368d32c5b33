/* Records made of arbitrary bytes, for the fuzzers of what reads them. */
#pragma once

#include "base/view.h"
#include "log/record.h"

enum { PARTS = 64 };

/* Takes numbers and bytes from the front; past the end everything is zero. */
struct source {
	struct view rest;
};

static inline uint64_t take(struct source *source, uint32_t size)
{
	uint64_t value = 0;
	size_t there = size < source->rest.size ? size : source->rest.size;
	if (there)
		memcpy(&value, source->rest.data, there);
	source->rest = view_slice(source->rest, there, source->rest.size);
	return value;
}

static inline struct view take_bytes(struct source *source)
{
	struct view bytes = view_slice(source->rest, 0, take(source, 1));
	source->rest = view_slice(source->rest, bytes.size, source->rest.size);
	return bytes;
}

static inline struct record take_record(struct source *source, struct view *inputs, struct record_span *spans)
{
	struct record record = { .kind = (uint8_t)take(source, 1), .inputs = inputs, .spans = spans };
	uint64_t flags = take(source, 1);
	record.finished = flags & 1;
	record.faulted = flags & 2;
	record.end = (uint8_t)(flags >> 2 & 7);
	record.call = (uint16_t)take(source, flags & 128 ? 2 : 1);
	record.result = (uint32_t)take(source, 1);
	record.arg_count = (uint32_t)take(source, 1) % (RECORD_MAX_ARGS + 1);
	for (uint32_t i = 0; i < record.arg_count; i++)
		record.args[i] = take(source, flags & 64 ? 8 : 2);
	record.input_count = (uint32_t)take(source, 1) % PARTS;
	for (uint32_t i = 0; i < record.input_count; i++)
		inputs[i] = take_bytes(source);
	record.span_count = (uint32_t)take(source, 1) % PARTS;
	for (uint32_t i = 0; i < record.span_count; i++) {
		uint32_t offset = (uint32_t)take(source, flags & 32 ? 4 : 2);
		struct view bytes = take_bytes(source);
		spans[i] = (struct record_span){ offset, (uint32_t)bytes.size, bytes.data, flags >> 5 & 1 };
	}
	record.start = take(source, 8);
	return record;
}
