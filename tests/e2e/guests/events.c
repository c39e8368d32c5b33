/* Everything that a trace of the network tells of, once: events TCP-PORT UDP-PORT CLOSED-PORT, all on 127.0.0.1. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wasi/api.h>

#define CALL(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int32_t name
CALL(sock_open)(int32_t family, int32_t type, uint32_t *fd);
CALL(sock_connect)(int32_t fd, void *address, int32_t port);
CALL(sock_getsockopt)(int32_t fd, int32_t level, int32_t name, void *value, uint32_t size);
CALL(sock_send_to)(int32_t fd, const void *iovs, int32_t count, void *address, int32_t port, int32_t flags, uint32_t *size);
CALL(sock_recv_from)
(int32_t fd, const void *iovs, int32_t count, void *address, int32_t flags, uint32_t *port, uint32_t *size, uint16_t *roflags);

enum { DATAGRAM = 1, STREAM = 2 };

static uint8_t loopback[4] = { 127, 0, 0, 1 };
static struct {
	uint8_t *bytes;
	uint32_t size;
} address = { loopback, 4 };

static int32_t opened(int32_t type)
{
	uint32_t fd = 0;
	if (sock_open(1, type, &fd) != 0)
		exit(1);
	return (int32_t)fd;
}

static size_t receive(int32_t fd, char *to, size_t room, __wasi_riflags_t flags)
{
	__wasi_size_t size = 0;
	__wasi_roflags_t roflags;
	__wasi_iovec_t iov = { (uint8_t *)to, room };
	__wasi_errno_t error = __wasi_sock_recv(fd, &iov, 1, flags, &size, &roflags);
	if (error)
		printf("receive: %u\n", error);
	return size;
}

static void talk(int32_t port)
{
	char first[4], second[64];
	int32_t fd = opened(STREAM);
	if (sock_connect(fd, &address, port) != 0)
		exit(2);
	writev(fd, (struct iovec[]){ { "GET ", 4 }, { "", 0 }, { "it\n", 3 } }, 3);
	receive(fd, first, sizeof first, __WASI_RIFLAGS_RECV_PEEK);
	receive(fd, first, 1, 0);
	int32_t other = opened(STREAM);
	if (__wasi_fd_renumber(fd, other) != 0)
		exit(4);
	readv(other, (struct iovec[]){ { first, 4 }, { second, sizeof second } }, 2);
	__wasi_sock_shutdown(other, __WASI_SDFLAGS_WR);
	while (receive(other, second, sizeof second, 0))
		continue;
	receive(other, second, sizeof second, 0);
	close(other);
}

static void datagrams(int32_t port)
{
	char text[8];
	uint32_t from = 0, size = 0;
	uint16_t flags = 0;
	int32_t fd = opened(DATAGRAM);
	sock_send_to(fd, (__wasi_ciovec_t[]){ { (const uint8_t *)"ping", 4 } }, 1, &address, port, 0, &size);
	sock_recv_from(fd, (__wasi_iovec_t[]){ { (uint8_t *)text, sizeof text } }, 1, &address, 0, &from, &size, &flags);
	printf("%u bytes, flags %u\n", size, flags);
	close(fd);
}

static void fail(int32_t port)
{
	uint32_t error = 0;
	int32_t fd = opened(STREAM);
	printf("blocking: %d\n", sock_connect(fd, &address, port));
	close(fd);
	fd = opened(STREAM);
	__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK);
	int32_t first = sock_connect(fd, &address, port);
	__wasi_subscription_t wanted = { .u = { .tag = __WASI_EVENTTYPE_FD_WRITE, .u.fd_write.file_descriptor = fd } };
	__wasi_event_t event;
	__wasi_size_t count;
	__wasi_poll_oneoff(&wanted, &event, 1, &count);
	sock_getsockopt(fd, 0, 2, &error, 4);
	printf("not blocking: %d, then %u\n", first, error);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 3;
	talk(atoi(argv[1]));
	datagrams(atoi(argv[2]));
	fail(atoi(argv[3]));
	int32_t left = opened(STREAM);
	sock_connect(left, &address, atoi(argv[1]));
	fflush(stdout);
	return 0;
}
