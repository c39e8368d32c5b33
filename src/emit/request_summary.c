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

/* A line of those that have paths, or of the others. */
static void add_line(struct text_table *table, struct buf *scratch, const struct exchange_group *group, bool statuses, bool named)
{
	text_table_cell(table, "%llu", (unsigned long long)group->count);
	for (uint32_t i = 2; i < CLASSES && statuses; i++)
		text_table_cell(table, "%llu", (unsigned long long)group->statuses[i]);
	text_table_cell(table, "%llu", (unsigned long long)group->errors);
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
		add_duration(table, scratch, exchange_group_latency(group, percents[i]));
	add_duration(table, scratch, group->latency_max);
	buf_clear(scratch);
	format_size(scratch, group->bytes);
	text_table_cell_view(table, buf_view(scratch));
	if (named)
		text_table_cell(table, "%s", group->protocol ? group->protocol : "-");
	add_name(table, scratch, group->others ? view_text("(others)") : group->host);
	add_name(table, scratch, group->path.size ? group->path : view_text("-"));
}

/* Those without statuses have fewer columns; the protocol is said where there is another than HTTP. */
static void choose_columns(struct text_table_column *columns, bool statuses, bool named)
{
	static const char *const titles[] = { "COUNT", "2XX", "3XX", "4XX", "5XX", "ERRORS", "P50", "P95", "MAX", "BYTES" };
	uint32_t count = 0;
	for (uint32_t i = 0; i < sizeof titles / sizeof *titles; i++) {
		if (statuses || i == 0 || i >= 5)
			columns[count++] = (struct text_table_column){ titles[i], TABLE_RIGHT };
	}
	if (named)
		columns[count++] = (struct text_table_column){ "PROTOCOL", TABLE_LEFT };
	columns[count++] = (struct text_table_column){ "HOST", TABLE_LEFT };
	columns[count++] = (struct text_table_column){ statuses ? "PATH" : "REQUEST", TABLE_LEFT };
	columns[count] = (struct text_table_column){ NULL, TABLE_LEFT };
}

static bool has_versions(struct exchange_group *const *groups, uint32_t count)
{
	bool has = false;
	for (uint32_t i = 0; i < count; i++)
		has |= groups[i]->has_status && strcmp(groups[i]->protocol, "HTTP") != 0;
	return has;
}

static enum err print_table(struct emitter *emitter, struct exchange_group *const *groups, uint32_t count, bool statuses, bool any_before)
{
	struct text_table_column columns[TEXT_TABLE_COLUMNS];
	struct text_table table;
	struct buf scratch BUF_CLEANUP = { 0 };
	bool named = !statuses || has_versions(groups, count);
	choose_columns(columns, statuses, named);
	text_table_init(&table, columns);
	for (uint32_t i = 0; i < count; i++) {
		if (groups[i]->has_status == statuses)
			add_line(&table, &scratch, groups[i], statuses, named);
	}
	if (any_before)
		format_byte(emitter->out, '\n');
	enum err err = text_table_print(&table, emitter->output);
	text_table_finish(&table);
	return err;
}

/* Requests with paths and statuses first; a table of its own for all others, if there are any. */
static enum err print_tables(struct emitter *emitter, struct exchange_group *const *groups, uint32_t count)
{
	uint32_t with = 0;
	for (uint32_t i = 0; i < count; i++)
		with += groups[i]->has_status;
	bool first = with || count == 0;
	if (first)
		TRY(print_table(emitter, groups, count, true, false));
	return with < count ? print_table(emitter, groups, count, false, first) : ERR_NONE;
}

static void field(struct emitter *e, const char *name, uint64_t value)
{
	emit_key(e, name);
	emit_uint(e, value);
}

static void print_statuses(struct emitter *e, const struct exchange_group *group)
{
	emit_key(e, "statuses");
	emit_object_begin(e, OBJECT_BRACED);
	for (uint32_t i = 0; i < CLASSES; i++) {
		if (group->statuses[i])
			field(e, class_names[i], group->statuses[i]);
	}
	emit_object_end(e);
}

static void print_group(struct emitter *e, const struct exchange_group *group)
{
	emit_object_begin(e, OBJECT_BRACED);
	if (group->others) {
		emit_key(e, "others");
		emit_bool(e, true);
	} else {
		emit_key(e, "protocol");
		emit_text(e, group->protocol);
		emit_key(e, "host");
		emit_string(e, group->host);
		emit_key(e, group->has_status ? "path" : "request");
		emit_string(e, group->path);
	}
	field(e, "count", group->count);
	if (group->has_status)
		print_statuses(e, group);
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
		return print_tables(e, groups, count);
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
