#include "log/fill.h"

#include <stddef.h>

static log_filler *fill;
static void *fill_data;

void log_fill_with(log_filler *filler, void *data)
{
	fill = filler;
	fill_data = data;
}

void log_fill(int fd, uint64_t offset, uint64_t size)
{
	if (fill)
		fill(fill_data, fd, offset, size);
}
