/* server PORT COUNT: a web server that answers COUNT requests. */
#include "sockets.h"

static const char *const lines[] = { "Hello, World!\n", "There is no time like now.\n" };

static void answer(uint32_t fd, int number)
{
	char request[4096], response[512];
	size_t size = 0;
	ssize_t part;
	while (size < sizeof request - 1 && (part = read((int)fd, request + size, sizeof request - 1 - size)) > 0) {
		request[size += (size_t)part] = 0;
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	int home = strncmp(request, "GET / ", 6) == 0;
	const char *body = home ? lines[number % 2] : "There is no such page.\n";
	int length = snprintf(response, sizeof response, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
		home ? "200 OK" : "404 Not Found", strlen(body), body);
	write((int)fd, response, (size_t)length);
	close((int)fd);
}

int main(int count, char **arguments)
{
	uint32_t listener, fd, one = 1;
	int requests = count > 2 ? atoi(arguments[2]) : 0;
	if (requests == 0)
		return 2;
	check("sock_open", sock_open(INET4, STREAM, &listener));
	check("sock_setsockopt", sock_setsockopt(listener, 0, 0, &one, sizeof one));
	check("sock_bind", sock_bind(listener, &here, (uint32_t)atoi(arguments[1])));
	check("sock_listen", sock_listen(listener, 16));
	for (int i = 0; i < requests; i++) {
		check("sock_accept", sock_accept(listener, 0, &fd));
		answer(fd, i);
	}
	return 0;
}
