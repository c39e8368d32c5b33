/* The calls of the socket extension to WASI preview 1 (version 2) that the examples use. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
#define TLS_LEVEL    0x74696d65 /* timecraft's own: option 1 is the peer's name, and the host does TLS from then on */

enum { INET4 = 1, STREAM = 2 };

struct address {
	const void *bytes;
	uint32_t size;
};

IMPORT(sock_open) uint32_t sock_open(uint32_t family, uint32_t type, uint32_t *fd);
IMPORT(sock_bind) uint32_t sock_bind(uint32_t fd, const struct address *address, uint32_t port);
IMPORT(sock_listen) uint32_t sock_listen(uint32_t fd, uint32_t backlog);
IMPORT(sock_accept) uint32_t sock_accept(uint32_t fd, uint32_t flags, uint32_t *accepted);
IMPORT(sock_connect) uint32_t sock_connect(uint32_t fd, const struct address *address, uint32_t port);
IMPORT(sock_setsockopt) uint32_t sock_setsockopt(uint32_t fd, uint32_t level, uint32_t name, const void *value, uint32_t size);

static inline void check(const char *what, uint32_t error)
{
	if (error) {
		fprintf(stderr, "%s: errno %u\n", what, error);
		exit(1);
	}
}

static const uint8_t loopback[4] = { 127, 0, 0, 1 };
static const struct address here = { loopback, sizeof loopback };
