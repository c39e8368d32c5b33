/* Sockets that the guest finds when it starts: the host has bound or connected them. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "host/parts.h"

static enum err bad_address(const struct host_socket *given)
{
	return err_set(ERR_USAGE, "%s %s: it must be HOST:PORT, :PORT, [ADDRESS]:PORT or unix:PATH", given->listens ? "--listen" : "--dial",
		given->address);
}

static enum err failed(const struct host_socket *given, int error)
{
	return err_set_errno(error, given->listens ? "cannot listen on %s" : "cannot connect to %s", given->address);
}

bool address_split(const char *address, char host[NI_MAXHOST], char service[NI_MAXSERV])
{
	const char *colon = strrchr(address, ':');
	if (!colon || colon[1] == 0 || strlen(colon + 1) >= NI_MAXSERV)
		return false;
	const char *start = address, *end = colon;
	if (*start == '[') {
		if (end == start + 1 || end[-1] != ']')
			return false;
		start++;
		end--;
	} else if (memchr(start, ':', (size_t)(end - start))) { /* of IPv6, and where its port begins cannot be told */
		return false;
	}
	if (end - start >= NI_MAXHOST)
		return false;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = 0;
	memcpy(service, colon + 1, strlen(colon + 1) + 1);
	return true;
}

static int listen_at(int fd, const struct sockaddr *address, socklen_t size)
{
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	return bind(fd, address, size) == 0 && listen(fd, SOMAXCONN) == 0 ? 0 : errno;
}

/* EINTR when the guest is to stop before it began. */
static int connect_to(const struct host *h, int fd, const struct sockaddr *address, socklen_t size)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLOUT }, { .fd = h->options.stop_fd, .events = POLLIN } };
	int error;
	socklen_t error_size = sizeof error;
	if (connect(fd, address, size) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	while (poll(fds, h->options.stop_fd >= 0 ? 2 : 1, -1) <= 0) {
	}
	if (!fds[0].revents)
		return EINTR;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) == 0 ? error : errno;
}

/* Returns an error of the kernel's, or 0. */
static int give_one(struct host *h, const struct host_socket *given, const struct sockaddr *address, socklen_t size)
{
	struct net_socket made = { .type = NET_STREAM, .role = given->listens ? SOCKET_LISTENS : SOCKET_CONNECTS, .bound = given->listens };
	union sockaddr_any host = { .any.sa_family = AF_UNSPEC };
	uint32_t number;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	int error = given->listens ? listen_at(fd, address, size) : connect_to(h, fd, address, size);
	if (error) {
		close(fd);
		return error;
	}
	memcpy(&host, address, size);
	struct net_address named = address_of_host(&host, size);
	made.family = named.family;
	if (!given->listens) {
		made.peer = named;
		socket_place(h, &made);
	}
	if (socket_add(h, fd, &made, WASI_fdflags_NONBLOCK, &number))
		return ENOMEM;
	h->given++;
	return 0;
}

static enum err give_unix(struct host *h, const struct host_socket *given, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(path);
	if (size == 0)
		return bad_address(given);
	if (size >= sizeof address.sun_path)
		return failed(given, ENAMETOOLONG);
	memcpy(address.sun_path, path, size + 1);
	bool abstract = path[0] == '@';
	if (abstract)
		address.sun_path[0] = 0;
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + !abstract);
	int error = give_one(h, given, (const struct sockaddr *)&address, length);
	return error ? failed(given, error) : ERR_NONE;
}

/* A name may have several addresses: the first that does is taken. Without a host these are all of IPv4, or this one. */
enum err socket_give(struct host *h, const struct host_socket *given)
{
	struct addrinfo hints = { .ai_flags = given->listens ? AI_PASSIVE : 0, .ai_socktype = SOCK_STREAM }, *infos;
	char host[NI_MAXHOST], service[NI_MAXSERV];
	if (strncmp(given->address, "unix:", 5) == 0)
		return give_unix(h, given, given->address + 5);
	if (!address_split(given->address, host, service))
		return bad_address(given);
	if (!host[0])
		hints.ai_family = AF_INET;
	int error = name_resolve(h, false, host, service, &hints, &infos);
	if (error == EAI_INTR)
		return failed(given, EINTR);
	if (error == EAI_SYSTEM)
		return failed(given, errno);
	if (error)
		return err_set(ERR_NOT_FOUND, "cannot %s %s: %s", given->listens ? "listen on" : "connect to", given->address,
			gai_strerror(error));
	for (struct addrinfo *info = infos; info; info = info->ai_next) {
		error = give_one(h, given, info->ai_addr, info->ai_addrlen);
		if (!error || error == EINTR)
			break;
	}
	freeaddrinfo(infos);
	return error ? failed(given, error) : ERR_NONE;
}

/* The names in the file system of those that listened. What another has put there meanwhile is no socket, or it is his loss. */
void sockets_take_back(const struct host *h)
{
	for (size_t i = 0; i < h->given; i++) {
		const struct host_socket *given = &h->options.sockets[i];
		const char *path = given->address + 5;
		struct stat stat;
		if (given->listens && strncmp(given->address, "unix:", 5) == 0 && lstat(path, &stat) == 0 && S_ISSOCK(stat.st_mode))
			unlink(path);
	}
}
