#include "trace/exchange_summary.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "trace/exchange_filter.h"

enum { BUCKETS = 1024 };

struct entry {
	struct exchange_group group; /* first: groups are entries */
	struct entry *next;          /* in its bucket */
};

struct exchange_summary {
	struct arena arena;
	struct entry *buckets[BUCKETS];
	struct exchange_group *groups[SUMMARY_GROUPS_MAX + 1];
	struct exchange_group *others;
	uint32_t count;
};

enum err exchange_summary_create(struct exchange_summary **ret_summary)
{
	*ret_summary = calloc(1, sizeof **ret_summary);
	return *ret_summary ? ERR_NONE : err_nomem();
}

void exchange_summary_destroy(struct exchange_summary *summary)
{
	if (!summary)
		return;
	arena_finish(&summary->arena);
	free(summary);
}

/* Names come from the wire, as long as it likes. */
static struct view name_of(struct view text)
{
	return view_slice(text, 0, SUMMARY_NAME_MAX);
}

static uint32_t hash_of(struct view a, struct view b)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < a.size; i++)
		hash = (hash ^ a.data[i]) * 16777619u;
	for (size_t i = 0; i < b.size; i++)
		hash = (hash ^ b.data[i]) * 16777619u;
	return hash;
}

static bool has_status(const char *protocol)
{
	return strncmp(protocol, "HTTP", 4) == 0;
}

static struct exchange_group *new_group(struct exchange_summary *s, const char *protocol, struct view host, struct view path)
{
	struct entry *entry = ARENA_NEW(&s->arena, struct entry);
	const char *host_copy = arena_text(&s->arena, host), *path_copy = arena_text(&s->arena, path);
	if (!entry || !host_copy || !path_copy)
		return NULL;
	entry->group.protocol = protocol;
	entry->group.has_status = protocol && has_status(protocol);
	entry->group.host = view_of(host_copy, host.size);
	entry->group.path = view_of(path_copy, path.size);
	s->groups[s->count++] = &entry->group;
	return &entry->group;
}

static struct exchange_group *group_of(struct exchange_summary *s, const char *protocol, struct view host, struct view path)
{
	struct entry **bucket = &s->buckets[hash_of(host, path) % BUCKETS];
	for (struct entry *at = *bucket; at; at = at->next) {
		if (strcmp(at->group.protocol, protocol) == 0 && view_equal(at->group.host, host) && view_equal(at->group.path, path))
			return &at->group;
	}
	if (s->count >= SUMMARY_GROUPS_MAX) {
		if (!s->others)
			s->others = new_group(s, NULL, (struct view){ 0 }, (struct view){ 0 });
		if (s->others) {
			s->others->others = true;
			s->others->has_status |= has_status(protocol);
		}
		return s->others;
	}
	struct exchange_group *group = new_group(s, protocol, host, path);
	if (group) {
		struct entry *entry = (struct entry *)group;
		entry->next = *bucket;
		*bucket = entry;
	}
	return group;
}

/* Steps of a doubling are of equal size. */
static uint32_t bucket_of(uint64_t ns)
{
	if (ns < LATENCY_STEPS)
		return (uint32_t)ns;
	uint32_t log = 63 - (uint32_t)__builtin_clzll(ns), shift = log - 5;
	uint32_t bucket = (shift + 1) * LATENCY_STEPS + (uint32_t)(ns >> shift & (LATENCY_STEPS - 1));
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/* The most that falls into a bucket. */
static uint64_t most_of(uint32_t bucket)
{
	if (bucket < LATENCY_STEPS)
		return bucket;
	uint32_t shift = bucket / LATENCY_STEPS - 1;
	return ((uint64_t)(LATENCY_STEPS + bucket % LATENCY_STEPS + 1) << shift) - 1;
}

static void add_latency(struct exchange_group *group, const struct exchange *exchange)
{
	uint64_t start = exchange->request.message.time, end = exchange->response.message.time;
	if (!exchange->request.present || !exchange->response.present || end < start)
		return;
	group->latencies[bucket_of(end - start)]++;
	group->latency_count++;
	if (end - start > group->latency_max)
		group->latency_max = end - start;
}

enum err exchange_summary_add(struct exchange_summary *s, const struct exchange *exchange)
{
	const struct message *request = &exchange->request.message, *response = &exchange->response.message;
	struct view host = exchange_host(exchange), path = exchange_shape(exchange);
	bool shaped = path.size;
	if (!shaped)
		path = exchange_path(exchange);
	const uint8_t *query = path.size && !shaped ? memchr(path.data, '?', path.size) : NULL;
	BUF_CLEANUP struct buf address = { 0 };
	if (host.size == 0) {
		net_address_print(&address, &exchange->server);
		host = buf_view(&address);
	}
	path.size = query ? (size_t)(query - path.data) : path.size;
	struct exchange_group *group = group_of(s, exchange->protocol, name_of(host), name_of(path));
	if (!group)
		return err_nomem();
	group->count++;
	group->errors += request->error.size || response->error.size || response->failed;
	if (exchange->response.present)
		group->statuses[response->status / 100 < 6 ? response->status / 100 : 0]++;
	group->bytes += request->body_bytes + response->body_bytes;
	add_latency(group, exchange);
	return ERR_NONE;
}

static int compare_views(struct view a, struct view b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size ? memcmp(a.data, b.data, size) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare(const void *a, const void *b)
{
	const struct exchange_group *x = *(struct exchange_group *const *)a, *y = *(struct exchange_group *const *)b;
	if (x->others != y->others)
		return x->others ? 1 : -1;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	int order = compare_views(x->host, y->host);
	order = order ? order : compare_views(x->path, y->path);
	return order || x->others ? order : strcmp(x->protocol, y->protocol);
}

struct exchange_group *const *exchange_summary_groups(struct exchange_summary *s, uint32_t *ret_count)
{
	qsort(s->groups, s->count, sizeof(struct exchange_group *), compare);
	*ret_count = s->count;
	return s->groups;
}

uint64_t exchange_group_latency(const struct exchange_group *group, uint32_t percent)
{
	uint64_t wanted = (group->latency_count * percent + 99) / 100, seen = 0;
	for (uint32_t i = 0; i < LATENCY_BUCKETS && group->latency_count; i++) {
		seen += group->latencies[i];
		if (seen >= wanted)
			return most_of(i) < group->latency_max && i != LATENCY_BUCKETS - 1 ? most_of(i) : group->latency_max;
	}
	return 0;
}
