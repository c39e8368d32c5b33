#include <errno.h>
#include <poll.h>

#include "base/time.h"
#include "host/parts.h"

bool stopping(const struct host *h)
{
	struct pollfd stop = { .fd = h->options.stop_fd, .events = POLLIN };
	return h->options.stop_fd >= 0 && poll(&stop, 1, 0) > 0;
}

/* When a wait has been long enough, on the monotonic clock; UINT64_MAX: never. */
static uint64_t deadline_of(const struct descriptor *d, short events)
{
	uint64_t timeout = !d->socket ? 0 : events & POLLIN ? d->socket->receive_timeout : d->socket->send_timeout;
	uint64_t now = timeout ? time_of(CLOCK_MONOTONIC) : 0;
	return timeout == 0 || timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
}

static struct timespec time_until(uint64_t deadline)
{
	uint64_t now = time_of(CLOCK_MONOTONIC);
	uint64_t left = deadline > now ? deadline - now : 0;
	return (struct timespec){ (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };
}

/* Waits until the descriptor is ready, or with the guest's NONBLOCK says at once that it is not. The guest's flag is ours alone to heed:
 * the file description may be shared. */
uint32_t wait_for(struct host *h, struct call *call, const struct descriptor *descriptor, short events)
{
	struct pollfd fds[2] = { { .fd = descriptor->fd, .events = events }, { .fd = h->options.stop_fd, .events = POLLIN } };
	bool now = descriptor->flags & WASI_fdflags_NONBLOCK;
	uint64_t deadline = now ? 0 : deadline_of(descriptor, events);
	for (;;) {
		struct timespec timeout = time_until(deadline);
		int ready = ppoll(fds, h->options.stop_fd >= 0 ? 2 : 1, deadline == UINT64_MAX ? NULL : &timeout, NULL);
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
