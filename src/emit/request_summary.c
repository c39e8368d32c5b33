#include "emit/request_summary.h"

#include "emit/format.h"
#include "emit/request.h"
#include "emit/text_table.h"

enum { CLASSES = 6 };

static const char *const class_names[CLASSES] = { "other", "1xx", "2xx", "3xx", "4xx", "5xx" };

static const uint32_t percents[] = { 50, 95 };

static void add_duration(struct text_table *table, struct buf *scratch, uint64_t ns)
{
	buf_clear(scratch);
	format_duration(scratch, ns);
	text_table_cell_view(table, buf_view(scratch));
}

/* From the wire. */
static void add_name(struct text_table *table, struct buf *scratch, struct view name)
{
	buf_clear(scratch);
	request_print_word(scratch, name);
	text_table_cell_view(table, buf_view(scratch));
}

static void add_line(struct text_table *table, struct buf *scratch, const struct exchange_group *group)
{
	text_table_cell(table, "%llu", (unsigned long long)group->count);
	for (uint32_t i = 2; i < CLASSES; i++)
		text_table_cell(table, "%llu", (unsigned long long)group->statuses[i]);
	text_table_cell(table, "%llu", (unsigned long long)group->errors);
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
		add_duration(table, scratch, exchange_group_latency(group, percents[i]));
	add_duration(table, scratch, group->latency_max);
	buf_clear(scratch);
	format_size(scratch, group->bytes);
	text_table_cell_view(table, buf_view(scratch));
	add_name(table, scratch, group->others ? view_text("(others)") : group->host);
	add_name(table, scratch, group->path.size ? group->path : view_text("-"));
}

static enum err print_table(struct emitter *emitter, struct exchange_group *const *groups, uint32_t count)
{
	static const struct text_table_column columns[] = {
		{ "COUNT", TABLE_RIGHT },
		{ "2XX", TABLE_RIGHT },
		{ "3XX", TABLE_RIGHT },
		{ "4XX", TABLE_RIGHT },
		{ "5XX", TABLE_RIGHT },
		{ "ERRORS", TABLE_RIGHT },
		{ "P50", TABLE_RIGHT },
		{ "P95", TABLE_RIGHT },
		{ "MAX", TABLE_RIGHT },
		{ "BYTES", TABLE_RIGHT },
		{ "HOST", TABLE_LEFT },
		{ "PATH", TABLE_LEFT },
		{ NULL, TABLE_LEFT },
	};
	struct text_table table;
	struct buf scratch BUF_CLEANUP = { 0 };
	text_table_init(&table, columns);
	for (uint32_t i = 0; i < count; i++)
		add_line(&table, &scratch, groups[i]);
	enum err err = text_table_print(&table, emitter->output);
	text_table_finish(&table);
	return err;
}

static void field(struct emitter *e, const char *name, uint64_t value)
{
	emit_key(e, name);
	emit_uint(e, value);
}

static void print_group(struct emitter *e, const struct exchange_group *group)
{
	emit_object_begin(e, OBJECT_BRACED);
	if (group->others) {
		emit_key(e, "others");
		emit_bool(e, true);
	} else {
		emit_key(e, "host");
		emit_string(e, group->host);
		emit_key(e, "path");
		emit_string(e, group->path);
	}
	field(e, "count", group->count);
	emit_key(e, "statuses");
	emit_object_begin(e, OBJECT_BRACED);
	for (uint32_t i = 0; i < CLASSES; i++) {
		if (group->statuses[i])
			field(e, class_names[i], group->statuses[i]);
	}
	emit_object_end(e);
	field(e, "errors", group->errors);
	field(e, "p50", exchange_group_latency(group, 50));
	field(e, "p95", exchange_group_latency(group, 95));
	field(e, "max", group->latency_max);
	field(e, "bytes", group->bytes);
	emit_object_end(e);
}

enum err request_print_summary(struct emitter *e, struct exchange_summary *summary)
{
	uint32_t count;
	struct exchange_group *const *groups = exchange_summary_groups(summary, &count);
	if (emit_is_text(e))
		return print_table(e, groups, count);
	emit_begin(e);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "requests");
	emit_array_begin(e);
	for (uint32_t i = 0; i < count; i++)
		print_group(e, groups[i]);
	emit_array_end(e);
	emit_object_end(e);
	return emit_end(e);
}
