#include <stdlib.h>

#include "guest/guest.h"
#include "wasm/lines.h"

static void print_frame(struct buf *out, const struct stack_frame *frame, const struct lines *lines)
{
	struct view name = module_func_name(frame->module, frame->func);
	struct line line;
	buf_append_text(out, "    ");
	if (name.size)
		buf_append(out, name.data, name.size);
	else
		buf_printf(out, "function %u", frame->func);
	if (lines && lines_find(lines, frame->offset, &line)) {
		buf_append_text(out, " (");
		line_print(out, &line);
		buf_append_text(out, ")");
	} else {
		buf_printf(out, " (offset 0x%x)", frame->offset);
	}
	buf_append_byte(out, '\n');
}

void guest_print_stack(const struct guest *guest, struct buf *out)
{
	enum { TOP = 40, BOTTOM = 10 }; /* of a deep one only its ends */
	size_t count = store_stack(guest_store(guest), NULL, 0);
	struct stack_frame *frames = calloc(count + 1, sizeof *frames);
	struct lines *lines = NULL;
	if (!frames)
		return;
	count = store_stack(guest_store(guest), frames, count);
	if (count && lines_create(frames[0].module, &lines))
		lines = NULL;
	for (size_t i = 0; i < count; i++) {
		if (count > TOP + BOTTOM && i == TOP) {
			buf_printf(out, "    ... %zu more\n", count - TOP - BOTTOM);
			i = count - BOTTOM;
		}
		print_frame(out, &frames[i], lines);
	}
	lines_destroy(lines);
	free(frames);
}
