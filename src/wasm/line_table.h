/*
 * One line table of DWARF: its header, its files, and the program whose rows give a line to each address. Sections of the DWARF 5
 * standard, chapter 6.2, are named in line_table.c. Nothing in it is trusted.
 */
#pragma once

#include "wasm/lines.h"
#include "wasm/reader.h"

/* The sections that strings may stand in. */
struct line_strings {
	struct view line_str, str;
};

struct line_table {
	uint16_t version;
	uint8_t offset_size;  /* 4 or 8 */
	uint8_t address_step; /* minimum_instruction_length */
	int8_t line_base;
	uint8_t line_range;   /* not 0 */
	uint8_t opcode_base;  /* not 0 */
	const uint8_t *opcode_lengths; /* of opcodes from 1 */
	struct reader entries; /* stands at the tables of directories and files */
	struct view program;
};

struct line_row {
	uint64_t address; /* from the start of the code section's contents */
	uint32_t file, line, column;
	bool end; /* the first address behind a sequence */
};

/* A run through a program. */
struct line_program {
	const struct line_table *table;
	struct reader r;
	struct line_row row;
	bool begun; /* the row belongs to a sequence */
};

/* Reads the table that `section` stands at and moves behind it; false if it is none that can be used. */
bool line_table_read(struct reader *section, struct line_table *ret_table);

/* At `offset` of the program, where a sequence begins. */
struct line_program line_program_at(const struct line_table *table, size_t offset);
bool line_program_next(struct line_program *program, struct line_row *ret_row);

/* Names of the file with this number; false if there is none. */
bool line_table_file(const struct line_table *table, const struct line_strings *strings, uint32_t number, struct line *ret_line);
