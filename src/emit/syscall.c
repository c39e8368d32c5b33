#include "emit/syscall.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "emit/format.h"
#include "emit/syscall_call.h"
#include "emit/syscall_summary.h"

struct syscall_printer {
	struct syscall_options options;
	struct emitter *emitter;
	struct descriptors *descriptors;
	struct value_printer values;
	struct summary summary;
	struct buf stack;
	uint64_t before; /* the start of the record that was printed last; 0: none */
};

enum err syscall_printer_create(const struct syscall_options *options, struct emitter *emitter, struct descriptors *descriptors,
	struct syscall_printer **ret_printer)
{
	struct syscall_printer *printer = calloc(1, sizeof *printer);
	if (!printer)
		return err_nomem();
	printer->options = *options;
	printer->emitter = emitter;
	printer->descriptors = descriptors;
	printer->values = (struct value_printer){ .emitter = emitter, .string_size = options->string_size };
	printer->values.descriptors = options->paths ? descriptors : NULL;
	*ret_printer = printer;
	return ERR_NONE;
}

void syscall_printer_destroy(struct syscall_printer *printer)
{
	if (!printer)
		return;
	buf_finish(&printer->values.scratch);
	buf_finish(&printer->stack);
	free(printer);
}

/* Clocks may be set back between two records. */
static uint64_t since_before(const struct syscall_printer *printer, const struct record *record)
{
	return printer->before && record->start > printer->before ? record->start - printer->before : 0;
}

static void print_line_times(struct syscall_printer *printer, const struct record *record)
{
	struct buf *out = printer->emitter->out;
	if (printer->options.absolute) {
		format_time(out, record->start);
		format_byte(out, ' ');
	}
	if (!printer->options.relative)
		return;
	if (printer->options.absolute)
		format_text(out, "(+");
	format_seconds(out, since_before(printer, record));
	format_text(out, printer->options.absolute ? ") " : " ");
}

/* The fields that every object begins with. */
static void print_fields(struct syscall_printer *printer, const struct record *record, const char *kind)
{
	struct emitter *e = printer->emitter;
	emit_key(e, "record");
	emit_uint(e, record->number);
	emit_key(e, "kind");
	emit_name(e, kind);
	emit_key(e, "time");
	emit_time(e, record->start);
	if (printer->options.relative) {
		emit_key(e, "relative");
		emit_duration(e, since_before(printer, record));
	}
}

static void print_line_duration(struct syscall_printer *printer, const struct record *record)
{
	struct buf *out = printer->emitter->out;
	if (!printer->options.durations || !record->finished)
		return;
	format_text(out, " <");
	format_seconds(out, record->duration);
	format_byte(out, '>');
}

/* The lines of `stack`, behind the line of the record or as an array. */
static void print_stack(struct syscall_printer *printer, struct view stack)
{
	struct emitter *e = printer->emitter;
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
			format_bytes(e->out, line.data, line.size);
		} else {
			emit_string(e, line);
		}
	}
	if (!emit_is_line(e))
		emit_array_end(e);
}

static void print_guest_stack(struct syscall_printer *printer)
{
	if (!printer->options.stack)
		return;
	buf_clear(&printer->stack);
	printer->options.stack(printer->options.stack_data, &printer->stack);
	print_stack(printer, buf_view(&printer->stack));
}

/* The descriptors change between the arguments and the results: fd_close shows what it closes, path_open what it opened. */
static enum err print_line_call(struct syscall_printer *printer, const struct syscall *syscall)
{
	struct emitter *e = printer->emitter;
	print_line_times(printer, syscall->record);
	format_text(e->out, syscall->type->name);
	format_byte(e->out, '(');
	emit_object_begin(e, OBJECT_VALUES);
	syscall_print_args(&printer->values, syscall);
	emit_object_end(e);
	format_byte(e->out, ')');
	TRY(descriptors_follow(printer->descriptors, syscall->record));
	syscall_print_outcome(&printer->values, syscall);
	print_line_duration(printer, syscall->record);
	print_guest_stack(printer);
	return ERR_NONE;
}

static enum err print_object_call(struct syscall_printer *printer, const struct syscall *syscall)
{
	struct emitter *e = printer->emitter;
	emit_object_begin(e, OBJECT_BRACED);
	print_fields(printer, syscall->record, "call");
	if (syscall->record->finished) {
		emit_key(e, "duration");
		emit_duration(e, syscall->record->duration);
	}
	emit_key(e, "call");
	emit_name(e, syscall->type->name);
	emit_key(e, "args");
	emit_object_begin(e, OBJECT_BRACED);
	syscall_print_args(&printer->values, syscall);
	emit_object_end(e);
	TRY(descriptors_follow(printer->descriptors, syscall->record));
	syscall_print_outcome(&printer->values, syscall);
	print_guest_stack(printer);
	emit_object_end(e);
	return ERR_NONE;
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
static void print_line_unknown(struct syscall_printer *printer, const struct record *record)
{
	struct buf *out = printer->emitter->out;
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
	print_line_duration(printer, record);
}

static const char *signal_name(uint64_t number)
{
	return number < 65 ? sigabbrev_np((int)number) : NULL;
}

static const char *trap_text(const struct syscall_printer *printer, uint64_t number)
{
	const char *text = printer->options.trap_text && number <= UINT32_MAX ? printer->options.trap_text((uint32_t)number) : NULL;
	return text ? text : "unknown trap";
}

/* --- SIGINT ---, +++ exited with 0 +++: what is no call. */
static void print_line_event(struct syscall_printer *printer, const struct record *record)
{
	struct buf *out = printer->emitter->out;
	print_line_times(printer, record);
	switch (record->kind) {
	case RECORD_CALL:
		print_line_unknown(printer, record);
		break;
	case RECORD_GROW:
		buf_printf(out, "memory.grow(%llu) = %llu", (unsigned long long)(arg(record, 1) - arg(record, 0)), (unsigned long long)arg(record, 0));
		break;
	case RECORD_SIGNAL:
		if (signal_name(arg(record, 0)))
			buf_printf(out, "--- SIG%s ---", signal_name(arg(record, 0)));
		else
			buf_printf(out, "--- signal %llu ---", (unsigned long long)arg(record, 0));
		break;
	case RECORD_TRAP:
		buf_printf(out, "--- trap: %s ---", trap_text(printer, arg(record, 0)));
		print_stack(printer, input(record));
		break;
	case RECORD_EXIT:
		buf_printf(out, "+++ exited with %llu +++", (unsigned long long)arg(record, 0));
		break;
	case RECORD_FAILURE:
		format_text(out, "+++ failed: ");
		format_escaped(out, input(record), "");
		format_text(out, " +++");
		break;
	default:
		buf_printf(out, "--- record of unknown kind %u ---", record->kind);
		break;
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

static void print_object_unknown(struct syscall_printer *printer, const struct record *record)
{
	struct emitter *e = printer->emitter;
	field_uint(e, "number", record->call);
	emit_key(e, "args");
	emit_array_begin(e);
	for (uint32_t i = 0; i < record->arg_count && i < RECORD_MAX_ARGS; i++)
		emit_uint(e, record->args[i]);
	emit_array_end(e);
	if (record->finished)
		field_uint(e, "result", record->result);
}

static void print_object_event(struct syscall_printer *printer, const struct record *record)
{
	static const char *const kinds[] = { [RECORD_CALL] = "unknown_call", [RECORD_GROW] = "grow", [RECORD_SIGNAL] = "signal",
		[RECORD_TRAP] = "trap", [RECORD_EXIT] = "exit", [RECORD_FAILURE] = "failure" };
	const char *kind = record->kind < sizeof kinds / sizeof *kinds ? kinds[record->kind] : NULL;
	struct emitter *e = printer->emitter;
	emit_object_begin(e, OBJECT_BRACED);
	print_fields(printer, record, kind ? kind : "unknown");
	switch (record->kind) {
	case RECORD_CALL:
		print_object_unknown(printer, record);
		break;
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
		field_text(e, "trap", trap_text(printer, arg(record, 0)));
		print_stack(printer, input(record));
		break;
	case RECORD_EXIT:
		field_uint(e, "code", arg(record, 0));
		break;
	case RECORD_FAILURE:
		emit_key(e, "error");
		emit_string(e, input(record));
		break;
	default:
		break;
	}
	if (record->kind == RECORD_SIGNAL || record->kind == RECORD_TRAP || record->kind == RECORD_EXIT)
		field_uint(e, "position", arg(record, 1));
	emit_object_end(e);
}

static enum err print_record(struct syscall_printer *printer, const struct record *record)
{
	struct syscall syscall;
	bool line = emit_is_line(printer->emitter);
	if (syscall_of(record, &syscall))
		return line ? print_line_call(printer, &syscall) : print_object_call(printer, &syscall);
	if (line)
		print_line_event(printer, record);
	else
		print_object_event(printer, record);
	return ERR_NONE;
}

enum err syscall_print(struct syscall_printer *printer, const struct record *record, bool shown)
{
	if (!shown || !trace_filter_passes(&printer->options.filter, record))
		return descriptors_follow(printer->descriptors, record);
	if (printer->options.summary) {
		summary_add(&printer->summary, record);
		return descriptors_follow(printer->descriptors, record);
	}
	emit_begin(printer->emitter);
	TRY(print_record(printer, record));
	printer->before = record->start;
	return emit_end(printer->emitter);
}

enum err syscall_printer_end(struct syscall_printer *printer)
{
	return printer->options.summary ? syscall_print_summary(printer->emitter, &printer->summary) : ERR_NONE;
}
