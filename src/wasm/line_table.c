#include "wasm/line_table.h"

/* 7.4: lengths and offsets are 4 bytes, or 8 behind an escape. */
static uint64_t read_unit_length(struct reader *r, uint8_t *ret_offset_size)
{
	uint64_t length = read_fixed(r, 4);
	*ret_offset_size = length == 0xffffffff ? 8 : 4;
	return length == 0xffffffff ? read_fixed(r, 8) : length;
}

/* 6.2.4: the line number program header. */
static bool read_header(struct reader *r, struct line_table *table)
{
	table->version = (uint16_t)read_fixed(r, 2);
	if (table->version < 2 || table->version > 5)
		return false;
	if (table->version == 5)
		read_fixed(r, 2); /* sizes of addresses and segment selectors */
	struct view rest = read_bytes(r, read_fixed(r, table->offset_size));
	table->program = view_of(r->at, reader_left(r));
	struct reader header = { .start = r->start, .at = rest.data, .end = rest.data + rest.size };
	table->address_step = read_byte(&header);
	if (table->version >= 4)
		read_byte(&header); /* operations per instruction */
	read_byte(&header); /* default_is_stmt */
	table->line_base = (int8_t)read_byte(&header);
	table->line_range = read_byte(&header);
	table->opcode_base = read_byte(&header);
	if (r->failure || table->line_range == 0 || table->opcode_base == 0)
		return false;
	table->opcode_lengths = read_bytes(&header, table->opcode_base - 1u).data;
	table->entries = header;
	return !header.failure;
}

bool line_table_read(struct reader *section, struct line_table *ret_table)
{
	struct line_table table = { 0 };
	uint64_t length = read_unit_length(section, &table.offset_size);
	struct view unit = read_bytes(section, length);
	struct reader r = { .start = section->start, .at = unit.data, .end = unit.data + unit.size };
	if (section->failure || !read_header(&r, &table))
		return false;
	*ret_table = table;
	return true;
}

struct line_program line_program_at(const struct line_table *table, size_t offset)
{
	const uint8_t *start = table->program.data;
	return (struct line_program){ .table = table, .r = { .start = start, .at = start + offset, .end = start + table->program.size } };
}

enum { LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS = 2 };
enum { LNS_COPY = 1, LNS_ADVANCE_PC, LNS_ADVANCE_LINE, LNS_SET_FILE, LNS_SET_COLUMN, LNS_CONST_ADD_PC = 8, LNS_FIXED_ADVANCE_PC };

/* 6.2.5.3; true for a row. */
static bool extended_opcode(struct line_program *p)
{
	struct view bytes = read_bytes(&p->r, read_leb(&p->r, 64, false));
	struct reader r = { .start = p->r.start, .at = bytes.data, .end = bytes.data + bytes.size };
	uint8_t opcode = read_byte(&r);
	if (r.failure)
		return false;
	if (opcode == LNE_SET_ADDRESS)
		p->row.address = read_fixed(&r, reader_left(&r) < 8 ? reader_left(&r) : 8);
	p->row.end = opcode == LNE_END_SEQUENCE;
	return p->row.end;
}

/* 6.2.5.2; true for a row. */
static bool standard_opcode(struct line_program *p, uint8_t opcode)
{
	const struct line_table *table = p->table;
	struct reader *r = &p->r;
	switch (opcode) {
	case LNS_COPY: return true;
	case LNS_ADVANCE_PC: p->row.address += read_leb(r, 64, false) * table->address_step; return false;
	case LNS_ADVANCE_LINE: p->row.line += (uint32_t)read_s64(r); return false;
	case LNS_SET_FILE: p->row.file = read_u32(r); return false;
	case LNS_SET_COLUMN: p->row.column = read_u32(r); return false;
	case LNS_CONST_ADD_PC: p->row.address += (255u - table->opcode_base) / table->line_range * table->address_step; return false;
	case LNS_FIXED_ADVANCE_PC: p->row.address += read_fixed(r, 2); return false;
	}
	for (uint8_t i = 0; i < table->opcode_lengths[opcode - 1]; i++)
		read_leb(r, 64, false);
	return false;
}

/* 6.2.5.1; a row. */
static bool special_opcode(struct line_program *p, uint8_t opcode)
{
	uint32_t adjusted = (uint32_t)opcode - p->table->opcode_base;
	p->row.address += adjusted / p->table->line_range * p->table->address_step;
	p->row.line += (uint32_t)(p->table->line_base + (int)(adjusted % p->table->line_range));
	return true;
}

bool line_program_next(struct line_program *p, struct line_row *ret_row)
{
	if (!p->begun || p->row.end)
		p->row = (struct line_row){ .file = 1, .line = 1 };
	p->begun = true;
	while (reader_left(&p->r)) {
		uint8_t opcode = read_byte(&p->r);
		bool row = opcode == 0                    ? extended_opcode(p)
			: opcode >= p->table->opcode_base ? special_opcode(p, opcode)
							  : standard_opcode(p, opcode);
		if (p->r.failure)
			return false;
		if (row) {
			*ret_row = p->row;
			return true;
		}
	}
	return false;
}

static struct view read_string(struct reader *r)
{
	const uint8_t *nul = reader_left(r) ? memchr(r->at, 0, reader_left(r)) : NULL;
	if (!nul) {
		reader_fail(r, "unexpected end");
		return (struct view){ 0 };
	}
	struct view text = view_of(r->at, (size_t)(nul - r->at));
	r->at = nul + 1;
	return text;
}

/* Versions up to 4, 6.2.4 there: strings; the first directory and the first file have number 1, directory 0 is the compiler's. */
static bool find_file_4(const struct line_table *table, uint32_t number, struct line *ret_line)
{
	struct reader directories = table->entries, r = table->entries;
	while (read_string(&r).size)
		;
	uint64_t directory = 0;
	for (uint32_t i = 1; !r.failure; i++) {
		struct view name = read_string(&r);
		if (name.size == 0)
			return false;
		directory = read_leb(&r, 64, false);
		read_leb(&r, 64, false); /* time */
		read_leb(&r, 64, false); /* size */
		if (i == number) {
			ret_line->file = name;
			break;
		}
	}
	struct view folder = { 0 };
	for (uint64_t i = 1; i <= directory && !directories.failure; i++) {
		folder = read_string(&directories);
		if (folder.size == 0)
			break;
	}
	ret_line->folder = folder;
	return !r.failure;
}

enum { CONTENT_PATH = 1, CONTENT_DIRECTORY = 2 };
enum {
	FORM_DATA2 = 0x05,
	FORM_DATA4,
	FORM_DATA8,
	FORM_STRING,
	FORM_BLOCK,
	FORM_BLOCK1,
	FORM_DATA1,
	FORM_STRP = 0x0e,
	FORM_UDATA,
	FORM_DATA16 = 0x1e,
	FORM_LINE_STRP,
};

struct value {
	struct view text;
	uint64_t number;
};

static struct view string_at(struct view section, uint64_t offset)
{
	struct view rest = view_slice(section, offset, section.size);
	struct reader r = { .start = rest.data, .at = rest.data, .end = rest.data + rest.size };
	return read_string(&r);
}

static struct value read_form(struct reader *r, const struct line_table *table, const struct line_strings *strings, uint64_t form)
{
	struct value value = { 0 };
	switch (form) {
	case FORM_STRING: value.text = read_string(r); break;
	case FORM_LINE_STRP: value.text = string_at(strings->line_str, read_fixed(r, table->offset_size)); break;
	case FORM_STRP: value.text = string_at(strings->str, read_fixed(r, table->offset_size)); break;
	case FORM_UDATA: value.number = read_leb(r, 64, false); break;
	case FORM_DATA1: value.number = read_byte(r); break;
	case FORM_DATA2: value.number = read_fixed(r, 2); break;
	case FORM_DATA4: value.number = read_fixed(r, 4); break;
	case FORM_DATA8: value.number = read_fixed(r, 8); break;
	case FORM_DATA16: read_bytes(r, 16); break;
	case FORM_BLOCK: read_bytes(r, read_leb(r, 64, false)); break;
	case FORM_BLOCK1: read_bytes(r, read_byte(r)); break;
	default: reader_fail(r, "unknown form"); break;
	}
	return value;
}

/* 6.2.4.1: a table says of what its entries consist. Reads it to its end; entry `number`, if there is one, into ret_. */
static bool read_entries(struct reader *r, const struct line_table *table, const struct line_strings *strings, uint64_t number,
	struct view *ret_path, uint64_t *ret_directory)
{
	uint8_t format_count = read_byte(r);
	struct reader formats = *r;
	for (uint32_t i = 0; i < 2u * format_count; i++)
		read_leb(r, 64, false);
	uint64_t count = read_leb(r, 64, false);
	bool found = false;
	for (uint64_t i = 0; i < count && format_count && !r->failure; i++) {
		struct reader format = formats;
		for (uint8_t f = 0; f < format_count; f++) {
			uint64_t content = read_leb(&format, 64, false);
			struct value value = read_form(r, table, strings, read_leb(&format, 64, false));
			if (i == number && content == CONTENT_PATH)
				*ret_path = value.text;
			if (i == number && content == CONTENT_DIRECTORY)
				*ret_directory = value.number;
		}
		found |= i == number;
	}
	return found && !r->failure;
}

/* Version 5: both are numbered from 0; directory 0 is the compiler's, and left out as it is in the other versions. */
static bool find_file_5(const struct line_table *table, const struct line_strings *strings, uint32_t number, struct line *ret_line)
{
	struct reader directories = table->entries, r = table->entries;
	uint64_t directory = 0, none;
	struct view unused;
	read_entries(&r, table, strings, UINT64_MAX, &unused, &none);
	if (!read_entries(&r, table, strings, number, &ret_line->file, &directory))
		return false;
	ret_line->folder = (struct view){ 0 };
	if (directory > 0)
		read_entries(&directories, table, strings, directory, &ret_line->folder, &none);
	return true;
}

bool line_table_file(const struct line_table *table, const struct line_strings *strings, uint32_t number, struct line *ret_line)
{
	return table->version >= 5 ? find_file_5(table, strings, number, ret_line) : find_file_4(table, number, ret_line);
}
