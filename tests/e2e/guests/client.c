/* Sends its variable REQUEST over the socket that it was given, 7 bytes at a time, and copies what comes back, 5 bytes at a time. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	enum { SOCKET = 3 };
	char bytes[5];
	ssize_t got;
	const char *request = getenv("REQUEST");
	for (size_t left = strlen(request); left;) {
		ssize_t sent = write(SOCKET, request, left < 7 ? left : 7);
		if (sent <= 0)
			return 1;
		request += sent;
		left -= (size_t)sent;
	}
	while ((got = read(SOCKET, bytes, sizeof bytes)) != 0) {
		struct pollfd wait = { SOCKET, POLLIN, 0 };
		if (got > 0)
			write(1, bytes, (size_t)got);
		else if (errno != EAGAIN || poll(&wait, 1, -1) < 0)
			return 1;
	}
	return 0;
}
