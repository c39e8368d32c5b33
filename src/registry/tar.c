#include "registry/tar.h"

#include <inttypes.h>
#include <stdio.h>

/* Numbers are octal text (POSIX, pax, "ustar Interchange Format"). */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], check[8], type, link[100], magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK, "a block");

enum { SIZE_BITS = 33, MODE = 0600 };

static void put_octal(char *field, size_t size, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%0*" PRIo64, (int)size - 1, value);
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

static void put_header(const char *name, char type, uint64_t size, uint64_t mtime, struct buf *out)
{
	struct header header = { .type = type, .magic = "ustar", .version = { '0', '0' } };
	memcpy(header.name, name, strlen(name));
	put_octal(header.mode, sizeof header.mode, MODE);
	put_octal(header.uid, sizeof header.uid, 0);
	put_octal(header.gid, sizeof header.gid, 0);
	put_octal(header.size, sizeof header.size, size);
	put_octal(header.mtime, sizeof header.mtime, mtime);
	put_check(&header);
	buf_append(out, &header, sizeof header);
}

/* The length of such a record counts its own digits. */
static void put_extended(const char *name, uint64_t size, uint64_t mtime, struct buf *out)
{
	char path[100], record[TAR_BLOCK] = { 0 };
	const char *slash = strrchr(name, '/');
	int length = snprintf(record, sizeof record, "00 size=%" PRIu64 "\n", size);
	snprintf(record, sizeof record, "%d size=%" PRIu64 "\n", length, size);
	snprintf(path, sizeof path, "%.*ssize", slash ? (int)(slash - name) + 1 : 0, name);
	put_header(path, 'x', (uint64_t)length, mtime, out);
	buf_append(out, record, sizeof record);
}

enum err tar_header(const char *name, uint64_t size, uint64_t mtime, struct buf *out)
{
	bool large = size >> SIZE_BITS;
	if (strlen(name) > sizeof((struct header *)0)->name)
		return err_set(ERR_LIMIT, "the name %s is too long for an archive", name);
	if (large)
		put_extended(name, size, mtime, out);
	put_header(name, '0', large ? 0 : size, mtime, out);
	return buf_status(out);
}
