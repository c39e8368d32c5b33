/* poll_oneoff: clocks and descriptors, whichever comes first. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/time.h"
#include "host/parts.h"

/* A subscription, whichever version it came in. */
struct wanted {
	uint64_t userdata;
	uint8_t type;
	uint32_t error;    /* known from the start */
	int poll;          /* index of its pollfd; -1: none */
	short events;      /* of those that are polled for there, its own */
	uint32_t fd;       /* the guest's */
	const struct descriptor *tls; /* that the host does the TLS of: what is ready is not what the socket says; NULL: it does not */
	bool ready;        /* without polling */
	uint32_t clock;
	uint64_t deadline; /* ns on the host's clock */
};

struct polling {
	struct wanted *wanted;
	struct pollfd *fds;
	uint32_t count, fd_count;
};

static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };

static void want_clock(struct wanted *w, const uint8_t *at)
{
	w->clock = load_u32(at);
	uint64_t timeout = load_u64(at + 8);
	bool absolute = at[24] & WASI_subclockflags_SUBSCRIPTION_CLOCK_ABSTIME;
	if (w->clock >= sizeof clocks / sizeof *clocks) {
		w->error = WASI_EINVAL;
		return;
	}
	uint64_t now = absolute ? 0 : time_of(clocks[w->clock]);
	w->deadline = timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
}

/* Subscriptions of one descriptor share a pollfd: the kernel takes no more of them than there may be descriptors. */
static void want_fd(struct host *h, struct polling *p, struct wanted *w, uint32_t fd)
{
	struct descriptor *d;
	bool reads = w->type == WASI_eventtype_FD_READ;
	w->error = descriptor_get(h, fd, 0, &d);
	if (!w->error && !(d->rights & (WASI_rights_POLL_FD_READWRITE | (reads ? WASI_rights_FD_READ : WASI_rights_FD_WRITE))))
		w->error = WASI_ENOTCAPABLE;
	if (w->error)
		return;
	if (!d->waits || (d->socket && d->socket->error)) {
		w->ready = true;
		return;
	}
	if (d->poll >= p->fd_count || p->fds[d->poll].fd != d->fd) {
		d->poll = p->fd_count++;
		p->fds[d->poll] = (struct pollfd){ .fd = d->fd };
	}
	w->poll = (int)d->poll;
	w->fd = fd;
	w->tls = d->socket && d->socket->tls ? d : NULL;
	w->events = reads ? POLLIN : POLLOUT;
	p->fds[w->poll].events |= w->events;
}

static void want(struct host *h, struct polling *p, uint32_t i, const uint8_t *at, bool unstable)
{
	struct wanted *w = &p->wanted[i];
	*w = (struct wanted){ .userdata = load_u64(at), .type = at[8], .poll = -1, .deadline = UINT64_MAX };
	if (w->type == WASI_eventtype_CLOCK)
		want_clock(w, at + (unstable ? 24 : 16));
	else if (w->type <= WASI_eventtype_FD_WRITE)
		want_fd(h, p, w, load_u32(at + 16));
	else
		w->error = WASI_EINVAL;
}

/* Nanoseconds until the first clock; UINT64_MAX: none. 0 when something is known already. */
static uint64_t time_left(const struct polling *p)
{
	uint64_t least = UINT64_MAX;
	for (uint32_t i = 0; i < p->count; i++) {
		const struct wanted *w = &p->wanted[i];
		if (w->error || w->ready)
			return 0;
		if (w->type != WASI_eventtype_CLOCK || w->deadline == UINT64_MAX)
			continue;
		uint64_t now = time_of(clocks[w->clock]);
		uint64_t left = w->deadline > now ? w->deadline - now : 0;
		least = left < least ? left : least;
	}
	return least;
}

/* What TLS is ready for, and what its sockets must be waited for until it is. */
static void ask_tls(struct call *call, struct polling *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		if (p->wanted[i].tls)
			p->fds[p->wanted[i].poll].events = 0;
	}
	for (uint32_t i = 0; i < p->count; i++) {
		struct wanted *w = &p->wanted[i];
		bool reads = w->type == WASI_eventtype_FD_READ;
		if (!w->tls)
			continue;
		w->ready = socket_tls_ready(call, w->fd, w->tls, reads);
		p->fds[w->poll].events |= tls_events(w->tls->socket->tls, reads, !reads);
	}
}

static bool happened(const struct polling *p, const struct wanted *w)
{
	if (w->error || w->ready)
		return true;
	if (w->tls)
		return false;
	if (w->poll >= 0)
		return (p->fds[w->poll].revents & (w->events | POLLERR | POLLHUP | POLLNVAL)) != 0;
	return w->type == WASI_eventtype_CLOCK && w->deadline <= time_of(clocks[w->clock]);
}

static bool anything_happened(const struct polling *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		if (happened(p, &p->wanted[i]))
			return true;
	}
	return false;
}

/* Waits until something that is wanted is there. EINTR: the guest is to stop. */
static uint32_t wait(struct host *h, struct call *call, struct polling *p)
{
	ask_tls(call, p);
	p->fds[p->fd_count] = (struct pollfd){ .fd = h->options.stop_fd, .events = POLLIN };
	for (;;) {
		enum { LONGEST = 3600 }; /* seconds at a time: clocks may be set, and cpu time does not pass while we sleep */
		uint64_t left = time_left(p);
		struct timespec timeout = { (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };
		if (left / NS_PER_S >= LONGEST)
			timeout = (struct timespec){ LONGEST, 0 };
		int ready = ppoll(p->fds, p->fd_count + 1, left == UINT64_MAX ? NULL : &timeout, NULL);
		if (ready < 0 && errno != EINTR)
			return errno_of(errno);
		if (ready > 0 && p->fds[p->fd_count].revents && h->options.stop_fd >= 0)
			return WASI_EINTR;
		if (ready > 0)
			ask_tls(call, p);
		if (anything_happened(p) || time_left(p) == 0)
			return 0;
	}
}

struct event_bytes {
	uint8_t bytes[32];
};

static struct event_bytes event_of(const struct polling *p, const struct wanted *w)
{
	struct event_bytes event = { { 0 } };
	uint16_t error = (uint16_t)w->error;
	uint64_t available = w->type == WASI_eventtype_CLOCK ? 0 : 1;
	if (w->poll >= 0) {
		const struct pollfd *fd = &p->fds[w->poll];
		int bytes = 0;
		if (w->type == WASI_eventtype_FD_READ && w->tls)
			available = tls_pending(w->tls->socket->tls);
		else if (w->type == WASI_eventtype_FD_READ && ioctl(fd->fd, FIONREAD, &bytes) == 0)
			available = (uint64_t)bytes;
		uint16_t flags = fd->revents & (POLLHUP | POLLERR) ? WASI_eventrwflags_FD_READWRITE_HANGUP : 0;
		memcpy(event.bytes + 24, &flags, 2);
	}
	memcpy(event.bytes, &w->userdata, 8);
	memcpy(event.bytes + 8, &error, 2);
	event.bytes[10] = w->type;
	if (!w->error)
		memcpy(event.bytes + 16, &available, 8);
	return event;
}

static uint32_t report(struct host *h, struct call *call, const struct polling *p, uint32_t out, uint32_t nevents)
{
	struct buf *events = &h->scratch;
	buf_clear(events);
	for (uint32_t i = 0; i < p->count; i++) {
		if (!happened(p, &p->wanted[i]))
			continue;
		if (p->wanted[i].poll >= 0)
			socket_settle(call, p->wanted[i].fd, &h->table[p->wanted[i].fd]);
		struct event_bytes event = event_of(p, &p->wanted[i]);
		buf_append(events, event.bytes, sizeof event.bytes);
	}
	if (events->failed)
		return WASI_ENOMEM;
	if (!guest_write(call, out, events->data, (uint32_t)events->size) || !guest_write_u32(call, nevents, (uint32_t)events->size / 32))
		return WASI_EFAULT;
	return 0;
}

static uint32_t poll_all(struct host *h, struct call *call, uint32_t in, uint32_t out, uint32_t count, uint32_t nevents, bool unstable)
{
	enum { MOST = 1 << 20 }; /* far more than there can be descriptors */
	if (count == 0 || count > MOST)
		return WASI_EINVAL;
	struct polling p = { .count = count };
	p.wanted = calloc(count, sizeof *p.wanted);
	p.fds = calloc((size_t)count + 1, sizeof *p.fds);
	uint32_t error = p.wanted && p.fds ? 0 : WASI_ENOMEM;
	const uint8_t *at = call->memory->base + in;
	for (uint32_t i = 0; i < count && !error; i++)
		want(h, &p, i, at + (size_t)i * (unstable ? 56 : 48), unstable);
	if (!error)
		error = wait(h, call, &p);
	if (error == WASI_EINTR)
		call->end = CALL_STOPS;
	if (!error)
		error = report(h, call, &p, out, nevents);
	free(p.wanted);
	free(p.fds);
	return error;
}

uint32_t host_poll_oneoff(struct host *h, struct call *call, const struct poll_oneoff_args *a)
{
	return poll_all(h, call, a->in, a->out, a->nsubscriptions, a->nevents, false);
}

uint32_t host_unstable_poll_oneoff(struct host *h, struct call *call, const struct unstable_poll_oneoff_args *a)
{
	return poll_all(h, call, a->in, a->out, a->nsubscriptions, a->nevents, true);
}
