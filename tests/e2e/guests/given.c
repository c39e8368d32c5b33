/* Uses sockets that it was given: "serve FD" answers one connection, "ask FD" asks on one, "show FD" tells what a descriptor is. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wasi/api.h>

static void await(int fd, short events)
{
	struct pollfd ready = { .fd = fd, .events = events };
	poll(&ready, 1, -1);
}

static void show(int fd)
{
	__wasi_fdstat_t stat;
	__wasi_prestat_t prestat;
	if (__wasi_fd_fdstat_get(fd, &stat) != 0)
		printf("%d: none\n", fd);
	else
		printf("%d: type %d, flags %d, prestat %d\n", fd, stat.fs_filetype, stat.fs_flags, __wasi_fd_prestat_get(fd, &prestat));
}

/* Without blocking, up to the end of the line. */
static void receive(int fd, char *line, size_t size)
{
	size_t got = 0;
	while (got < size - 1 && (got == 0 || line[got - 1] != '\n')) {
		await(fd, POLLIN);
		ssize_t part = recv(fd, line + got, size - 1 - got, 0);
		if (part == 0)
			break;
		got += part > 0 ? (size_t)part : 0;
	}
	line[got] = 0;
}

static void serve(int listener)
{
	char line[256];
	await(listener, POLLIN);
	int fd = accept(listener, NULL, NULL);
	printf("accepted %d\n", fd);
	receive(fd, line, sizeof line);
	printf("asked: %s", line);
	send(fd, "yes\n", 4, 0);
	close(fd);
}

static void ask(int fd)
{
	char line[256];
	send(fd, "are you there?\n", 15, 0);
	receive(fd, line, sizeof line);
	printf("answered: %s", line);
	close(fd);
}

int main(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		int fd = atoi(argv[i + 1]);
		strcmp(argv[i], "serve") == 0 ? serve(fd) : strcmp(argv[i], "ask") == 0 ? ask(fd) : show(fd);
	}
	return 0;
}
