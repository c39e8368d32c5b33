#include <errno.h>
#include <poll.h>

#include "host/parts.h"

bool stopping(const struct host *h)
{
	struct pollfd stop = { .fd = h->options.stop_fd, .events = POLLIN };
	return h->options.stop_fd >= 0 && poll(&stop, 1, 0) > 0;
}

/* Waits until the descriptor is ready, or with the guest's NONBLOCK says at once that it is not. The guest's flag is ours alone to heed:
 * the file description may be shared. */
uint32_t wait_for(struct host *h, struct call *call, const struct descriptor *descriptor, short events)
{
	struct pollfd fds[2] = { { .fd = descriptor->fd, .events = events }, { .fd = h->options.stop_fd, .events = POLLIN } };
	bool now = descriptor->flags & WASI_fdflags_NONBLOCK;
	for (;;) {
		int ready = poll(fds, h->options.stop_fd >= 0 ? 2 : 1, now ? 0 : -1);
		if (ready < 0 && errno != EINTR)
			return errno_of(errno);
		if (ready > 0 && fds[1].revents && h->options.stop_fd >= 0) {
			call->end = CALL_STOPS;
			return WASI_EINTR;
		}
		if (ready > 0)
			return 0;
		if (ready == 0)
			return WASI_EAGAIN;
	}
}
