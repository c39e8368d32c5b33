/* The segments that a reader goes through. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/reader_parts.h"

bool segment_read_footer(int segment_fd, struct footer *ret_footer)
{
	struct {
		struct block_header header;
		struct footer footer;
	} end;
	struct stat stat;
	if (fstat(segment_fd, &stat) != 0 || stat.st_size < (off_t)sizeof end ||
		!read_at(segment_fd, &end, sizeof end, (uint64_t)stat.st_size - sizeof end))
		return false;
	if (end.header.magic != BLOCK_MAGIC || end.header.kind != BLOCK_FOOTER || end.header.stored_size != sizeof end.footer ||
		end.header.check != checksum(&end.header, offsetof(struct block_header, check)) ||
		end.header.stored_check != checksum(&end.footer, sizeof end.footer))
		return false;
	*ret_footer = end.footer;
	return true;
}

bool segment_read_header(int segment_fd, struct segment_header *ret_header)
{
	return read_at(segment_fd, ret_header, sizeof *ret_header, 0) &&
		memcmp(ret_header->magic, LOG_MAGIC, sizeof ret_header->magic) == 0 &&
		ret_header->check == checksum(ret_header, offsetof(struct segment_header, check));
}

static enum err header_wrong(int fd, const char *name, uint32_t number)
{
	struct segment_header header;
	ssize_t size = pread(fd, &header, sizeof header, 0);
	if (size != sizeof header)
		return err_set(ERR_DAMAGED, "%s is cut off in its header, at offset %zd", name, size < 0 ? 0 : size);
	if (memcmp(header.magic, LOG_MAGIC, sizeof header.magic) != 0) {
		if (memcmp(header.magic, LOG_MAGIC, sizeof "timecraft log" - 1) == 0)
			return err_set(ERR_UNSUPPORTED, "%s is of a version of the format that this timecraft does not read", name);
		return err_set(ERR_DAMAGED, "%s is no recording: it does not begin as one", name);
	}
	if (header.check == checksum(&header, offsetof(struct segment_header, check)) && header.segment != number)
		return err_set(ERR_DAMAGED, "%s is another segment: number %u", name, header.segment);
	return err_set(ERR_DAMAGED, "%s is damaged in its header", name);
}

enum err segment_open(struct log_reader *r, uint32_t number)
{
	char name[SEGMENT_NAME];
	struct segment_header header;
	int fd = openat(r->dir_fd, segment_name(number, name), O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ERR_END;
	if (fd < 0)
		return err_set_errno(errno, "cannot read the recording's log");
	if (!segment_read_header(fd, &header) || header.segment != number) {
		enum err err = header_wrong(fd, name, number);
		close(fd);
		return err;
	}
	if (r->segment_fd >= 0)
		close(r->segment_fd);
	r->segment_fd = fd;
	r->segment = number;
	r->header = header;
	r->tick_scale = header.tick_scale;
	r->repeats = header.flags & SEGMENT_REPEATS;
	r->continues = false;
	r->offset = r->looked = sizeof header;
	r->next_anchor = header.anchor; /* which becomes that of the first block */
	memset(r->places, 0, sizeof r->places);
	memcpy(r->name, name, sizeof r->name);
	return ERR_NONE;
}
