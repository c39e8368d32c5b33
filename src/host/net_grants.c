/*
 * Which of the network a restricted guest may use.
 *
 * A grant is HOST[:PORT]. What is checked is the address that the kernel is about to be given, never a name: a name that was granted stands
 * for the addresses that it had when the guest asked for it.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <strings.h>

#include "host/parts.h"

struct net_grant {
	const char *name; /* borrowed, not ended by a NUL; NULL: the addresses */
	size_t name_size;
	struct net_address address; /* NET_UNSPEC: all */
	uint8_t bits;               /* of the address that count */
	uint16_t first, last;       /* ports */
};

/* An address of a name that was granted. */
struct named {
	struct net_address address;
	uint16_t first, last;
};

struct net_grants {
	struct named *named; /* the last NAMED_MAX */
	size_t named_count;
	size_t count;
	struct net_grant grants[];
};

enum { NAMED_MAX = 4096 };

static bool parse_number(const char **at, uint32_t max, uint32_t *ret_number)
{
	const char *start = *at;
	uint32_t number = 0;
	for (; **at >= '0' && **at <= '9' && *at - start < 6; (*at)++)
		number = number * 10 + (uint32_t)(**at - '0');
	*ret_number = number;
	return *at > start && number <= max;
}

/* A number, two with "-" between, or "*"; nothing is all. */
static bool parse_ports(const char *at, struct net_grant *grant)
{
	uint32_t first = 0, last = UINT16_MAX;
	if (*at && strcmp(at, "*") != 0) {
		if (!parse_number(&at, UINT16_MAX, &first))
			return false;
		last = first;
		if (*at == '-') {
			at++;
			if (!parse_number(&at, UINT16_MAX, &last))
				return false;
		}
		if (*at || first > last)
			return false;
	}
	grant->first = (uint16_t)first;
	grant->last = (uint16_t)last;
	return true;
}

/* ADDRESS or ADDRESS/BITS. */
static bool parse_range(const char *host, size_t size, struct net_grant *grant)
{
	char text[INET6_ADDRSTRLEN + 4];
	if (size >= sizeof text)
		return false;
	memcpy(text, host, size);
	text[size] = 0;
	char *slash = strchr(text, '/');
	if (slash)
		*slash = 0;
	struct net_address address = { .family = NET_INET4, .size = 4 };
	if (inet_pton(AF_INET, text, address.bytes) != 1) {
		address = (struct net_address){ .family = NET_INET6, .size = 16 };
		if (inet_pton(AF_INET6, text, address.bytes) != 1)
			return false;
	}
	uint32_t bits = address.size * 8u;
	const char *at = slash ? slash + 1 : "";
	if (slash && (!parse_number(&at, bits, &bits) || *at))
		return false;
	grant->address = address;
	grant->bits = (uint8_t)bits;
	return true;
}

static bool parse_host(const char *host, size_t size, bool bracketed, struct net_grant *grant)
{
	static const char of_names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	bool wild = size > 2 && memcmp(host, "*.", 2) == 0;
	if (!bracketed && size == 1 && *host == '*')
		return true;
	if (parse_range(host, size, grant))
		return true;
	grant->name = host;
	grant->name_size = size - (size && host[size - 1] == '.');
	return !bracketed && grant->name_size && strspn(host + (wild ? 2 : 0), of_names) + (wild ? 2 : 0) >= size;
}

static bool parse_grant(const char *text, struct net_grant *grant)
{
	const char *colon = strrchr(text, ':');
	if (*text == '[') {
		const char *end = strchr(text, ']');
		return end && (end[1] == 0 || (end[1] == ':' && end[2])) && parse_ports(end[1] ? end + 2 : "", grant) &&
			parse_host(text + 1, (size_t)(end - text - 1), true, grant);
	}
	if (colon != strchr(text, ':')) /* several: of IPv6, all of it */
		return parse_ports("", grant) && parse_range(text, strlen(text), grant);
	if (!colon)
		return parse_ports("", grant) && parse_host(text, strlen(text), false, grant);
	return colon[1] && parse_ports(colon + 1, grant) && parse_host(text, (size_t)(colon - text), false, grant);
}

enum err net_grants_create(const char *const *texts, size_t count, struct net_grants **ret_grants)
{
	struct net_grants *grants = calloc(1, sizeof *grants + count * sizeof *grants->grants);
	if (!grants)
		return err_nomem();
	grants->count = count;
	for (size_t i = 0; i < count; i++) {
		if (parse_grant(texts[i], &grants->grants[i]))
			continue;
		free(grants);
		return err_set(ERR_USAGE,
			"--allow-net %s: it must be HOST or HOST:PORT, HOST a name, an address, a range of addresses or *, "
			"PORT a number, a range or *",
			texts[i]);
	}
	*ret_grants = grants;
	return ERR_NONE;
}

void net_grants_destroy(struct net_grants *grants)
{
	if (!grants)
		return;
	free(grants->named);
	free(grants);
}

static bool in_range(const struct net_address *address, const struct net_address *range, uint8_t bits)
{
	uint8_t whole = bits / 8, rest = bits % 8;
	return address->family == range->family && memcmp(address->bytes, range->bytes, whole) == 0 &&
		(rest == 0 || (address->bytes[whole] ^ range->bytes[whole]) >> (8 - rest) == 0);
}

static bool is_name(const struct net_grant *grant, const char *name)
{
	size_t size = strlen(name), suffix = grant->name_size;
	size -= size && name[size - 1] == '.';
	if (grant->name[0] != '*')
		return size == suffix && strncasecmp(name, grant->name, size) == 0;
	suffix--; /* what is behind the "*" */
	return size > suffix && strncasecmp(name + size - suffix, grant->name + 1, suffix) == 0;
}

static bool is_loopback(const struct net_address *address)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	return address->family == NET_INET4 ? address->bytes[0] == 127 : memcmp(address->bytes, loopback6, 16) == 0;
}

static bool grants_address(const struct net_grant *grant, const struct net_address *address)
{
	if (address->port < grant->first || address->port > grant->last)
		return false;
	if (grant->name) /* this one needs no resolver to be known */
		return is_name(grant, "localhost") && is_loopback(address);
	return grant->address.family == NET_UNSPEC || in_range(address, &grant->address, grant->bits);
}

/* As the kernel takes it: IPv4 in IPv6 is IPv4, and who dials no address dials this machine. */
static struct net_address taken(const struct net_address *address, bool dials)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff }, none[16];
	struct net_address to = *address;
	if (to.family == NET_INET6 && memcmp(to.bytes, mapped, 12) == 0) {
		to = (struct net_address){ .family = NET_INET4, .size = 4, .port = address->port };
		memcpy(to.bytes, address->bytes + 12, 4);
	}
	if (dials && memcmp(to.bytes, none, to.size) == 0) {
		to.bytes[0] = to.family == NET_INET4 ? 127 : 0;
		to.bytes[to.size - 1] = 1;
	}
	return to;
}

uint32_t net_check(const struct host *h, const union sockaddr_any *host, socklen_t size, bool dials)
{
	const struct net_grants *grants = h->net_grants;
	struct net_address address = address_of_host(host, size);
	if (!h->options.net_restricted || (address.family != NET_INET4 && address.family != NET_INET6))
		return 0;
	address = taken(&address, dials);
	for (size_t i = 0; i < grants->count; i++) {
		if (grants_address(&grants->grants[i], &address))
			return 0;
	}
	for (size_t i = 0; i < grants->named_count && i < NAMED_MAX; i++) {
		const struct named *known = &grants->named[i];
		if (address.port >= known->first && address.port <= known->last && in_range(&address, &known->address, address.size * 8))
			return 0;
	}
	return WASI_EACCES;
}

bool net_name_granted(const struct host *h, const char *name)
{
	const struct net_grants *grants = h->net_grants;
	for (size_t i = 0; h->options.net_restricted && i < grants->count; i++) {
		const struct net_grant *grant = &grants->grants[i];
		if (grant->name ? is_name(grant, name) : grant->address.family == NET_UNSPEC)
			return true;
	}
	return !h->options.net_restricted;
}

static void remember(struct net_grants *grants, const struct named *named)
{
	for (size_t i = 0; i < grants->named_count && i < NAMED_MAX; i++) {
		if (memcmp(&grants->named[i], named, sizeof *named) == 0)
			return;
	}
	if (!grants->named)
		grants->named = calloc(NAMED_MAX, sizeof *named);
	if (grants->named)
		grants->named[grants->named_count++ % NAMED_MAX] = *named;
}

void net_name_resolved(struct host *h, const char *name, const struct addrinfo *info)
{
	struct net_grants *grants = h->net_grants;
	for (; h->options.net_restricted && info; info = info->ai_next) {
		struct net_address address = address_of_info(info);
		for (size_t i = 0; i < grants->count; i++) {
			const struct net_grant *grant = &grants->grants[i];
			struct named named = { .first = grant->first, .last = grant->last };
			if (!grant->name || !is_name(grant, name))
				continue;
			named.address = taken(&address, true);
			named.address.port = 0;
			remember(grants, &named);
		}
	}
}
