/* Tries the network, and says what came of it: "connect 127.0.0.1:80", "bind ...", "resolve NAME", "open PATH" with a negative directory;
 * "connect unix:PATH" and "bind unix:PATH". What is connected sends a line and shows the answer; what is bound answers one line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

#define CALL(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int32_t name
CALL(sock_open)(int32_t family, int32_t type, uint32_t *fd);
CALL(sock_bind)(int32_t fd, void *address, int32_t port);
CALL(sock_connect)(int32_t fd, void *address, int32_t port);
CALL(sock_listen)(int32_t fd, int32_t backlog);
CALL(sock_getlocaladdr)(int32_t fd, void *address, uint32_t *port);
CALL(sock_getpeeraddr)(int32_t fd, void *address, uint32_t *port);
CALL(sock_getaddrinfo)
(const char *node, int32_t size, const char *service, int32_t service_size, void *hints, void *res, int32_t max, uint32_t *count);

struct address {
	uint8_t *bytes;
	uint32_t size;
};
static uint8_t storage[128];
static struct address address = { storage, 128 };

static int32_t read_address(const char *text)
{
	unsigned a, b, c, d, port = 0;
	memset(storage, 0, sizeof storage);
	if (strncmp(text, "unix:", 5) == 0) {
		storage[0] = 3;
		strncpy((char *)storage + 2, text + 5, sizeof storage - 3);
		if (text[5] == '@')
			storage[2] = 0;
		return 0;
	}
	storage[0] = 1;
	sscanf(text, "%u.%u.%u.%u:%u", &a, &b, &c, &d, &port);
	memcpy(storage + 2, (uint8_t[]){ (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d }, 4);
	return (int32_t)port;
}

static void show_address(const char *side, int32_t (*get)(int32_t, void *, uint32_t *), int32_t fd)
{
	uint32_t port = 0;
	memset(storage, 0, sizeof storage);
	int32_t error = get(fd, &address, &port);
	if (error)
		printf(" %s: error %d", side, error);
	else if (storage[0] == 3)
		printf(" %s: unix:%s", side, (char *)storage + 2);
	else
		printf(" %s: %u.%u.%u.%u:%u", side, storage[2], storage[3], storage[4], storage[5], port);
}

static void talk(int fd)
{
	char line[64];
	show_address("local", sock_getlocaladdr, fd);
	show_address("peer", sock_getpeeraddr, fd);
	write(fd, "hello\n", 6);
	ssize_t size = read(fd, line, sizeof line);
	printf(" answer: %.*s", size > 0 ? (int)size : 0, line);
}

static void serve(int fd)
{
	char line[64];
	__wasi_fd_t accepted;
	show_address("local", sock_getlocaladdr, fd);
	printf("\n");
	fflush(stdout);
	if (__wasi_sock_accept(fd, 0, &accepted) != 0)
		return;
	ssize_t size = read((int)accepted, line, sizeof line);
	printf("asked: %.*s", size > 0 ? (int)size : 0, line);
	write((int)accepted, "served\n", 7);
	close((int)accepted);
}

static void resolve(const char *name)
{
	static uint32_t node[7], sockaddr[3], *head = node;
	static uint8_t data[26], hints[28] = { [2] = 1, [3] = 2 };
	uint32_t count = 0;
	node[3] = (uint32_t)sockaddr;
	sockaddr[1] = sizeof data;
	sockaddr[2] = (uint32_t)data;
	int32_t error = sock_getaddrinfo(name, (int32_t)strlen(name), "80", 2, hints, &head, 1, &count);
	printf("%d, %u: %u.%u.%u.%u\n", error, count, data[2], data[3], data[4], data[5]);
}

static void try(const char *what, const char *name)
{
	uint32_t fd = 0;
	int32_t port = read_address(name), error;
	printf("%s %s: ", what, name);
	if (strcmp(what, "resolve") == 0) {
		resolve(name);
		return;
	}
	if (strcmp(what, "open") == 0) {
		error = __wasi_path_open(-1, 0, name, 0, 0, 0, 0, &fd);
		printf("%d, fd %u\n", error, error ? 0 : fd);
		if (error)
			return;
		strstr(name, "listen") ? serve((int)fd) : talk((int)fd);
		return;
	}
	error = sock_open(storage[0], 2, &fd);
	if (error == 0 && strcmp(what, "connect") == 0)
		error = sock_connect((int32_t)fd, &address, port);
	else if (error == 0 && (error = sock_bind((int32_t)fd, &address, port)) == 0)
		error = sock_listen((int32_t)fd, 4);
	printf("%d\n", error);
	if (error == 0 && strcmp(what, "connect") == 0)
		talk((int)fd);
	else if (error == 0)
		serve((int)fd);
}

int main(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2)
		try(argv[i], argv[i + 1]);
	return 0;
}
