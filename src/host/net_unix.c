/*
 * From a guest's address to the one that the kernel is given: names of Unix sockets are paths, and reach no further than other paths do.
 *
 * A path begins at the preopened directory whose name is the longest part of it, as libraries of WASI take it; what is behind is resolved
 * below that directory, and then named to the kernel by a descriptor, so that it is what was looked at.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "host/parts.h"

/* Without what says only where it begins. */
static const char *stripped(const char *path)
{
	for (;;) {
		if (path[0] == '/')
			path++;
		else if (path[0] == '.' && (path[1] == '/' || path[1] == 0))
			path++;
		else
			return path;
	}
}

/* What of `path` is below a directory of this name; NULL if it is not. */
static const char *below(const char *name, const char *path, size_t *ret_length)
{
	name = stripped(name);
	size_t length = strlen(name);
	while (length && name[length - 1] == '/')
		length--;
	*ret_length = length;
	if (strncmp(name, path, length) != 0 || (length && path[length] && path[length] != '/'))
		return NULL;
	return stripped(path + length);
}

static const struct descriptor *find_preopen(const struct host *h, const char *path, const char **ret_rest)
{
	const struct descriptor *found = NULL;
	size_t longest = 0, length;
	path = stripped(path);
	for (uint32_t i = 0; i < h->count; i++) {
		const struct descriptor *d = &h->table[i];
		const char *rest = d->fd >= 0 && d->preopen ? below(d->name, path, &length) : NULL;
		if (!rest || (found && length <= longest))
			continue;
		found = d;
		longest = length;
		*ret_rest = rest;
	}
	return found;
}

static uint32_t name_descriptor(int fd, const char *name, struct host_address *ret)
{
	struct sockaddr_un *un = &ret->host.un;
	int size = snprintf(un->sun_path, sizeof un->sun_path, "/proc/self/fd/%d%s%s", fd, name ? "/" : "", name ? name : "");
	if (size < 0 || (size_t)size >= sizeof un->sun_path) {
		close(fd);
		return WASI_ENAMETOOLONG;
	}
	ret->fd = fd;
	ret->size = (socklen_t)sizeof *un;
	return 0;
}

/* Where a socket is to be made. */
static uint32_t place_to_bind(struct host *h, const struct descriptor *dir, const char *path, struct host_address *ret)
{
	struct place place;
	uint32_t error = resolve_place(h, dir, path, &place);
	if (error)
		return error;
	if (strchr(place.name, '/') || strcmp(place.name, ".") == 0 || strcmp(place.name, "..") == 0)
		error = WASI_EINVAL;
	if (!error)
		error = guard_place(h, &place);
	if (error) {
		place_finish(&place);
		return error;
	}
	return name_descriptor(place.dir, place.name, ret);
}

static uint32_t socket_to_dial(struct host *h, const struct descriptor *dir, const char *path, struct host_address *ret)
{
	struct stat stat;
	int fd = resolve(dir, path, O_PATH, 0);
	if (fd < 0)
		return fd == -EXDEV ? WASI_ENOTCAPABLE : errno_of(-fd);
	uint32_t error = guard_opened(h, fd, O_RDWR);
	if (!error && (fstat(fd, &stat) != 0 || !S_ISSOCK(stat.st_mode)))
		error = WASI_ECONNREFUSED;
	if (error) {
		close(fd);
		return error;
	}
	return name_descriptor(fd, NULL, ret);
}

static uint32_t unix_to_host(struct host *h, const struct net_address *address, bool dials, struct host_address *ret)
{
	char path[NET_ADDRESS_MAX + 1];
	const char *rest;
	ret->host.un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (address->size == 0 || (address->size == 1 && address->bytes[0] == 0))
		return WASI_EINVAL;
	if (address->bytes[0] == 0) {
		if (h->options.net_restricted)
			return WASI_EACCES;
		memcpy(ret->host.un.sun_path, address->bytes, address->size);
		ret->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + address->size);
		return 0;
	}
	memcpy(path, address->bytes, address->size);
	path[address->size] = 0;
	const struct descriptor *dir = find_preopen(h, path, &rest);
	if (!dir)
		return WASI_ENOENT;
	if (dir->read_only)
		return WASI_EROFS;
	return dials ? socket_to_dial(h, dir, rest, ret) : place_to_bind(h, dir, rest, ret);
}

uint32_t host_address_of(struct host *h, const struct net_address *address, bool dials, struct host_address *ret_address)
{
	ret_address->fd = -1;
	if (address->family == NET_UNIX)
		return unix_to_host(h, address, dials, ret_address);
	uint32_t error = address_to_host(address, &ret_address->host, &ret_address->size);
	return error ? error : net_check(h, &ret_address->host, ret_address->size, dials);
}

void host_address_finish(struct host_address *address)
{
	if (address->fd >= 0)
		close(address->fd);
}

/* Paths of the host are not the guest's: one of its own sockets it knows by its own name, others by none. */
void unix_seen(const struct host *h, struct net_address *address)
{
	union sockaddr_any host;
	if (address->family != NET_UNIX || address->size == 0 || address->bytes[0] == 0)
		return;
	for (uint32_t i = 0; i < h->count; i++) {
		const struct descriptor *d = &h->table[i];
		socklen_t size = sizeof host;
		if (d->fd < 0 || !d->socket || d->socket->family != NET_UNIX || getsockname(d->fd, &host.any, &size) != 0)
			continue;
		struct net_address known = address_of_host(&host, size);
		if (net_address_equal(&known, address)) {
			*address = address_local(d);
			return;
		}
	}
	*address = (struct net_address){ .family = NET_UNIX };
}
