/* Addresses of sockets: the guest's bytes, the kernel's, and ours between them. */
#include "host/parts.h"

/*
 * A guest's own addresses in the sandbox's network: what it dials comes from there, on every run the same. 172.16.0.0, and fd00::ac10:0
 * which is the same one among those of IPv6.
 */
static const struct net_address own_addresses[] = {
	[NET_INET4] = { .family = NET_INET4, .size = 4, .bytes = { 172, 16, 0, 0 } },
	[NET_INET6] = { .family = NET_INET6, .size = 16, .bytes = { 0xfd, [12] = 172, 16, 0, 0 } },
};

void socket_place(struct host *h, struct net_socket *socket)
{
	enum { FIRST = 49152 };
	if (socket->local.family != NET_UNSPEC || socket->bound || socket->family > NET_INET6)
		return;
	socket->local = own_addresses[socket->family];
	if (h->next_port < FIRST)
		h->next_port = FIRST;
	socket->local.port = h->next_port++;
}

uint32_t address_read(const struct call *call, uint32_t at, uint32_t port, struct net_address *ret_address)
{
	const uint8_t *words = call->memory->base + at;
	uint32_t size = load_u32(words + 4);
	if (size != 4 && size != 16 && size != ADDRESS_BYTES_MAX)
		return WASI_EINVAL;
	if (!net_address_of(view_of(call->memory->base + load_u32(words), size), ret_address))
		return WASI_EINVAL;
	if (ret_address->family != NET_UNIX)
		ret_address->port = (uint16_t)port;
	return 0;
}

uint32_t address_room(const struct call *call, uint32_t at, struct guest_range *ret_room)
{
	const uint8_t *words = call->memory->base + at;
	struct guest_range room = { load_u32(words), load_u32(words + 4) };
	if (room.size != 4 && room.size != 16 && room.size != ADDRESS_BYTES_MAX)
		return WASI_EINVAL;
	*ret_room = room;
	return 0;
}

/* Of 4 and 16 bytes the address alone; of 128 its family before it, and a NUL behind a path. */
uint32_t address_write(struct call *call, struct guest_range room, const struct net_address *address)
{
	uint8_t bytes[ADDRESS_BYTES_MAX] = { address->family };
	memcpy(bytes + 2, address->bytes, address->size);
	uint32_t size = address->size + (address->family == NET_UNIX && address->size < NET_ADDRESS_MAX);
	if (room.size == ADDRESS_BYTES_MAX)
		return guest_write(call, room.at, bytes, 2 + size) ? 0 : WASI_EFAULT;
	if (address->family == NET_UNIX || address->size > room.size)
		return WASI_EINVAL;
	return guest_write(call, room.at, bytes + 2, address->size) ? 0 : WASI_EFAULT;
}

/* The guest's own addresses stand for any of the host's. */
uint32_t address_to_host(const struct net_address *address, union sockaddr_any *ret_host, socklen_t *ret_size)
{
	union sockaddr_any host = { .any.sa_family = AF_UNSPEC };
	bool own = address->family <= NET_INET6 && memcmp(address->bytes, own_addresses[address->family].bytes, 16) == 0;
	switch (address->family) {
	case NET_INET4:
		host.in4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(address->port) };
		if (!own)
			memcpy(&host.in4.sin_addr, address->bytes, 4);
		*ret_size = sizeof host.in4;
		break;
	case NET_INET6:
		host.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
		if (!own)
			memcpy(&host.in6.sin6_addr, address->bytes, 16);
		*ret_size = sizeof host.in6;
		break;
	default: return WASI_EAFNOSUPPORT;
	}
	*ret_host = host;
	return 0;
}

struct net_address address_of_host(const union sockaddr_any *host, socklen_t size)
{
	struct net_address address = { 0 };
	socklen_t path = size > offsetof(struct sockaddr_un, sun_path) ? size - (socklen_t)offsetof(struct sockaddr_un, sun_path) : 0;
	if (size < sizeof host->any.sa_family)
		return address;
	switch (host->any.sa_family) {
	case AF_INET:
		address = (struct net_address){ .family = NET_INET4, .size = 4, .port = ntohs(host->in4.sin_port) };
		memcpy(address.bytes, &host->in4.sin_addr, 4);
		break;
	case AF_INET6:
		address = (struct net_address){ .family = NET_INET6, .size = 16, .port = ntohs(host->in6.sin6_port) };
		memcpy(address.bytes, &host->in6.sin6_addr, 16);
		break;
	case AF_UNIX:
		path = path < NET_ADDRESS_MAX ? path : NET_ADDRESS_MAX;
		if (path && host->un.sun_path[0]) /* the kernel counts the NUL; an abstract name has none */
			path = (socklen_t)strnlen(host->un.sun_path, path);
		address = (struct net_address){ .family = NET_UNIX, .size = (uint8_t)path };
		memcpy(address.bytes, host->un.sun_path, path);
		break;
	default: break;
	}
	return address;
}

struct net_address address_local(const struct descriptor *d)
{
	union sockaddr_any host;
	socklen_t size = sizeof host;
	if (d->socket && d->socket->local.family != NET_UNSPEC)
		return d->socket->local;
	if (getsockname(d->fd, &host.any, &size) != 0)
		return (struct net_address){ 0 };
	return address_of_host(&host, size);
}

struct net_address address_peer(const struct descriptor *d)
{
	union sockaddr_any host;
	socklen_t size = sizeof host;
	if (d->socket && d->socket->peer.family != NET_UNSPEC)
		return d->socket->peer;
	if (getpeername(d->fd, &host.any, &size) != 0)
		return (struct net_address){ 0 };
	return address_of_host(&host, size);
}

/* What a socket says of either end: `type` NULL leaves out what version 1 has beside the port. */
static uint32_t tell_address(struct call *call, const struct net_address *address, uint32_t at, const uint32_t *type, uint32_t port)
{
	struct guest_range room;
	uint32_t error = address_room(call, at, &room);
	if (!error)
		error = address_write(call, room, address);
	if (error)
		return error;
	uint32_t addrtype = address->family == NET_INET6 ? 6 : 4;
	bool written = (!type || guest_write_u32(call, *type, addrtype)) && guest_write_u32(call, port, address->port);
	return written ? 0 : WASI_EFAULT;
}

static uint32_t tell_local(struct host *h, struct call *call, uint32_t fd, uint32_t at, const uint32_t *type, uint32_t port)
{
	struct descriptor *d;
	uint32_t error = socket_get(h, fd, 0, &d);
	if (error)
		return error;
	struct net_address address = address_local(d);
	return address.family == NET_UNSPEC ? WASI_ENOTSUP : tell_address(call, &address, at, type, port);
}

static uint32_t tell_peer(struct host *h, struct call *call, uint32_t fd, uint32_t at, const uint32_t *type, uint32_t port)
{
	union sockaddr_any host;
	socklen_t size = sizeof host;
	struct descriptor *d;
	uint32_t error = socket_get(h, fd, 0, &d);
	if (error)
		return error;
	if (getpeername(d->fd, &host.any, &size) != 0) /* asked for its sake: a dialled one may not be connected yet, or any more */
		return WASI_ENOTCONN;
	struct net_address address = address_peer(d);
	return tell_address(call, &address, at, type, port);
}

uint32_t host_sock_getlocaladdr(struct host *h, struct call *call, const struct sock_getlocaladdr_args *a)
{
	return tell_local(h, call, a->fd, a->addr, NULL, a->port);
}

uint32_t host_v1_sock_getlocaladdr(struct host *h, struct call *call, const struct v1_sock_getlocaladdr_args *a)
{
	return tell_local(h, call, a->fd, a->addr, &a->addrtype, a->port);
}

uint32_t host_sock_getpeeraddr(struct host *h, struct call *call, const struct sock_getpeeraddr_args *a)
{
	return tell_peer(h, call, a->fd, a->addr, NULL, a->port);
}

uint32_t host_v1_sock_getpeeraddr(struct host *h, struct call *call, const struct v1_sock_getpeeraddr_args *a)
{
	return tell_peer(h, call, a->fd, a->addr, &a->addrtype, a->port);
}
