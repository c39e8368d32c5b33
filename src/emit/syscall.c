#include "emit/syscall.h"

#include <stdlib.h>

#include "emit/format.h"
#include "emit/syscall_call.h"
#include "emit/syscall_event.h"
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

static void print_guest_stack(struct syscall_printer *printer)
{
	if (!printer->options.stack)
		return;
	buf_clear(&printer->stack);
	printer->options.stack(printer->options.stack_data, &printer->stack);
	syscall_print_stack(printer->emitter, buf_view(&printer->stack));
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

static void print_event(struct syscall_printer *printer, const struct record *record)
{
	struct emitter *e = printer->emitter;
	if (emit_is_line(e)) {
		print_line_times(printer, record);
		syscall_print_event_line(e, record, printer->options.trap_text);
		return;
	}
	emit_object_begin(e, OBJECT_BRACED);
	print_fields(printer, record, syscall_event_kind(record));
	syscall_print_event_fields(e, record, printer->options.trap_text);
	emit_object_end(e);
}

static enum err print_record(struct syscall_printer *printer, const struct record *record)
{
	struct syscall syscall;
	if (syscall_of(record, &syscall))
		return emit_is_line(printer->emitter) ? print_line_call(printer, &syscall) : print_object_call(printer, &syscall);
	print_event(printer, record);
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
