#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "registry/registry_parts.h"

struct id_list {
	struct uuid *ids;
	size_t count, capacity;
};

static enum err read_ids(DIR *dir, struct id_list *list)
{
	errno = 0;
	for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
		struct uuid id;
		if (!uuid_parse(view_text(entry->d_name), &id))
			continue; /* not a process */
		if (list->count == list->capacity) {
			size_t capacity = list->capacity ? list->capacity * 2 : 64;
			struct uuid *more = reallocarray(list->ids, capacity, sizeof *more);
			if (!more)
				return err_nomem();
			list->ids = more;
			list->capacity = capacity;
		}
		list->ids[list->count++] = id;
	}
	return errno ? err_set_errno(errno, "can't read the registry's directory of processes") : 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

enum err registry_processes(struct registry *registry, struct uuid **ret_ids, size_t *ret_count)
{
	struct id_list list = { 0 };
	int processes;
	enum err err = registry_dir(registry, PROCESSES_DIR, false, &processes);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!err) {
		DIR *dir = fdopendir(processes);
		err = dir ? read_ids(dir, &list) : err_set_errno(errno, "can't read the registry's directory of processes");
		dir ? closedir(dir) : close(processes);
		if (err) {
			free(list.ids);
			return err;
		}
	}
	if (list.count)
		qsort(list.ids, list.count, sizeof *list.ids, compare_ids);
	*ret_ids = list.ids;
	*ret_count = list.count;
	return 0;
}

/* An identifier backwards, digit by digit, as two numbers: those that end alike stand beside each other when they are sorted. */
struct backwards {
	uint64_t last, first;
	size_t index;
};

static uint64_t turn(const uint8_t *bytes)
{
	static const uint64_t low = UINT64_C(0x0f0f0f0f0f0f0f0f);
	uint64_t number = 0;
	for (int i = 7; i >= 0; i--)
		number = number << 8 | bytes[i];
	return (number & low) << 4 | (number >> 4 & low);
}

static int compare_backwards(const void *a, const void *b)
{
	const struct backwards *x = a, *y = b;
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* Characters that two have in common at their ends; the dashes stand where they do in all. */
static uint8_t common_suffix(const struct backwards *a, const struct backwards *b)
{
	uint64_t last = a->last ^ b->last, first = a->first ^ b->first;
	unsigned digits = last ? (unsigned)__builtin_clzll(last) / 4 : first ? 16 + (unsigned)__builtin_clzll(first) / 4 : 32;
	return (uint8_t)(digits + (digits >= 12) + (digits >= 16) + (digits >= 20) + (digits >= 24));
}

enum err uuid_unique_suffixes(const struct uuid *ids, size_t count, uint8_t **ret_lengths)
{
	enum { LEAST = 4 };
	struct backwards *all = reallocarray(NULL, count + 1, sizeof *all);
	uint8_t *lengths = malloc(count + 1);
	if (!all || !lengths) {
		free(all);
		free(lengths);
		return err_nomem();
	}
	for (size_t i = 0; i < count; i++)
		all[i] = (struct backwards){ turn(ids[i].bytes + 8), turn(ids[i].bytes), i };
	qsort(all, count, sizeof *all, compare_backwards);
	for (size_t i = 0, before = 0; i < count; i++) {
		size_t after = i + 1 < count ? common_suffix(&all[i], &all[i + 1]) : 0;
		size_t longest = before > after ? before : after;
		before = after;
		lengths[all[i].index] = (uint8_t)(longest < LEAST ? LEAST : longest < UUID_LENGTH ? longest + 1 : UUID_LENGTH);
	}
	free(all);
	*ret_lengths = lengths;
	return 0;
}
