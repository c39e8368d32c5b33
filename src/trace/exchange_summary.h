/* What exchanges cost, by protocol, host and path, or what else is alike in them. */
#pragma once

#include "trace/exchange.h"

enum {
	LATENCY_STEPS = 32, /* to each doubling: a latency is known to a 32nd part */
	LATENCY_BUCKETS = 40 * LATENCY_STEPS,
	SUMMARY_GROUPS_MAX = 2048, /* what is seen after so many goes into one group, without host and path */
	SUMMARY_NAME_MAX = 256,    /* bytes of a host or path that tell groups apart */
};

struct exchange_group {
	bool others;            /* those that found no group of their own */
	const char *protocol;   /* a literal; of the others NULL */
	struct view host;       /* the server's address where there is no name */
	struct view path;       /* without its query; or the shape of the request, or of what stands alone */
	bool has_status;        /* the protocol has paths and statuses: HTTP, of any version */
	uint64_t count, errors; /* exchanges with an error in place of either side, or a response that says that it failed */
	uint64_t statuses[6];   /* by hundreds; 0 is none of them */
	uint64_t bytes;         /* of bodies, both ways */
	uint64_t latency_max;   /* ns, from the request's first byte to the response's */
	uint64_t latency_count;
	uint32_t latencies[LATENCY_BUCKETS];
};

struct exchange_summary;

enum err exchange_summary_create(struct exchange_summary **ret_summary);
void exchange_summary_destroy(struct exchange_summary *summary); /* NULL allowed */
enum err exchange_summary_add(struct exchange_summary *summary, const struct exchange *exchange);

/* The groups, those of most exchanges first, the others last. Sorts them. Valid until the next change. */
struct exchange_group *const *exchange_summary_groups(struct exchange_summary *summary, uint32_t *ret_count);

/* The latency that `percent` of the exchanges of a group do not exceed, ns; 0 where there is none. */
uint64_t exchange_group_latency(const struct exchange_group *group, uint32_t percent);
