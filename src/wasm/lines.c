#include "wasm/lines.h"

#include "base/buf.h"
#include "wasm/line_table.h"

#include <stdlib.h>

/*
 * A run of rows with rising addresses: mostly one function's. They are found once; the rows themselves are computed anew for each question,
 * so that large tables take little memory.
 */
struct sequence {
	uint32_t low, high; /* addresses: low <= address < high */
	uint32_t unit;      /* offset of its table in .debug_line */
	uint32_t program;   /* offset in the table's program */
};

struct lines {
	struct view section; /* .debug_line */
	struct line_strings strings;
	size_t code_offset;
	struct sequence *sequences; /* sorted by `low` */
	size_t count, capacity;
};

static enum err add_sequence(struct lines *lines, struct sequence sequence)
{
	if (lines->count == lines->capacity) {
		size_t capacity = lines->capacity ? lines->capacity * 2 : 256;
		struct sequence *sequences = realloc(lines->sequences, capacity * sizeof *sequences);
		if (!sequences)
			return err_nomem();
		lines->sequences = sequences;
		lines->capacity = capacity;
	}
	lines->sequences[lines->count++] = sequence;
	return 0;
}

/* Code that the linker dropped keeps its rows, at address 0 or at the very end of the address space. */
static bool is_live(uint64_t low, uint64_t high)
{
	return low > 0 && low < high && high < UINT32_MAX - 1;
}

static enum err add_table(struct lines *lines, const struct line_table *table, size_t unit)
{
	struct line_program program = line_program_at(table, 0);
	struct line_row row;
	uint64_t low = 0;
	size_t start = 0;
	for (bool first = true; line_program_next(&program, &row); first = row.end) {
		if (first)
			low = row.address;
		if (!row.end)
			continue;
		if (is_live(low, row.address))
			TRY(add_sequence(lines,
				(struct sequence){ (uint32_t)low, (uint32_t)row.address, (uint32_t)unit, (uint32_t)start }));
		start = reader_offset(&program.r);
	}
	return 0;
}

static int compare_sequences(const void *a, const void *b)
{
	const struct sequence *x = a, *y = b;
	return (x->low > y->low) - (x->low < y->low);
}

static struct reader section_at(const struct lines *lines, size_t offset)
{
	const uint8_t *start = lines->section.data;
	return (struct reader){ .start = start, .at = start + offset, .end = start + lines->section.size };
}

static enum err find_sequences(struct lines *lines)
{
	struct reader r = section_at(lines, 0);
	while (reader_left(&r)) {
		size_t unit = reader_offset(&r);
		struct line_table table;
		if (line_table_read(&r, &table))
			TRY(add_table(lines, &table, unit));
	}
	if (lines->count)
		qsort(lines->sequences, lines->count, sizeof *lines->sequences, compare_sequences);
	return 0;
}

enum err lines_create(const struct module *module, struct lines **ret_lines)
{
	struct lines *lines = calloc(1, sizeof *lines);
	if (!lines)
		return err_nomem();
	lines->section = module_custom_section(module, ".debug_line");
	lines->strings.line_str = module_custom_section(module, ".debug_line_str");
	lines->strings.str = module_custom_section(module, ".debug_str");
	lines->code_offset = module_code_offset(module);
	enum err err = find_sequences(lines);
	if (err) {
		lines_destroy(lines);
		return err;
	}
	*ret_lines = lines;
	return 0;
}

void lines_destroy(struct lines *lines)
{
	if (!lines)
		return;
	free(lines->sequences);
	free(lines);
}

/* The last sequence that begins at or before the address, if it reaches that far. */
static const struct sequence *find_sequence(const struct lines *lines, uint32_t address)
{
	size_t low = 0, high = lines->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lines->sequences[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	const struct sequence *found = low ? &lines->sequences[low - 1] : NULL;
	return found && address < found->high ? found : NULL;
}

bool lines_find(const struct lines *lines, uint32_t offset, struct line *ret_line)
{
	if (offset < lines->code_offset)
		return false;
	uint32_t address = (uint32_t)(offset - lines->code_offset);
	const struct sequence *sequence = find_sequence(lines, address);
	struct line_table table;
	if (!sequence)
		return false;
	struct reader r = section_at(lines, sequence->unit);
	if (!line_table_read(&r, &table))
		return false;
	struct line_program program = line_program_at(&table, sequence->program);
	struct line_row row, last = { 0 };
	while (line_program_next(&program, &row) && row.address <= address && !row.end)
		last = row;
	struct line line = { .line = last.line, .column = last.column };
	if (!line_table_file(&table, &lines->strings, last.file, &line))
		return false;
	*ret_line = line;
	return true;
}

void line_print(struct buf *out, const struct line *line)
{
	if (line->folder.size && line->file.size && line->file.data[0] != '/')
		buf_printf(out, "%.*s/", VIEW_ARG(line->folder));
	buf_printf(out, "%.*s:%u", VIEW_ARG(line->file), line->line);
	if (line->column)
		buf_printf(out, ":%u", line->column);
}
