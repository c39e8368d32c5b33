/* Records made of arbitrary bytes, printed in every format: nothing in a record may be taken for granted. */
#include "fuzz.h"
#include "records.h"

#include "emit/syscall.h"
#include "trace/filter.h"
#include "wasi/call.h"

#include <fcntl.h>
#include <stdlib.h>

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
