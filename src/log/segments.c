#include "log/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/format.h"

const char *segment_name(uint32_t number, char name[SEGMENT_NAME])
{
	snprintf(name, SEGMENT_NAME, "%08u.log", number);
	return name;
}

static bool parse_name(const char *name, uint32_t *ret_number)
{
	char again[SEGMENT_NAME];
	unsigned long number = strtoul(name, NULL, 10);
	if (number > UINT32_MAX || strcmp(segment_name((uint32_t)number, again), name) != 0)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* Goes through all numbers from `from` on that are less than `limit`. */
static void find_numbers(DIR *dir, uint64_t from, uint64_t limit, uint32_t *ret_first, uint32_t *ret_last)
{
	struct dirent *entry;
	uint32_t number;
	*ret_first = UINT32_MAX;
	*ret_last = 0;
	while ((entry = readdir(dir))) {
		if (!parse_name(entry->d_name, &number) || number < from || number >= limit)
			continue;
		*ret_first = number < *ret_first ? number : *ret_first;
		*ret_last = number > *ret_last ? number : *ret_last;
	}
}

bool segments_find(int dir_fd, uint32_t *ret_first, uint32_t *ret_last)
{
	enum { MOST = 1 << 20 }; /* who put a file there with another number has readers look for all in between */
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint32_t first, last;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	find_numbers(dir, 0, UINT64_MAX, &first, &last);
	if (first <= last && last - first >= MOST) {
		rewinddir(dir);
		find_numbers(dir, first, (uint64_t)first + MOST, &first, &last);
	}
	closedir(dir);
	if (first > last)
		return false;
	*ret_first = first;
	*ret_last = last;
	return true;
}

void index_add(struct buf *index, const struct block_header *header, uint64_t offset)
{
	if (header->kind != BLOCK_RECORDS && header->kind != BLOCK_CHECKPOINT)
		return;
	uint64_t mark = header->kind == BLOCK_CHECKPOINT ? INDEX_CHECKPOINT : 0;
	struct index_entry entry = { offset | mark, header->first_number, header->record_count, header->first_ticks, header->last_ticks };
	buf_append(index, &entry, sizeof entry);
}

bool write_all(int fd, const void *data, size_t size, uint64_t offset)
{
	const uint8_t *at = data;
	while (size) {
		ssize_t part = pwrite(fd, at, size, (off_t)offset);
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0) {
			errno = part == 0 ? ENOSPC : errno;
			return false;
		}
		at += part;
		size -= (size_t)part;
		offset += (uint64_t)part;
	}
	return true;
}
