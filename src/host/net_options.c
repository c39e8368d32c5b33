/* Options of sockets. */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include "base/time.h"
#include "host/parts.h"

/* How an option's value is laid out: 4 bytes; two of them; two of 8; text. */
enum form { FORM_INT, FORM_LINGER, FORM_TIME, FORM_TEXT };

struct sockopt {
	uint32_t level, name;
	int host_level, host_name;
	enum form form;
	bool settable;
};

#define SOCKET_OPTION(name, host_name, form, settable) \
	{ WASI_sockopt_level_SOCKET, WASI_sockopt_name_##name, SOL_SOCKET, host_name, form, settable }
static const struct sockopt sockopts[] = {
	SOCKET_OPTION(REUSEADDR, SO_REUSEADDR, FORM_INT, true),
	SOCKET_OPTION(TYPE, SO_TYPE, FORM_INT, false),
	SOCKET_OPTION(ERROR, SO_ERROR, FORM_INT, false),
	SOCKET_OPTION(DONTROUTE, SO_DONTROUTE, FORM_INT, true),
	SOCKET_OPTION(BROADCAST, SO_BROADCAST, FORM_INT, true),
	SOCKET_OPTION(SNDBUF, SO_SNDBUF, FORM_INT, true),
	SOCKET_OPTION(RCVBUF, SO_RCVBUF, FORM_INT, true),
	SOCKET_OPTION(KEEPALIVE, SO_KEEPALIVE, FORM_INT, true),
	SOCKET_OPTION(OOBINLINE, SO_OOBINLINE, FORM_INT, true),
	SOCKET_OPTION(LINGER, SO_LINGER, FORM_LINGER, true),
	SOCKET_OPTION(RCVLOWAT, SO_RCVLOWAT, FORM_INT, true),
	SOCKET_OPTION(RCVTIMEO, SO_RCVTIMEO, FORM_TIME, true),
	SOCKET_OPTION(SNDTIMEO, SO_SNDTIMEO, FORM_TIME, true),
	SOCKET_OPTION(ACCEPTCONN, SO_ACCEPTCONN, FORM_INT, false),
	SOCKET_OPTION(BINDTODEVICE, SO_BINDTODEVICE, FORM_TEXT, true),
	{ WASI_sockopt_level_TCP, WASI_sockopt_name_TCP_NODELAY, IPPROTO_TCP, TCP_NODELAY, FORM_INT, true },
};

static const uint32_t form_sizes[] = { [FORM_INT] = 4, [FORM_LINGER] = 8, [FORM_TIME] = 16, [FORM_TEXT] = OPTION_SIZE_MAX };

static const struct sockopt *find(uint32_t level, uint32_t name)
{
	for (size_t i = 0; i < sizeof sockopts / sizeof *sockopts; i++) {
		if (sockopts[i].level == level && sockopts[i].name == name)
			return &sockopts[i];
	}
	return NULL;
}

/* The timeouts are ours: the host's socket does not block. */
static uint64_t *timeout_of(struct net_socket *socket, int name)
{
	return name == SO_RCVTIMEO ? &socket->receive_timeout : &socket->send_timeout;
}

/* Linux doubles the sizes of buffers for its own use. */
static bool is_doubled(const struct sockopt *o)
{
	return o->host_level == SOL_SOCKET && (o->host_name == SO_SNDBUF || o->host_name == SO_RCVBUF);
}

static uint32_t get_int(struct call *call, uint32_t fd, const struct descriptor *d, const struct sockopt *o, uint8_t *value)
{
	int number = 0;
	socklen_t size = sizeof number;
	if (o->name == WASI_sockopt_name_ERROR && d->socket && d->socket->error) {
		number = d->socket->error;
		d->socket->error = 0;
	} else if (o->name == WASI_sockopt_name_ERROR && d->socket && d->socket->tls && tls_error(d->socket->tls)) {
		number = (int)tls_error(d->socket->tls);
	} else if (getsockopt(d->fd, o->host_level, o->host_name, &number, &size) != 0) {
		return errno_of(errno);
	} else if (o->host_level == SOL_SOCKET && o->host_name == SO_ERROR) {
		number = (int)errno_of(number);
		if (number && d->socket && d->socket->connecting)
			socket_failed(call, fd, d->socket, (uint32_t)number);
	} else if (o->host_level == SOL_SOCKET && o->host_name == SO_TYPE) {
		number = number == SOCK_DGRAM ? NET_DGRAM : NET_STREAM;
	} else if (is_doubled(o)) {
		number /= 2;
	}
	memcpy(value, &number, sizeof number);
	return 0;
}

static uint32_t get_time(const struct descriptor *d, const struct sockopt *o, uint8_t *value)
{
	uint64_t ns = d->socket ? *timeout_of(d->socket, o->host_name) : 0;
	uint64_t parts[2] = { ns / NS_PER_S, ns % NS_PER_S / NS_PER_US };
	memcpy(value, parts, sizeof parts);
	return 0;
}

/* `size` is how much room there is in `value`, and then how much was put there. */
static uint32_t get(struct call *call, uint32_t fd, const struct descriptor *d, const struct sockopt *o, uint8_t *value, socklen_t *size)
{
	if (o->form == FORM_INT)
		return get_int(call, fd, d, o, value);
	if (o->form == FORM_TIME)
		return get_time(d, o, value);
	return getsockopt(d->fd, o->host_level, o->host_name, value, size) == 0 ? 0 : errno_of(errno);
}

/* The length is a number where it is small, else where one is: callers of both kinds are about, and no option is at so low an address. */
uint32_t host_sock_getsockopt(struct host *h, struct call *call, const struct sock_getsockopt_args *a)
{
	enum { BY_VALUE = 16 };
	uint8_t value[OPTION_SIZE_MAX];
	struct descriptor *d;
	bool pointed = a->value.size > BY_VALUE;
	uint32_t length = pointed ? load_u32(call->memory->base + a->value.size) : a->value.size;
	uint32_t error = socket_get(h, a->fd, 0, &d);
	const struct sockopt *o = find(a->level, a->name);
	if (!error && (!o || (o->form == FORM_TEXT ? length == 0 : pointed ? length < form_sizes[o->form] : length != form_sizes[o->form])))
		error = WASI_EINVAL;
	if (error)
		return error;
	socklen_t size = length < form_sizes[o->form] ? length : form_sizes[o->form];
	error = get(call, a->fd, d, o, value, &size);
	if (error)
		return error;
	bool written = guest_write(call, a->value.at, value, size) && (!pointed || guest_write_u32(call, a->value.size, size));
	return written ? 0 : WASI_EFAULT;
}

static uint32_t set_time(const struct descriptor *d, const struct sockopt *o, const uint8_t *value)
{
	int64_t seconds = (int64_t)load_u64(value), us = (int64_t)load_u64(value + 8);
	if (us < 0 || us >= 1000000)
		return WASI_EDOM;
	if (!d->socket)
		return WASI_ENOTSUP;
	uint64_t most = UINT64_MAX / NS_PER_S - 1;
	uint64_t ns = seconds < 0 ? 0 : (uint64_t)seconds > most ? 0 : (uint64_t)seconds * NS_PER_S + (uint64_t)us * NS_PER_US;
	*timeout_of(d->socket, o->host_name) = ns;
	return 0;
}

uint32_t host_sock_setsockopt(struct host *h, struct call *call, const struct sock_setsockopt_args *a)
{
	struct descriptor *d;
	const uint8_t *value = call->memory->base + a->value.at;
	uint32_t error = socket_get(h, a->fd, 0, &d);
	const struct sockopt *o = find(a->level, a->name);
	if (error)
		return error;
	if (a->level == WASI_sockopt_level_TLS && a->name == WASI_tls_option_HOSTNAME)
		return socket_start_tls(h, call, a->fd, view_of(value, a->value.size));
	if (!o)
		return WASI_EINVAL;
	if (!o->settable)
		return WASI_ENOTSUP;
	if (o->form == FORM_TEXT ? a->value.size > form_sizes[o->form] : a->value.size != form_sizes[o->form])
		return WASI_EINVAL;
	if (o->form == FORM_TIME)
		return set_time(d, o, value);
	if (is_doubled(o) && (int32_t)load_u32(value) < 0)
		return WASI_EINVAL;
	return setsockopt(d->fd, o->host_level, o->host_name, value, a->value.size) == 0 ? 0 : errno_of(errno);
}
