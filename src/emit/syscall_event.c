#include "emit/syscall_event.h"

#include <string.h>

#include "emit/format.h"

void syscall_print_stack(struct emitter *e, struct view stack)
{
	if (!emit_is_line(e)) {
		emit_key(e, "stack");
		emit_array_begin(e);
	}
	while (stack.size) {
		const uint8_t *newline = memchr(stack.data, '\n', stack.size);
		struct view line = view_slice(stack, 0, newline ? (size_t)(newline - stack.data) : stack.size);
		stack = view_slice(stack, line.size + 1, stack.size);
		while (line.size && line.data[0] == ' ')
			line = view_slice(line, 1, line.size);
		if (emit_is_line(e)) {
			format_text(e->out, "\n    ");
			format_readable(e->out, line);
		} else {
			emit_string(e, line);
		}
	}
	if (!emit_is_line(e))
		emit_array_end(e);
}

static uint64_t arg(const struct record *record, uint32_t number)
{
	return number < record->arg_count ? record->args[number] : 0;
}

static struct view input(const struct record *record)
{
	return record->input_count ? record->inputs[0] : (struct view){ 0 };
}

/* A call of a newer version than this. */
static void print_line_unknown(struct buf *out, const struct record *record)
{
	format_text(out, "call_");
	format_uint(out, record->call);
	format_byte(out, '(');
	for (uint32_t i = 0; i < record->arg_count && i < RECORD_MAX_ARGS; i++) {
		if (i)
			format_text(out, ", ");
		format_hex(out, record->args[i]);
	}
	format_text(out, ") = ");
	if (record->finished)
		format_uint(out, record->result);
	else
		format_text(out, "<unfinished ...>");
}

static const char *signal_name(uint64_t number)
{
	return number < 65 ? sigabbrev_np((int)number) : NULL;
}

static const char *words_of(trap_text_func *trap_text, uint64_t number)
{
	const char *text = trap_text && number <= UINT32_MAX ? trap_text((uint32_t)number) : NULL;
	return text ? text : "unknown trap";
}

void syscall_print_event_line(struct emitter *e, const struct record *record, trap_text_func *trap_text)
{
	struct buf *out = e->out;
	switch (record->kind) {
	case RECORD_CALL: print_line_unknown(e->out, record); break;
	case RECORD_GROW:
		buf_printf(out, "memory.grow(%llu) = %llu", (unsigned long long)(arg(record, 1) - arg(record, 0)),
			(unsigned long long)arg(record, 0));
		break;
	case RECORD_SIGNAL:
		if (signal_name(arg(record, 0)))
			buf_printf(out, "--- SIG%s ---", signal_name(arg(record, 0)));
		else
			buf_printf(out, "--- signal %llu ---", (unsigned long long)arg(record, 0));
		break;
	case RECORD_TRAP:
		buf_printf(out, "--- trap: %s ---", words_of(trap_text, arg(record, 0)));
		syscall_print_stack(e, input(record));
		break;
	case RECORD_EXIT: buf_printf(out, "+++ exited with %llu +++", (unsigned long long)arg(record, 0)); break;
	case RECORD_FAILURE:
		format_text(out, "+++ failed: ");
		format_escaped(out, input(record), "");
		format_text(out, " +++");
		break;
	default: buf_printf(out, "--- record of unknown kind %u ---", record->kind); break;
	}
}

static void field_uint(struct emitter *e, const char *name, uint64_t value)
{
	emit_key(e, name);
	emit_uint(e, value);
}

static void field_text(struct emitter *e, const char *name, const char *text)
{
	emit_key(e, name);
	emit_text(e, text);
}

static void print_unknown_fields(struct emitter *e, const struct record *record)
{
	field_uint(e, "number", record->call);
	emit_key(e, "args");
	emit_array_begin(e);
	for (uint32_t i = 0; i < record->arg_count && i < RECORD_MAX_ARGS; i++)
		emit_uint(e, record->args[i]);
	emit_array_end(e);
	if (record->finished)
		field_uint(e, "result", record->result);
}

const char *syscall_event_kind(const struct record *record)
{
	static const char *const kinds[] = { [RECORD_CALL] = "unknown_call",
		[RECORD_GROW] = "grow",
		[RECORD_SIGNAL] = "signal",
		[RECORD_TRAP] = "trap",
		[RECORD_EXIT] = "exit",
		[RECORD_FAILURE] = "failure" };
	const char *kind = record->kind < sizeof kinds / sizeof *kinds ? kinds[record->kind] : NULL;
	return kind ? kind : "unknown";
}

void syscall_print_event_fields(struct emitter *e, const struct record *record, trap_text_func *trap_text)
{
	switch (record->kind) {
	case RECORD_CALL: print_unknown_fields(e, record); break;
	case RECORD_GROW:
		field_uint(e, "pages_before", arg(record, 0));
		field_uint(e, "pages_after", arg(record, 1));
		break;
	case RECORD_SIGNAL:
		field_uint(e, "signal", arg(record, 0));
		if (signal_name(arg(record, 0)))
			field_text(e, "name", signal_name(arg(record, 0)));
		break;
	case RECORD_TRAP:
		field_text(e, "trap", words_of(trap_text, arg(record, 0)));
		syscall_print_stack(e, input(record));
		break;
	case RECORD_EXIT: field_uint(e, "code", arg(record, 0)); break;
	case RECORD_FAILURE:
		emit_key(e, "error");
		emit_string(e, input(record));
		break;
	default: break;
	}
	if (record->kind == RECORD_SIGNAL || record->kind == RECORD_TRAP || record->kind == RECORD_EXIT)
		field_uint(e, "position", arg(record, 1));
}
