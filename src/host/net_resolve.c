/*
 * Names to addresses, by the host's resolver.
 *
 * It may take as long as name servers like, and cannot be interrupted: where it may have to ask one it runs in a thread of its own, which
 * is left behind when the guest is to stop, and then cleans up after itself.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/parts.h"

/* One that is under way. It belongs to who asked and to the thread; the last of them frees it. */
struct lookup {
	atomic_int owners;
	int done; /* eventfd: readable when what is below is there */
	int error, system_error;
	struct addrinfo hints, *result;
	char node[NI_MAXHOST], service[NI_MAXSERV];
};

static void lookup_leave(struct lookup *l)
{
	if (atomic_fetch_sub(&l->owners, 1) != 1)
		return;
	if (l->result)
		freeaddrinfo(l->result);
	close(l->done);
	free(l);
}

/* The resolver takes a port that is too large for a smaller one. */
static bool too_large(const char *service)
{
	size_t digits = strspn(service, "0123456789");
	return digits && service[digits] == 0 && (digits > 9 || strtoul(service, NULL, 10) > UINT16_MAX);
}

static int ask(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret_result)
{
	*ret_result = NULL;
	if (too_large(service))
		return EAI_SERVICE;
	return getaddrinfo(*node ? node : NULL, *service ? service : NULL, hints, ret_result);
}

static void *look_up(void *data)
{
	struct lookup *l = data;
	l->error = ask(l->node, l->service, &l->hints, &l->result);
	l->system_error = errno;
	eventfd_write(l->done, 1);
	lookup_leave(l);
	return NULL;
}

/* Signals are the guest's thread's. */
static int start_thread(struct lookup *l)
{
	sigset_t all, before;
	pthread_t thread;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, look_up, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_detach(thread);
	return error;
}

static struct lookup *lookup_create(const char *node, const char *service, const struct addrinfo *hints)
{
	struct lookup *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	atomic_init(&l->owners, 2);
	l->hints = *hints;
	memcpy(l->node, node, strlen(node));
	memcpy(l->service, service, strlen(service));
	l->done = eventfd(0, EFD_CLOEXEC);
	if (l->done < 0 || start_thread(l) != 0) {
		if (l->done >= 0)
			close(l->done);
		free(l);
		return NULL;
	}
	return l;
}

/* False when the guest is to stop. */
static bool await_lookup(const struct host *h, const struct lookup *l)
{
	struct pollfd fds[2] = { { .fd = l->done, .events = POLLIN }, { .fd = h->options.stop_fd, .events = POLLIN } };
	for (;;) {
		int ready = poll(fds, h->options.stop_fd >= 0 ? 2 : 1, -1);
		if (ready > 0 && fds[0].revents)
			return true;
		if (ready > 0)
			return false;
	}
}

/* As getaddrinfo; EAI_INTR when the guest is to stop. Strings fit into a lookup. What needs no one else is answered here and now. */
int name_resolve(struct host *h, bool by_guest, const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **ret_result)
{
	struct addrinfo numeric = *hints;
	numeric.ai_flags |= AI_NUMERICHOST;
	int error = ask(node, service, &numeric, ret_result);
	if (error != EAI_NONAME || hints->ai_flags & AI_NUMERICHOST || !*node)
		return error;
	if (by_guest && !net_name_granted(h, node))
		return EAI_REFUSED;
	struct lookup *l = lookup_create(node, service, hints);
	if (!l)
		return EAI_MEMORY;
	error = EAI_INTR;
	if (await_lookup(h, l)) {
		error = l->error;
		*ret_result = l->result;
		l->result = NULL;
		errno = l->system_error;
	}
	lookup_leave(l);
	if (by_guest && !error)
		net_name_resolved(h, node, *ret_result);
	return error;
}

/* The extension has no errors of its own for names: whatever the resolver did not find is ECANCELED. */
uint32_t errno_of_resolver(int error)
{
	switch (error) {
	case 0: return 0;
	case EAI_MEMORY: return WASI_ENOMEM;
	case EAI_SYSTEM: return errno_of(errno);
	case EAI_BADFLAGS:
	case EAI_SOCKTYPE: return WASI_EINVAL;
	case EAI_FAMILY: return WASI_EAFNOSUPPORT;
	case EAI_INTR: return WASI_EINTR;
	case EAI_REFUSED: return WASI_EACCES;
	default: return WASI_ECANCELED;
	}
}

/* The guest may count NULs at the end, and have none. */
static uint32_t read_name(const struct call *call, struct guest_range range, char *name, size_t room)
{
	const uint8_t *at = call->memory->base + range.at;
	size_t size = range.size;
	while (size && at[size - 1] == 0)
		size--;
	if (size >= room || (size && memchr(at, 0, size)))
		return WASI_EINVAL;
	memcpy(name, at, size);
	name[size] = 0;
	return 0;
}

static const int host_families[] = { AF_UNSPEC, AF_INET, AF_INET6 }, host_types[] = { 0, SOCK_DGRAM, SOCK_STREAM },
		 host_protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP };

/* The guest's number of the host's; false if it has none. */
static bool number_of(int value, const int values[3], uint8_t *ret_number)
{
	for (uint8_t i = 0; i < 3; i++) {
		*ret_number = i;
		if (values[i] == value)
			return true;
	}
	return false;
}

static uint32_t read_hints(const struct call *call, uint32_t at, struct addrinfo *ret_hints, uint16_t *ret_flags)
{
	static const int host_flags[] = { AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_V4MAPPED, AI_ALL, AI_ADDRCONFIG };
	enum { FLAGS = sizeof host_flags / sizeof *host_flags };
	const uint8_t *hints = call->memory->base + at;
	*ret_hints = (struct addrinfo){ 0 };
	*ret_flags = 0;
	if (at == 0)
		return 0;
	memcpy(ret_flags, hints, sizeof *ret_flags);
	if (*ret_flags >> FLAGS || hints[3] > 2 || hints[4] > 2)
		return WASI_EINVAL;
	if (hints[2] > NET_INET6)
		return WASI_EAFNOSUPPORT;
	for (int i = 0; i < FLAGS; i++)
		ret_hints->ai_flags |= *ret_flags >> i & 1 ? host_flags[i] : 0;
	ret_hints->ai_family = host_families[hints[2]];
	ret_hints->ai_socktype = host_types[hints[3]];
	ret_hints->ai_protocol = host_protocols[hints[4]];
	return 0;
}

/* The guest's list, read before anything is written to it. */
struct answer {
	struct addrinfo_node nodes[ADDRINFOS_MAX];
	uint32_t count; /* of nodes */
	uint32_t used;
	uint16_t flags;
	struct net_address told[ADDRINFOS_MAX]; /* by notes */
	uint32_t told_count;
};

static bool add_node(void *data, const struct addrinfo_node *node)
{
	struct answer *answer = data;
	answer->nodes[answer->count++] = *node;
	return true;
}

/* The name, where one was found and the node has room for it; returns how long it is. */
static bool write_canonname(struct call *call, const struct addrinfo_node *node, const char *name, uint32_t *ret_size)
{
	size_t size = name ? strlen(name) : 0;
	*ret_size = 0;
	if (size == 0 || size > CANONNAME_MAX - 1 || size > node->canonname_size || node->canonname == 0)
		return true;
	*ret_size = (uint32_t)size;
	return guest_write(call, node->canonname, name, *ret_size + (size < node->canonname_size));
}

/* The address behind its port, in network order: 14 bytes of IPv4, 26 of IPv6, as far as the guest has room. */
static bool write_address(struct call *call, const struct addrinfo_node *node, const struct net_address *address)
{
	uint8_t data[26] = { (uint8_t)(address->port >> 8), (uint8_t)address->port };
	uint32_t size = address->family == NET_INET4 ? 14 : 26;
	uint32_t head[2] = { address->family, size };
	memcpy(data + 2, address->bytes, address->size);
	return guest_write(call, node->address, head, sizeof head) &&
		guest_write(call, node->data, data, size < node->data_size ? size : node->data_size);
}

static bool write_node(struct call *call, const struct addrinfo_node *node, const struct addrinfo *info, const struct net_address *address,
	const uint8_t numbers[2], uint16_t flags)
{
	uint8_t bytes[24] = { (uint8_t)flags, (uint8_t)(flags >> 8), address->family, numbers[0], numbers[1] };
	uint32_t words[4] = { address->family == NET_INET4 ? 16 : 28, node->address, node->canonname, 0 };
	if (!write_canonname(call, node, info->ai_canonname, &words[3]))
		return false;
	memcpy(bytes + 8, words, sizeof words);
	return guest_write(call, node->at, bytes, sizeof bytes) && write_address(call, node, address);
}

/* A note for each address, which may be there once for each type of socket. */
static void tell_resolved(struct call *call, struct answer *answer, const char *name, struct net_address address)
{
	uint8_t bytes[NOTE_SIZE_MAX];
	address.port = 0;
	for (uint32_t i = 0; i < answer->told_count; i++) {
		if (net_address_equal(&answer->told[i], &address))
			return;
	}
	answer->told[answer->told_count++] = address;
	struct note note = { .kind = NOTE_RESOLVED, .peer = address, .text = view_text(name) };
	guest_note(call, view_of(bytes, note_encode(&note, bytes)));
}

struct net_address address_of_info(const struct addrinfo *info)
{
	union sockaddr_any host = { .any.sa_family = AF_UNSPEC };
	socklen_t size = info->ai_addrlen < sizeof host ? info->ai_addrlen : sizeof host;
	memcpy(&host, info->ai_addr, size);
	return address_of_host(&host, size);
}

/* What has no number with the guest, and an address that a node has no room for, are left out. */
static uint32_t write_answer(struct call *call, struct answer *answer, const char *name, const struct addrinfo *info)
{
	for (; info && answer->used < answer->count; info = info->ai_next) {
		const struct addrinfo_node *node = &answer->nodes[answer->used];
		struct net_address address = address_of_info(info);
		uint8_t numbers[2];
		if (address.family == NET_UNSPEC || node->data_size < 2u + address.size ||
			!number_of(info->ai_socktype, host_types, &numbers[0]) ||
			!number_of(info->ai_protocol, host_protocols, &numbers[1]))
			continue;
		if (!write_node(call, node, info, &address, numbers, answer->flags))
			return WASI_EFAULT;
		answer->used++;
		if (*name)
			tell_resolved(call, answer, name, address);
	}
	return 0;
}

uint32_t host_sock_getaddrinfo(struct host *h, struct call *call, const struct sock_getaddrinfo_args *a)
{
	char node[NI_MAXHOST], service[NI_MAXSERV];
	struct addrinfo hints, *result;
	struct answer answer = { 0 };
	uint32_t error = read_name(call, a->node, node, sizeof node);
	if (!error)
		error = read_name(call, a->service, service, sizeof service);
	if (!error)
		error = read_hints(call, a->hints, &hints, &answer.flags);
	if (!error && ((!*node && !*service) || a->max_res_len == 0))
		error = WASI_EINVAL;
	if (error)
		return error;
	addrinfos_each(call->memory, a->res, a->max_res_len, add_node, &answer);
	error = errno_of_resolver(name_resolve(h, true, node, service, &hints, &result));
	if (error == WASI_EINTR && stopping(h))
		call->end = CALL_STOPS;
	if (error)
		return error;
	error = write_answer(call, &answer, node, result);
	freeaddrinfo(result);
	if (error)
		return error;
	return guest_write_u32(call, a->res_len, answer.used) ? 0 : WASI_EFAULT;
}
