/*
 * A table of text for people: columns as wide as their widest cell, two spaces between, no trailing spaces. A table that is all zero is
 * empty and valid.
 */
#pragma once

#include "emit/output.h"

enum { TEXT_TABLE_COLUMNS = 16 };

enum text_table_align { TABLE_LEFT, TABLE_RIGHT };

struct text_table_column {
	const char *title;
	enum text_table_align align;
};

struct text_table {
	struct buf text;  /* all cells, one behind the other */
	struct buf sizes; /* uint32_t each: bytes of a cell */
	size_t widths[TEXT_TABLE_COLUMNS];
	const struct text_table_column *columns; /* borrowed; ends with a NULL title */
	uint32_t count;
};

void text_table_init(struct text_table *table, const struct text_table_column *columns);
void text_table_finish(struct text_table *table);

/* Cells go from left to right; the row is full after the last column. Control characters become question marks. */
void text_table_cell(struct text_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_table_cell_view(struct text_table *table, struct view text);

/* Prints titles and rows. ERR_NOMEM, or the output's first error. */
enum err text_table_print(struct text_table *table, struct output *output);
