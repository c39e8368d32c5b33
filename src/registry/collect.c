#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "registry/registry_parts.h"
#include "registry/removal.h"

enum err registry_hold(struct registry *registry)
{
	int fd;
	if (registry->hold_fd >= 0)
		return 0;
	TRY(registry_dir(registry, "modules", true, &fd));
	while (flock(fd, LOCK_SH) < 0) {
		if (errno == EINTR)
			continue;
		enum err err = err_set_errno(errno, "can't lock the modules of the registry %s", registry->path);
		close(fd);
		return err;
	}
	registry->hold_fd = fd;
	return 0;
}

void registry_release(struct registry *registry)
{
	if (registry->hold_fd >= 0)
		close(registry->hold_fd);
	registry->hold_fd = -1;
}

enum err registry_lock(struct registry *registry, int *ret_fd)
{
	enum { TRIES = 100, PAUSE_MS = 20 };
	int fd;
	TRY(registry_dir(registry, "modules", false, &fd));
	for (int left = TRIES; flock(fd, LOCK_EX | LOCK_NB) < 0; left--) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			enum err err = err_set_errno(errno, "can't lock the modules of the registry %s", registry->path);
			close(fd);
			return err;
		}
		if (left == 0) {
			close(fd);
			return err_set(ERR_LIMIT, "another timecraft is storing a module in the registry %s", registry->path);
		}
		nanosleep(&(struct timespec){ .tv_nsec = (long)PAUSE_MS * NS_PER_MS }, NULL);
	}
	*ret_fd = fd;
	return 0;
}

/* What processes need. */
struct needs {
	struct digest *digests; /* sorted by needs_sort */
	size_t count, capacity;
	bool unknown;        /* something that nobody can tell */
	struct uuid process; /* of this one */
};

static enum err add_need(struct needs *needs, const struct brief *brief)
{
	if (brief->start_wall == 0) {
		needs->unknown = true;
		needs->process = brief->id;
		return 0;
	}
	if (needs->count && memcmp(&needs->digests[needs->count - 1], &brief->module, sizeof brief->module) == 0)
		return 0;
	if (needs->count == needs->capacity) {
		size_t capacity = needs->capacity ? needs->capacity * 2 : 64;
		struct digest *more = reallocarray(needs->digests, capacity, sizeof *more);
		if (!more)
			return err_nomem();
		needs->digests = more;
		needs->capacity = capacity;
	}
	needs->digests[needs->count++] = brief->module;
	return 0;
}

static enum err add_needs(struct needs *needs, const struct briefs *briefs, const bool *gone)
{
	for (size_t i = 0; i < briefs->count; i++) {
		if (!gone || !gone[i])
			TRY(add_need(needs, &briefs->items[i]));
	}
	return 0;
}

/* Of processes that came after the briefs were loaded. */
static enum err add_new_needs(struct registry *registry, struct needs *needs, const struct briefs *briefs)
{
	struct uuid *ids;
	size_t count, at = 0;
	struct arena arena = { 0 };
	TRY(registry_processes(registry, &ids, &count));
	enum err err = 0;
	for (size_t i = 0; i < count && !err; i++) {
		while (at < briefs->count && memcmp(&briefs->items[at].id, &ids[i], sizeof *ids) < 0)
			at++;
		if (at < briefs->count && uuid_equal(&briefs->items[at].id, &ids[i]))
			continue;
		struct brief brief;
		err = brief_load(registry, &ids[i], &arena, NULL, &brief);
		if (!err)
			err = add_need(needs, &brief);
		else if (err == ERR_NOT_FOUND)
			err = 0; /* removed meanwhile */
	}
	arena_finish(&arena);
	free(ids);
	return err;
}

static int compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

static enum err keep_all(struct unneeded *unneeded, const struct needs *needs)
{
	char id[UUID_TEXT];
	BUF_CLEANUP struct buf text = { 0 };
	uuid_print(&needs->process, id);
	buf_printf(&text, "modules are kept: nobody can tell which of them process %s needs", id);
	unneeded->kept = strdup(buf_text(&text));
	return unneeded->kept ? 0 : err_nomem();
}

static enum err find_unneeded(struct registry *registry, struct needs *needs, struct unneeded *ret_unneeded)
{
	struct unneeded unneeded = { 0 };
	size_t count = 0;
	if (needs->count)
		qsort(needs->digests, needs->count, sizeof *needs->digests, compare_digests);
	TRY(registry_modules(registry, &unneeded.modules, &count));
	for (size_t i = 0; i < count; i++) {
		const struct digest *digest = &unneeded.modules[i].digest;
		if (!needs->count || !bsearch(digest, needs->digests, needs->count, sizeof *digest, compare_digests))
			unneeded.modules[unneeded.count++] = unneeded.modules[i];
	}
	enum err err = unneeded.count && needs->unknown ? keep_all(&unneeded, needs) : ERR_NONE;
	if (needs->unknown)
		unneeded.count = 0;
	if (err) {
		unneeded_finish(&unneeded);
		return err;
	}
	*ret_unneeded = unneeded;
	return 0;
}

void unneeded_finish(struct unneeded *unneeded)
{
	free(unneeded->modules);
	free(unneeded->kept);
	*unneeded = (struct unneeded){ 0 };
}

enum err registry_unneeded_modules(struct registry *registry, const struct briefs *briefs, const bool *gone, struct unneeded *ret_unneeded)
{
	struct needs needs = { 0 };
	enum err err = add_needs(&needs, briefs, gone);
	if (!err)
		err = find_unneeded(registry, &needs, ret_unneeded);
	free(needs.digests);
	return err;
}

static enum err remove_modules(struct registry *registry, const struct digest *only, struct unneeded *unneeded)
{
	size_t removed = 0;
	for (size_t i = 0; i < unneeded->count; i++) {
		const struct stored_module module = unneeded->modules[i];
		if (only && memcmp(&module.digest, only, sizeof *only) != 0)
			continue;
		enum err err = registry_remove_module(registry, &module.digest);
		if (err == ERR_NOT_FOUND)
			continue; /* another removed it */
		TRY(err);
		unneeded->modules[removed++] = module;
	}
	unneeded->count = removed;
	return 0;
}

/* Most is read before the lock is taken: who wants to run something waits for little. */
static enum err collect(struct registry *registry, const struct briefs *briefs, const struct digest *only, struct unneeded *ret_removed)
{
	struct needs needs = { 0 };
	int lock;
	enum err err = add_needs(&needs, briefs, NULL);
	if (!err)
		err = registry_lock(registry, &lock);
	if (!err) {
		err = add_new_needs(registry, &needs, briefs);
		if (!err)
			err = find_unneeded(registry, &needs, ret_removed);
		if (!err) {
			err = remove_modules(registry, only, ret_removed);
			if (err)
				unneeded_finish(ret_removed);
		}
		close(lock);
	}
	free(needs.digests);
	return err;
}

enum err registry_collect_modules(struct registry *registry, const struct digest *only, struct unneeded *ret_removed)
{
	struct briefs briefs;
	*ret_removed = (struct unneeded){ 0 };
	TRY(briefs_load(registry, &briefs));
	enum err err = collect(registry, &briefs, only, ret_removed);
	briefs_finish(&briefs);
	if (err == ERR_LIMIT && (ret_removed->kept = strdup("modules are kept: another timecraft is storing one")))
		return 0;
	return err == ERR_NOT_FOUND ? ERR_NONE : err; /* there are none */
}
