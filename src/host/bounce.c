/*
 * Reads whose bytes the guest may not see as the kernel leaves them.
 *
 * A record has as many bytes as a read says. What a kernel put behind those, or anywhere when it says that it failed, a replay would not
 * put there again: the guest would not be the same. So the kernel gets a buffer of ours, of which the guest has what was read. That is for:
 *
 * - files opened with O_DIRECT, as what we were started with may be: the device reads whole blocks, beyond the end of the file too, and
 *   some of many before one fails;
 * - datagrams: UDP is checked while it is copied, and one whose checksum is wrong is dropped then, with its bytes already there;
 * - sockets with TLS of the kernel's: records are decrypted into the buffer, and checked after.
 *
 * Others copy what they have, and count what they copied: files through the page cache, pipes, terminals, streams.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "host/parts.h"

enum {
	MOST = 1 << 26, /* at once: to read less than asked is allowed, and no datagram is as long */
	KEEP = 1 << 20,
	BLOCK = 1 << 12, /* what O_DIRECT wants addresses to be multiples of */
};

bool spills(int fd, const struct stat *stat)
{
	if (fd < 0)
		return false;
	if (S_ISSOCK(stat->st_mode)) {
		int type = 0;
		char above[16] = { 0 };
		socklen_t type_size = sizeof type, above_size = sizeof above;
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 || type == SOCK_DGRAM)
			return true;
		return getsockopt(fd, IPPROTO_TCP, TCP_ULP, above, &above_size) == 0 && above[0];
	}
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & O_DIRECT);
}

static bool make_buffer(struct host *h, size_t size)
{
	if (size <= h->bounce_size)
		return true;
	size = (size + BLOCK - 1) & ~(size_t)(BLOCK - 1);
	void *buffer = aligned_alloc(BLOCK, size);
	if (!buffer)
		return false;
	free(h->bounce);
	h->bounce = buffer;
	h->bounce_size = size;
	return true;
}

uint32_t bounce_vectors(struct host *h, const struct descriptor *d, int *count)
{
	return d->spills ? bounce_all(h, count) : 0;
}

uint32_t bounce_all(struct host *h, int *count)
{
	size_t size = 0;
	if (*count == 0)
		return 0;
	for (int i = 0; i < *count && size < MOST; i++)
		size += h->vectors[i].iov_len;
	size = size < MOST ? size : MOST;
	if (!make_buffer(h, size))
		return WASI_ENOMEM;
	memcpy(h->bounced, h->vectors, (size_t)*count * sizeof *h->vectors);
	h->bounced_count = *count;
	h->vectors[0] = (struct iovec){ h->bounce, size };
	*count = 1;
	return 0;
}

/* What was read goes where the guest wanted it. */
void fill_bounced(struct host *h, struct call *call, size_t size)
{
	const uint8_t *from = h->bounce;
	for (int i = 0; i < h->bounced_count && size; i++) {
		const struct iovec *to = &h->bounced[i];
		size_t part = to->iov_len < size ? to->iov_len : size;
		memcpy(to->iov_base, from, part);
		guest_filled(call, (uint32_t)((uint8_t *)to->iov_base - call->memory->base), (uint32_t)part);
		from += part;
		size -= part;
	}
	if (h->bounce_size > KEEP) {
		free(h->bounce);
		h->bounce = NULL;
		h->bounce_size = 0;
	}
}
