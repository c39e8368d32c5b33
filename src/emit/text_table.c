#include "emit/text_table.h"

#include "emit/format.h"

void text_table_init(struct text_table *table, const struct text_table_column *columns)
{
	*table = (struct text_table){ .columns = columns };
	while (columns[table->count].title && table->count < TEXT_TABLE_COLUMNS) {
		table->widths[table->count] = strlen(columns[table->count].title);
		table->count++;
	}
}

void text_table_finish(struct text_table *table)
{
	buf_finish(&table->text);
	buf_finish(&table->sizes);
}

/* Characters of UTF-8, which a terminal shows in one column each but for those that are wide or combine. */
static size_t width_of(const uint8_t *text, size_t size)
{
	size_t width = 0;
	for (size_t i = 0; i < size; i++)
		width += (text[i] & 0xc0) != 0x80;
	return width;
}

/* Makes a cell of the text from `at` on. */
static void end_cell(struct text_table *table, size_t at)
{
	if (table->text.failed)
		return;
	uint8_t *cell = table->text.data + at;
	uint32_t size = (uint32_t)(table->text.size - at);
	for (uint32_t i = 0; i < size; i++) {
		if (cell[i] < ' ' || cell[i] == 0x7f)
			cell[i] = '?';
	}
	size_t column = table->sizes.size / sizeof size % table->count;
	size_t width = width_of(cell, size);
	if (width > table->widths[column])
		table->widths[column] = width;
	buf_append(&table->sizes, &size, sizeof size);
}

void text_table_cell(struct text_table *table, const char *format, ...)
{
	size_t at = table->text.size;
	va_list args;
	va_start(args, format);
	buf_vprintf(&table->text, format, args);
	va_end(args);
	end_cell(table, at);
}

void text_table_cell_view(struct text_table *table, struct view text)
{
	size_t at = table->text.size;
	buf_append(&table->text, text.data, text.size);
	end_cell(table, at);
}

static void pad(struct buf *out, size_t width)
{
	while (width--)
		format_byte(out, ' ');
}

static void print_cell(const struct text_table *table, struct buf *out, uint32_t column, struct view text)
{
	size_t space = table->widths[column] - width_of(text.data, text.size);
	bool last = column + 1 == table->count;
	if (table->columns[column].align == TABLE_RIGHT)
		pad(out, space);
	format_bytes(out, text.data, text.size);
	if (table->columns[column].align == TABLE_LEFT && !last)
		pad(out, space);
	format_bytes(out, "  ", 2);
	if (!last)
		return;
	while (out->size && out->data[out->size - 1] == ' ')
		out->size--;
	format_byte(out, '\n');
}

enum err text_table_print(struct text_table *table, struct output *output)
{
	TRY(buf_status(&table->text));
	TRY(buf_status(&table->sizes));
	struct buf *out = &output->pending;
	for (uint32_t i = 0; i < table->count; i++)
		print_cell(table, out, i, view_text(table->columns[i].title));
	size_t cells = table->sizes.size / sizeof(uint32_t);
	size_t at = 0;
	for (size_t i = 0, column = 0; i < cells; i++, column = column + 1 < table->count ? column + 1 : 0) {
		uint32_t size;
		memcpy(&size, table->sizes.data + i * sizeof size, sizeof size);
		print_cell(table, out, (uint32_t)column, (struct view){ table->text.data + at, size });
		at += size;
	}
	return output_end(output);
}
