/*
 * Sockets by version 1 of the extension: sock_accept without flags, addresses with their type, datagrams without a port. Both ends are
 * here, over loopback: TCP that blocks and that does not, UDP, options, and a connection that is refused.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

struct address {
	const void *bytes;
	uint32_t size;
};

IMPORT(sock_open) uint32_t sock_open(uint32_t family, uint32_t type, uint32_t *fd);
IMPORT(sock_bind) uint32_t sock_bind(uint32_t fd, const struct address *address, uint32_t port);
IMPORT(sock_listen) uint32_t sock_listen(uint32_t fd, uint32_t backlog);
IMPORT(sock_accept) uint32_t accept_v1(uint32_t fd, uint32_t *accepted);
IMPORT(sock_connect) uint32_t sock_connect(uint32_t fd, const struct address *address, uint32_t port);
IMPORT(sock_getlocaladdr) uint32_t local_v1(uint32_t fd, const struct address *address, uint32_t *type, uint32_t *port);
IMPORT(sock_getpeeraddr) uint32_t peer_v1(uint32_t fd, const struct address *address, uint32_t *type, uint32_t *port);
IMPORT(sock_send_to)
uint32_t send_to(uint32_t fd, const __wasi_ciovec_t *iovs, uint32_t count, const struct address *to, uint32_t port, uint32_t flags,
	uint32_t *sent);
IMPORT(sock_recv_from)
uint32_t receive_v1(uint32_t fd, const __wasi_iovec_t *iovs, uint32_t count, const struct address *from, uint32_t flags, uint32_t *received,
	uint16_t *roflags);
IMPORT(sock_getsockopt) uint32_t get_option(uint32_t fd, uint32_t level, uint32_t name, void *value, uint32_t *size);
IMPORT(sock_getaddrinfo)
uint32_t resolve(const char *node, uint32_t node_size, const char *service, uint32_t service_size, const void *hints, void *results,
	uint32_t max, uint32_t *count);

static const uint8_t loopback[4] = { 127, 0, 0, 1 };
static const struct address here = { loopback, sizeof loopback };
enum { INET4 = 1, DATAGRAM = 1, STREAM = 2 };

static uint32_t number(uint32_t error, uint32_t value, const char *what)
{
	if (error) {
		printf("%s: errno %u\n", what, error);
		exit(1);
	}
	return value;
}

static uint32_t open_socket(uint32_t type)
{
	uint32_t fd;
	return number(sock_open(INET4, type, &fd), 0, "sock_open") + fd;
}

static uint32_t port_of(uint32_t fd, uint8_t bytes[16])
{
	struct address address = { bytes, 16 };
	uint32_t type, port;
	number(local_v1(fd, &address, &type, &port), 0, "sock_getlocaladdr");
	printf("addrtype %u\n", type);
	return port;
}

static void streams(void)
{
	uint8_t bytes[16];
	uint32_t listener = open_socket(STREAM), client = open_socket(STREAM), server, type, peer_port;
	number(sock_bind(listener, &here, 0), 0, "sock_bind");
	number(sock_listen(listener, 4), 0, "sock_listen");
	uint32_t port = port_of(listener, bytes);
	number(sock_connect(client, &here, port), 0, "sock_connect");
	number(accept_v1(listener, &server), 0, "sock_accept");
	printf("own port %u\n", port_of(client, bytes));
	printf("own address %u.%u.%u.%u\n", bytes[0], bytes[1], bytes[2], bytes[3]);
	struct address peer = { bytes, 16 };
	number(peer_v1(client, &peer, &type, &peer_port), 0, "sock_getpeeraddr");
	printf("peer is the listener: %d\n", peer_port == port);
	write((int)client, "ping", 4);
	char text[16] = "";
	printf("%zd %s\n", read((int)server, text, sizeof text), text);
	write((int)server, "pong!", 5);
	close((int)server);
	printf("%zd %s\n", read((int)client, text, sizeof text), text);
	printf("%zd\n", read((int)client, text, sizeof text));
	close((int)client);
	/* Nobody listens any more. */
	close((int)listener);
	client = open_socket(STREAM);
	__wasi_fd_fdstat_set_flags((__wasi_fd_t)client, __WASI_FDFLAGS_NONBLOCK);
	printf("connect: errno %u\n", sock_connect(client, &here, port));
	struct pollfd ready = { .fd = (int)client, .events = POLLOUT };
	printf("poll: %d\n", poll(&ready, 1, 5000));
	uint32_t error = 99, size = sizeof error;
	number(get_option(client, 0, 2, &error, &size), 0, "sock_getsockopt");
	printf("SO_ERROR: %u, %u bytes\n", error, size);
}

static void datagrams(void)
{
	uint8_t bytes[16];
	uint32_t a = open_socket(DATAGRAM), b = open_socket(DATAGRAM), size;
	uint16_t flags = 0xffff, guard = 0xffff;
	char text[4];
	number(sock_bind(a, &here, 0), 0, "sock_bind");
	uint32_t port = port_of(a, bytes);
	__wasi_ciovec_t out = { (const uint8_t *)"datagram", 8 };
	number(send_to(b, &out, 1, &here, port, 0, &size), 0, "sock_send_to");
	__wasi_iovec_t in = { (uint8_t *)text, sizeof text };
	struct address from = { bytes, 16 };
	number(receive_v1(a, &in, 1, &from, 0, &size, &flags), 0, "sock_recv_from");
	printf("%u %.4s, flags %u, from %u.%u.%u.%u, %d\n", size, text, flags, bytes[0], bytes[1], bytes[2], bytes[3], guard == 0xffff);
}

int main(void)
{
	streams();
	datagrams();
	return 0;
}
