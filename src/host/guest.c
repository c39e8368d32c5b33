#include <errno.h>

#include "base/utf8.h"
#include "host/parts.h"

/* A copy, so that what the call writes cannot change it. Paths are UTF-8 without NUL. */
uint32_t read_path(struct host *h, struct call *call, struct guest_range range, int which, const char **ret_path)
{
	if (range.size >= sizeof h->path[which])
		return WASI_ENAMETOOLONG;
	char *path = h->path[which];
	memcpy(path, call->memory->base + range.at, range.size);
	path[range.size] = 0;
	if (memchr(path, 0, range.size))
		return WASI_EINVAL;
	if (!utf8_valid(view_of(path, range.size)))
		return WASI_EILSEQ;
	*ret_path = path;
	return 0;
}

/* As many as the kernel takes at once: to read or write less than asked is allowed. */
int read_vectors(struct host *h, const struct call *call, struct guest_range range)
{
	int max = sizeof h->vectors / sizeof *h->vectors;
	int count = range.size < (uint32_t)max ? (int)range.size : max;
	const uint8_t *at = call->memory->base + range.at;
	for (int i = 0; i < count; i++)
		h->vectors[i] = (struct iovec){ call->memory->base + load_u32(at + 8 * i), load_u32(at + 8 * i + 4) };
	return count;
}

void filled_vectors(struct host *h, struct call *call, int count, size_t size)
{
	for (int i = 0; i < count && size; i++) {
		size_t part = h->vectors[i].iov_len < size ? h->vectors[i].iov_len : size;
		guest_filled(call, (uint32_t)((uint8_t *)h->vectors[i].iov_base - call->memory->base), (uint32_t)part);
		size -= part;
	}
}
