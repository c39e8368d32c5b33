#include "emit/syscall_summary.h"

#include "emit/format.h"
#include "emit/text_table.h"

static const char *name_of(const struct summary_line *line)
{
	const struct call_type *type = call_type(line->call);
	return type ? type->name : "total";
}

static uint64_t mean_of(const struct summary_line *line)
{
	return line->calls ? line->total / line->calls : 0;
}

static void add_duration(struct text_table *table, struct buf *scratch, uint64_t ns)
{
	buf_clear(scratch);
	format_duration(scratch, ns);
	text_table_cell_view(table, buf_view(scratch));
}

static void add_line(struct text_table *table, struct buf *scratch, const struct summary_line *line, uint64_t all)
{
	text_table_cell(table, "%.2f", all ? 100.0 * (double)line->total / (double)all : 0.0);
	add_duration(table, scratch, line->total);
	add_duration(table, scratch, mean_of(line));
	text_table_cell(table, "%llu", (unsigned long long)line->calls);
	text_table_cell(table, "%llu", (unsigned long long)line->errors);
	text_table_cell(table, "%s", name_of(line));
}

static enum err print_table(struct emitter *emitter, const struct summary_line *lines, uint32_t count)
{
	static const struct text_table_column columns[] = {
		{ "% TIME", TABLE_RIGHT },
		{ "TOTAL", TABLE_RIGHT },
		{ "MEAN", TABLE_RIGHT },
		{ "CALLS", TABLE_RIGHT },
		{ "ERRORS", TABLE_RIGHT },
		{ "CALL", TABLE_LEFT },
		{ NULL, TABLE_LEFT },
	};
	struct text_table table;
	struct buf scratch BUF_CLEANUP = { 0 };
	text_table_init(&table, columns);
	for (uint32_t i = 0; i <= count; i++)
		add_line(&table, &scratch, &lines[i], lines[count].total);
	enum err err = text_table_print(&table, emitter->output);
	text_table_finish(&table);
	return err;
}

static void field(struct emitter *e, const char *name, uint64_t value)
{
	emit_key(e, name);
	emit_uint(e, value);
}

static void print_line(struct emitter *e, const struct summary_line *line, bool named)
{
	emit_object_begin(e, OBJECT_BRACED);
	if (named) {
		emit_key(e, "call");
		emit_name(e, name_of(line));
	}
	field(e, "calls", line->calls);
	field(e, "errors", line->errors);
	field(e, "total", line->total);
	field(e, "mean", mean_of(line));
	emit_object_end(e);
}

enum err syscall_print_summary(struct emitter *e, const struct summary *summary)
{
	struct summary_line lines[CALL_COUNT + 1];
	uint32_t count = summary_sorted(summary, lines);
	if (emit_is_text(e))
		return print_table(e, lines, count);
	emit_begin(e);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "kind");
	emit_name(e, "summary");
	emit_key(e, "calls");
	emit_array_begin(e);
	for (uint32_t i = 0; i < count; i++)
		print_line(e, &lines[i], true);
	emit_array_end(e);
	emit_key(e, "sum");
	print_line(e, &lines[count], false);
	emit_object_end(e);
	return emit_end(e);
}
