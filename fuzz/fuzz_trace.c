/* Records made of arbitrary bytes, printed in every format: nothing in a record may be taken for granted. */
#include "fuzz.h"

#include "emit/syscall.h"
#include "trace/filter.h"
#include "wasi/call.h"

#include <fcntl.h>
#include <stdlib.h>

enum { PARTS = 64 };

/* Takes numbers and bytes from the front; past the end everything is zero. */
struct source {
	struct view rest;
};

static uint64_t take(struct source *source, uint32_t size)
{
	uint64_t value = 0;
	size_t there = size < source->rest.size ? size : source->rest.size;
	if (there)
		memcpy(&value, source->rest.data, there);
	source->rest = view_slice(source->rest, there, source->rest.size);
	return value;
}

static struct view take_bytes(struct source *source)
{
	struct view bytes = view_slice(source->rest, 0, take(source, 1));
	source->rest = view_slice(source->rest, bytes.size, source->rest.size);
	return bytes;
}

static struct record take_record(struct source *source, struct view *inputs, struct record_span *spans)
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

static void print_all(enum emit_format format, struct source source)
{
	struct syscall_options options = {
		.string_size = take(&source, 1), .paths = true, .absolute = true, .relative = true, .durations = true
	};
	struct output output;
	struct emitter *emitter = NULL;
	struct descriptors *descriptors = NULL;
	struct syscall_printer *printer = NULL;
	struct view inputs[PARTS];
	struct record_span spans[PARTS];
	output_init(&output, open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null", OUTPUT_BUFFERED);
	output.owned = true;
	options.filter.memory = true;
	if (!emitter_create(format, &output, &emitter) && !descriptors_create(&descriptors) &&
		!syscall_printer_create(&options, emitter, descriptors, &printer)) {
		while (source.rest.size) {
			struct record record = take_record(&source, inputs, spans);
			if (syscall_print(printer, &record, true))
				abort();
		}
	}
	syscall_printer_destroy(printer);
	descriptors_destroy(descriptors);
	emitter_destroy(emitter);
	output_finish(&output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum emit_format format = EMIT_LINE; format <= EMIT_YAML; format++) {
		if (format != EMIT_PAGE)
			print_all(format, (struct source){ view_of(data, size) });
	}
	return 0;
}
