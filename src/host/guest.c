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

/* As many as the kernel takes at once: to read or write less than asked is allowed. Empty ones are left out: where they were all, 0 would
 * say that a file has ended. */
int read_vectors(struct host *h, const struct call *call, struct guest_range range)
{
	int max = sizeof h->vectors / sizeof *h->vectors, count = 0;
	h->bounced_count = 0;
	const uint8_t *at = call->memory->base + range.at;
	for (uint32_t i = 0; i < range.size && count < max; i++, at += 8) {
		uint32_t size = load_u32(at + 4);
		if (size)
			h->vectors[count++] = (struct iovec){ call->memory->base + load_u32(at), size };
	}
	return count;
}

void filled_vectors(struct host *h, struct call *call, int count, size_t size)
{
	if (h->bounced_count) {
		fill_bounced(h, call, size);
		return;
	}
	for (int i = 0; i < count && size; i++) {
		size_t part = h->vectors[i].iov_len < size ? h->vectors[i].iov_len : size;
		guest_filled(call, (uint32_t)((uint8_t *)h->vectors[i].iov_base - call->memory->base), (uint32_t)part);
		size -= part;
	}
}
