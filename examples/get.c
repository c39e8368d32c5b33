/* get NAME PORT PATH: gets a page of this machine over TLS, which the host does: what is written and read here is plain. */
#include "sockets.h"

int main(int count, char **arguments)
{
	char bytes[4096];
	uint32_t fd;
	ssize_t size;
	if (count < 4)
		return 2;
	int length = snprintf(bytes, sizeof bytes, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", arguments[3], arguments[1]);
	check("sock_open", sock_open(INET4, STREAM, &fd));
	check("sock_connect", sock_connect(fd, &here, (uint32_t)atoi(arguments[2])));
	check("TLS", sock_setsockopt(fd, TLS_LEVEL, 1, arguments[1], strlen(arguments[1])));
	write((int)fd, bytes, (size_t)length);
	int in_body = 0;
	while ((size = read((int)fd, bytes, sizeof bytes - 1)) > 0) {
		bytes[size] = 0;
		char *body = in_body ? bytes : strstr(bytes, "\r\n\r\n");
		if (body)
			fputs(in_body ? body : body + 4, stdout);
		in_body |= body != NULL;
	}
	return 0;
}
