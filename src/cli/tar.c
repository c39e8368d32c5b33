#include "cli/tar.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 512 };

/* The header block: numbers are octal text (POSIX, pax, "ustar Interchange Format"). */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], check[8], type, link[100], magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a block");

enum { MAX_SIZE_BITS = 33 };

static void put_octal(char *field, size_t size, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%0*llo", (int)size - 1, (unsigned long long)value);
	memcpy(field, text, size);
}

/* The sum of all bytes, with the sum's own taken for spaces. */
static void put_check(struct header *header)
{
	unsigned sum = 0;
	memset(header->check, ' ', sizeof header->check);
	for (size_t i = 0; i < sizeof *header; i++)
		sum += ((const uint8_t *)header)[i];
	put_octal(header->check, sizeof header->check - 1, sum);
}

enum err tar_add(struct output *output, const char *name, struct view content, unsigned mode, uint64_t mtime)
{
	static const char zeros[BLOCK];
	struct header header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
	if (strlen(name) > sizeof header.name || content.size >> MAX_SIZE_BITS)
		return err_set(ERR_LIMIT, "%s is too large for an archive", name);
	memcpy(header.name, name, strlen(name));
	put_octal(header.mode, sizeof header.mode, mode);
	put_octal(header.uid, sizeof header.uid, 0);
	put_octal(header.gid, sizeof header.gid, 0);
	put_octal(header.size, sizeof header.size, content.size);
	put_octal(header.mtime, sizeof header.mtime, mtime);
	put_check(&header);
	buf_append(&output->pending, &header, sizeof header);
	buf_append(&output->pending, content.data, content.size);
	buf_append(&output->pending, zeros, (BLOCK - content.size % BLOCK) % BLOCK);
	return output_end(output);
}

enum err tar_end(struct output *output)
{
	static const char zeros[2 * BLOCK];
	buf_append(&output->pending, zeros, sizeof zeros);
	return output_end(output);
}
