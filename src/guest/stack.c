#include "guest/guest.h"
#include "wasm/lines.h"

static void print_frame(struct buf *out, const struct stack_frame *frame, const struct lines *lines)
{
	struct view name = module_func_name(frame->module, frame->func);
	struct line line;
	if (!frame->module) {
		buf_append_text(out, "    a function of the host\n");
		return;
	}
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
	enum { SHOWN = 50 }; /* innermost ones: of an endless recursion they tell as much as all */
	struct stack_frame frames[SHOWN];
	struct lines *lines = NULL;
	size_t count = store_stack(guest_store(guest), frames, SHOWN);
	if (count && lines_create(frames[0].module, &lines))
		lines = NULL;
	for (size_t i = 0; i < count && i < SHOWN; i++)
		print_frame(out, &frames[i], lines);
	if (count > SHOWN)
		buf_printf(out, "    ... and %zu more\n", count - SHOWN);
	lines_destroy(lines);
}
