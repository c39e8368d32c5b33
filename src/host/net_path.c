/*
 * Sockets by path_open, for guests that know of no other calls to make one, where the user asked for that: a negative directory, and as a
 * path tcp+dial://HOST:PORT or tcp+listen://HOST:PORT, with tcp4 and tcp6 in place of tcp, and options behind a "?".
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/parts.h"

struct socket_path {
	int family; /* of the host; AF_UNSPEC: any */
	bool listens;
	char host[NI_MAXHOST], service[NI_MAXSERV];
	uint32_t nonblock, nodelay, reuseaddr, backlog;
};

static bool take(const char **at, const char *word)
{
	size_t size = strlen(word);
	if (strncmp(*at, word, size) != 0)
		return false;
	*at += size;
	return true;
}

/* NAME or NAME=NUMBER; true if `name` was there. */
static bool take_option(const char **at, const char *name, uint32_t max, uint32_t *value, bool *ret_bad)
{
	const char *start = *at;
	char *end;
	if (!take(at, name) || (**at && !strchr("=&", **at))) {
		*at = start;
		return false;
	}
	unsigned long number = 1;
	if (take(at, "=")) {
		number = strtoul(*at, &end, 10);
		*ret_bad |= end == *at || **at < '0' || **at > '9' || number > max;
		*at = end;
	}
	*value = (uint32_t)number;
	*ret_bad |= **at && !take(at, "&");
	return true;
}

static bool parse_options(const char *at, struct socket_path *path)
{
	bool bad = false;
	while (*at && !bad) {
		bool known = take_option(&at, "nonblock", 1, &path->nonblock, &bad) ||
			take_option(&at, "nodelay", 1, &path->nodelay, &bad) || take_option(&at, "reuseaddr", 1, &path->reuseaddr, &bad) ||
			take_option(&at, "backlog", INT32_MAX, &path->backlog, &bad);
		bad |= !known;
	}
	return !bad;
}

static bool parse(const char *at, struct socket_path *ret_path)
{
	struct socket_path path = { .family = AF_UNSPEC, .nonblock = 1, .nodelay = 1, .reuseaddr = 1, .backlog = 128 };
	char address[NI_MAXHOST + NI_MAXSERV + 4];
	if (!take(&at, "tcp"))
		return false;
	path.family = take(&at, "4") ? AF_INET : take(&at, "6") ? AF_INET6 : AF_UNSPEC;
	path.listens = take(&at, "+listen");
	if ((!path.listens && !take(&at, "+dial")) || !take(&at, "://"))
		return false;
	size_t size = strcspn(at, "?");
	if (size >= sizeof address)
		return false;
	memcpy(address, at, size);
	address[size] = 0;
	if (!address_split(address, path.host, path.service) || (at[size] && !parse_options(at + size + 1, &path)))
		return false;
	*ret_path = path;
	return true;
}

/* Of a name with addresses of both versions, one of IPv4. */
static uint32_t resolve_path(struct host *h, struct call *call, const struct socket_path *path, struct net_address *ret_address)
{
	struct addrinfo hints = { .ai_family = path->family, .ai_socktype = SOCK_STREAM, .ai_flags = path->listens ? AI_PASSIVE : 0 };
	struct addrinfo *infos, *chosen;
	uint8_t bytes[NOTE_SIZE_MAX];
	BUF_CLEANUP struct buf text = { 0 };
	uint32_t error = errno_of_resolver(name_resolve(h, true, path->host, path->service, &hints, &infos));
	if (error == WASI_EINTR && stopping(h))
		call->end = CALL_STOPS;
	if (error)
		return error;
	for (chosen = infos; chosen->ai_next && chosen->ai_family != AF_INET; chosen = chosen->ai_next) {
	}
	*ret_address = address_of_info(chosen->ai_family == AF_INET ? chosen : infos);
	freeaddrinfo(infos);
	net_address_print_host(&text, ret_address);
	if (!path->host[0] || strcmp(buf_text(&text), path->host) == 0)
		return 0;
	struct note note = { .kind = NOTE_RESOLVED, .peer = *ret_address, .text = view_text(path->host) };
	note.peer.port = 0;
	guest_note(call, view_of(bytes, note_encode(&note, bytes)));
	return 0;
}

static uint32_t listen_on(struct host *h, struct call *call, uint32_t fd, const struct socket_path *path, const struct net_address *address)
{
	struct descriptor *d = &h->table[fd];
	int on = (int)path->reuseaddr;
	setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	uint32_t error = socket_bind(h, d, address);
	if (error)
		return error;
	if (listen(d->fd, (int)path->backlog) != 0)
		return errno_of(errno);
	d->socket->role = SOCKET_LISTENS;
	socket_note(call, fd, d);
	return 0;
}

static uint32_t dial(struct host *h, struct call *call, uint32_t fd, const struct socket_path *path, const struct net_address *address)
{
	int on = (int)path->nodelay;
	setsockopt(h->table[fd].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return socket_dial(h, call, fd, address);
}

/* A connection that is under way is there too, beside EINPROGRESS. */
uint32_t socket_open_path(struct host *h, struct call *call, const struct path_open_args *a)
{
	struct socket_path parsed;
	struct net_address address;
	const char *path;
	uint32_t number, error = read_path(h, call, a->path, 0, &path);
	if (!error && !parse(path, &parsed))
		error = WASI_EINVAL;
	if (!error)
		error = resolve_path(h, call, &parsed, &address);
	if (error)
		return error;
	struct net_socket made = { .family = address.family, .type = NET_STREAM };
	int fd = socket(address.family == NET_INET4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno_of(errno);
	error = socket_add(h, fd, &made, parsed.nonblock ? WASI_fdflags_NONBLOCK : 0, &number);
	if (error)
		return error;
	error = parsed.listens ? listen_on(h, call, number, &parsed, &address) : dial(h, call, number, &parsed, &address);
	if (error && (error != WASI_EINPROGRESS || parsed.listens)) {
		descriptor_close(&h->table[number]);
		return error;
	}
	return guest_write_u32(call, a->opened_fd, number) ? error : WASI_EFAULT;
}
