/* fd_readdir: the kernel's entries, in preview 1's form. A cookie is the kernel's own offset of the next entry. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/parts.h"

struct kernel_entry {
	uint64_t ino;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

static uint8_t type_of(uint8_t kernel_type)
{
	enum { FIFO = 1, CHR = 2, DIR = 4, BLK = 6, REG = 8, LNK = 10, SOCK = 12 }; /* DT_... */
	switch (kernel_type) {
	case CHR: return WASI_filetype_CHARACTER_DEVICE;
	case DIR: return WASI_filetype_DIRECTORY;
	case BLK: return WASI_filetype_BLOCK_DEVICE;
	case REG: return WASI_filetype_REGULAR_FILE;
	case LNK: return WASI_filetype_SYMBOLIC_LINK;
	case SOCK: return WASI_filetype_SOCKET_STREAM;
	default: return WASI_filetype_UNKNOWN;
	}
}

/* Appends an entry, cut where the guest's buffer ends. False when the buffer is full. */
static bool put_entry(struct buf *out, size_t max, const struct kernel_entry *entry)
{
	uint8_t head[24] = { 0 };
	uint64_t next = (uint64_t)entry->next;
	uint32_t length = (uint32_t)strlen(entry->name);
	memcpy(head, &next, 8);
	memcpy(head + 8, &entry->ino, 8);
	memcpy(head + 16, &length, 4);
	head[20] = type_of(entry->type);
	size_t left = max - out->size;
	buf_append(out, head, left < sizeof head ? left : sizeof head);
	left = max - out->size;
	buf_append(out, entry->name, left < length ? left : length);
	return out->size < max && !out->failed;
}

uint32_t host_fd_readdir(struct host *h, struct call *call, const struct fd_readdir_args *a)
{
	_Alignas(8) char entries[32768];
	struct descriptor *d;
	struct buf *out = &h->scratch;
	uint32_t error = descriptor_get(h, a->fd, WASI_rights_FD_READDIR, &d);
	if (error)
		return error;
	buf_clear(out);
	if (a->cookie != d->dir_offset || a->cookie == 0) {
		if (lseek(d->fd, (off_t)a->cookie, SEEK_SET) < 0)
			return errno_of(errno);
		d->dir_offset = a->cookie;
	}
	bool room = a->buf.size > 0;
	while (room) {
		size_t want = a->buf.size - out->size + 512;
		long size = syscall(SYS_getdents64, d->fd, entries, want < sizeof entries ? want : sizeof entries);
		if (size < 0)
			return errno_of(errno);
		if (size == 0)
			break;
		for (long at = 0; at < size && room; at += ((struct kernel_entry *)(entries + at))->size) {
			const struct kernel_entry *entry = (const struct kernel_entry *)(entries + at);
			room = put_entry(out, a->buf.size, entry);
			d->dir_offset = (uint64_t)entry->next;
		}
		if (!room)
			d->dir_offset = UINT64_MAX; /* the kernel is further than the guest */
	}
	if (out->failed)
		return WASI_ENOMEM;
	if (!guest_write(call, a->buf.at, out->data, (uint32_t)out->size) || !guest_write_u32(call, a->bufused, (uint32_t)out->size))
		return WASI_EFAULT;
	return 0;
}
