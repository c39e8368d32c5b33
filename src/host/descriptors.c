#include "host/parts.h"

#include <stdlib.h>
#include <unistd.h>

uint32_t descriptor_get(struct host *h, uint32_t fd, uint64_t rights, struct descriptor **ret_descriptor)
{
	if (fd >= h->count || h->table[fd].fd < 0)
		return WASI_EBADF;
	if ((h->table[fd].rights & rights) != rights)
		return WASI_ENOTCAPABLE;
	*ret_descriptor = &h->table[fd];
	return 0;
}

/* The lowest number that is free. What the guest starts with is numbered in order: 0 to 2 are stdio's, even where that was closed. */
static uint32_t free_number(struct host *h)
{
	if (h->starting)
		return h->count;
	for (uint32_t i = 0; i < h->count; i++) {
		if (h->table[i].fd < 0)
			return i;
	}
	return h->count;
}

static bool make_room(struct host *h)
{
	if (h->count < h->capacity)
		return true;
	uint32_t capacity = h->capacity ? h->capacity * 2 : 16;
	struct descriptor *table = realloc(h->table, capacity * sizeof *table);
	if (!table)
		return false;
	h->table = table;
	h->capacity = capacity;
	return true;
}

uint32_t descriptor_add(struct host *h, const struct descriptor *descriptor, uint32_t *ret_fd)
{
	uint32_t number = free_number(h);
	if (number >= MAX_DESCRIPTORS || (number == h->count && !make_room(h))) {
		struct descriptor dropped = *descriptor;
		descriptor_close(&dropped);
		return number >= MAX_DESCRIPTORS ? WASI_EMFILE : WASI_ENOMEM;
	}
	if (number == h->count)
		h->count++;
	h->table[number] = *descriptor;
	*ret_fd = number;
	return 0;
}

void descriptor_close(struct descriptor *descriptor)
{
	if (descriptor->socket)
		tls_destroy(descriptor->socket->tls); /* while the socket is there to say goodbye */
	if (descriptor->fd >= 0 && !descriptor->inherited)
		close(descriptor->fd);
	free(descriptor->name);
	free(descriptor->socket);
	*descriptor = (struct descriptor){ .fd = -1 };
}

enum {
	RIGHTS_SEEK = WASI_rights_FD_SEEK | WASI_rights_FD_TELL,
	RIGHTS_DATA = WASI_rights_FD_READ | WASI_rights_FD_WRITE,
	RIGHTS_PATHS = WASI_rights_PATH_CREATE_DIRECTORY | WASI_rights_PATH_CREATE_FILE | WASI_rights_PATH_LINK_SOURCE |
		WASI_rights_PATH_LINK_TARGET | WASI_rights_PATH_OPEN | WASI_rights_FD_READDIR | WASI_rights_PATH_READLINK |
		WASI_rights_PATH_RENAME_SOURCE | WASI_rights_PATH_RENAME_TARGET | WASI_rights_PATH_FILESTAT_GET |
		WASI_rights_PATH_FILESTAT_SET_SIZE | WASI_rights_PATH_FILESTAT_SET_TIMES | WASI_rights_PATH_SYMLINK |
		WASI_rights_PATH_REMOVE_DIRECTORY | WASI_rights_PATH_UNLINK_FILE,
	RIGHTS_SOCKET = WASI_rights_SOCK_SHUTDOWN | WASI_rights_SOCK_ACCEPT,
};

/* Rights that make no sense for a type of file are dropped. Libraries tell a terminal by a character device that cannot seek, so that other
 * devices keep that right: /dev/null is no terminal. */
void descriptor_describe(struct descriptor *d, const struct stat *stat)
{
	d->filetype = filetype_of(d->fd, stat);
	d->waits = !S_ISREG(stat->st_mode) && !S_ISDIR(stat->st_mode) && !S_ISBLK(stat->st_mode);
	d->spills = spills(d->fd, stat);
	if (S_ISREG(stat->st_mode) || S_ISBLK(stat->st_mode))
		d->rights &= ~(uint64_t)(RIGHTS_PATHS | RIGHTS_SOCKET);
	else if (S_ISDIR(stat->st_mode)) /* as standard input it is a mistake, and gives the guest no paths */
		d->rights &= ~(uint64_t)(RIGHTS_DATA | RIGHTS_SEEK | RIGHTS_SOCKET | (d->inherited ? RIGHTS_PATHS : 0));
	else if (S_ISSOCK(stat->st_mode))
		d->rights &= ~(uint64_t)(RIGHTS_PATHS | RIGHTS_SEEK);
	else if (S_ISCHR(stat->st_mode) && !isatty(d->fd))
		d->rights &= ~(uint64_t)(RIGHTS_PATHS | RIGHTS_SOCKET);
	else
		d->rights &= ~(uint64_t)(RIGHTS_PATHS | RIGHTS_SEEK | RIGHTS_SOCKET);
	if (!S_ISDIR(stat->st_mode))
		d->inheriting = 0;
}
