/*
 * Source lines of a module's code, from the line tables of its DWARF (section .debug_line, versions 2 to 5).
 *
 * For stacks shown to people: it is made when the first one is. What can't be read is left out, and a module without DWARF has no lines.
 */
#pragma once

#include "wasm/module.h"

struct lines;

/* Borrows the module. */
enum err lines_create(const struct module *module, struct lines **ret_lines);
void lines_destroy(struct lines *lines);

struct line {
	struct view folder; /* empty: as the compiler's, or the file name is absolute. All views are of the module's bytes */
	struct view file;
	uint32_t line;      /* from 1; 0: the code is of no line */
	uint32_t column;    /* from 1; 0: unknown */
};

/* The line of the instruction at `offset` of the module's bytes; false if it is not known. */
bool lines_find(const struct lines *lines, uint32_t offset, struct line *ret_line);

/* "folder/file:line:column" */
struct buf;
void line_print(struct buf *out, const struct line *line);
