#include "log/segments.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

bool segments_find(int dir_fd, uint32_t *ret_first, uint32_t *ret_last)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint32_t first = UINT32_MAX, last = 0, number;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((entry = readdir(dir))) {
		if (!parse_name(entry->d_name, &number))
			continue;
		first = number < first ? number : first;
		last = number > last ? number : last;
	}
	closedir(dir);
	if (first > last)
		return false;
	*ret_first = first;
	*ret_last = last;
	return true;
}
