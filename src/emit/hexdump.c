#include "emit/hexdump.h"

enum { COLUMNS = 16, TEXT_AT = 60, ROW = TEXT_AT + 1 + COLUMNS + 2 };

static const char digits[] = "0123456789abcdef";

/* A row of up to 16 bytes, without the offset before it; returns its size. */
static size_t put_row(char *row, struct view bytes)
{
	memset(row, ' ', TEXT_AT);
	row[TEXT_AT] = '|';
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t byte = bytes.data[i];
		char *hex = row + 10 + 3 * i + (i >= COLUMNS / 2);
		hex[0] = digits[byte >> 4];
		hex[1] = digits[byte & 15];
		row[TEXT_AT + 1 + i] = (char)(byte >= ' ' && byte <= '~' ? byte : '.');
	}
	row[TEXT_AT + 1 + bytes.size] = '|';
	row[TEXT_AT + 2 + bytes.size] = '\n';
	return TEXT_AT + 3 + bytes.size;
}

void hexdump_print(struct buf *out, uint64_t offset, struct view bytes)
{
	char row[ROW + 1];
	for (size_t at = 0; at < bytes.size; at += COLUMNS) {
		uint64_t number = offset + at;
		int width = number >> 32 ? 16 : 8;
		size_t size = put_row(row, view_slice(bytes, at, COLUMNS));
		for (int i = 0; i < 8; i++)
			row[i] = digits[number >> (28 - 4 * i) & 15];
		if (width > 8)
			buf_printf(out, "%llx", (unsigned long long)(number >> 32));
		buf_append(out, row, size);
	}
}
