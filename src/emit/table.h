/*
 * A table of text for people: columns as wide as their widest cell, two spaces between, no trailing spaces. A table that is all zero is
 * empty and valid.
 */
#pragma once

#include "emit/output.h"

enum { TABLE_COLUMNS = 16 };

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *title;
	enum table_align align;
};

struct table {
	struct buf text;  /* all cells, one behind the other */
	struct buf sizes; /* uint32_t each: bytes of a cell */
	size_t widths[TABLE_COLUMNS];
	const struct table_column *columns; /* borrowed; ends with a NULL title */
	uint32_t count;
};

void table_init(struct table *table, const struct table_column *columns);
void table_finish(struct table *table);

/* Cells go from left to right; the row is full after the last column. Control characters become question marks. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_cell_view(struct table *table, struct view text);

/* Prints titles and rows. ERR_NOMEM, or the output's first error. */
enum err table_print(struct table *table, struct output *output);
