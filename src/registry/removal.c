#include "registry/removal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "registry/registry_parts.h"

enum err process_usage(const struct process *process, struct process_usage *ret_usage)
{
	struct process_usage usage = { 0 };
	char **names;
	size_t count;
	TRY(dir_names(process->dir_fd, &names, &count));
	for (size_t i = 0; i < count; i++) {
		struct stat stat;
		if (fstatat(process->dir_fd, names[i], &stat, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		uint64_t changed = (uint64_t)stat.st_mtim.tv_sec * NS_PER_S + (uint64_t)stat.st_mtim.tv_nsec;
		usage.size += S_ISREG(stat.st_mode) ? (uint64_t)stat.st_size : 0;
		usage.changed = changed > usage.changed ? changed : usage.changed;
	}
	names_free(names, count);
	*ret_usage = usage;
	return 0;
}

/* Who runs a process has its lock before it is in the registry, and nobody takes it again: one that is not running now never will be. */
static enum err refuse_running(struct registry *registry, const struct uuid *id)
{
	struct process process;
	char name[UUID_TEXT];
	uuid_print(id, name);
	TRY(registry_open_process(registry, id, &process));
	bool running = process_is_running(&process);
	process_close(&process);
	return running ? err_set(ERR_ACCESS, "process %s is running: it can be deleted when it has ended", name) : 0;
}

enum err registry_remove_process(struct registry *registry, const struct uuid *id)
{
	uint64_t random = 0;
	char name[UUID_TEXT], gone[UUID_TEXT + 32];
	int processes;
	uuid_print(id, name);
	TRY(refuse_running(registry, id));
	if (getrandom(&random, sizeof random, 0) < 0)
		return err_set_errno(errno, "random numbers for a directory's name");
	if (registry->has_remote)
		TRY(registry->remote.remove_process(registry->remote.data, id));
	snprintf(gone, sizeof gone, ".gone-%s-%016llx", name, (unsigned long long)random);
	TRY(registry_dir(registry, PROCESSES_DIR, false, &processes));
	enum err err = 0;
	if (renameat(processes, name, processes, gone) < 0)
		err = errno == ENOENT ? err_set(ERR_NOT_FOUND, "process %s is not in the registry %s", name, registry->path)
				      : err_set_errno(errno, "can't delete process %s", name);
	close(processes);
	if (!err && registry->has_remote)
		registry->remote.removed_process(registry->remote.data, id);
	return err;
}

struct leftovers {
	bool remove;
	char **paths;
	size_t count, capacity;
};

static enum err add_leftover(struct leftovers *found, int dir_fd, const char *folder, const char *name)
{
	BUF_CLEANUP struct buf path = { 0 };
	if (found->count == found->capacity) {
		size_t capacity = found->capacity ? found->capacity * 2 : 16;
		char **more = reallocarray(found->paths, capacity, sizeof *more);
		if (!more)
			return err_nomem();
		found->paths = more;
		found->capacity = capacity;
	}
	buf_printf(&path, "%s/%s", folder, name);
	if (!(found->paths[found->count] = strdup(buf_text(&path))))
		return err_nomem();
	found->count++;
	return found->remove ? tree_remove(dir_fd, name) : ERR_NONE;
}

/* Those that begin like this. */
static enum err add_leftovers(struct leftovers *found, int dir_fd, const char *folder, const char *prefix)
{
	char **names;
	size_t count;
	TRY(dir_leftovers(dir_fd, &names, &count));
	enum err err = 0;
	for (size_t i = 0; i < count && !err; i++) {
		if (strncmp(names[i], prefix, strlen(prefix)) == 0)
			err = add_leftover(found, dir_fd, folder, names[i]);
	}
	names_free(names, count);
	return err;
}

static enum err add_shelves(struct leftovers *found, int modules)
{
	char **names;
	size_t count;
	TRY(dir_names(modules, &names, &count));
	enum err err = 0;
	for (size_t i = 0; i < count && !err; i++) {
		char folder[300];
		int shelf;
		snprintf(folder, sizeof folder, MODULES_DIR "/%s", names[i]);
		if (found->remove && unlinkat(modules, names[i], AT_REMOVEDIR) == 0)
			continue; /* it was empty */
		if (dir_open(modules, names[i], false, &shelf) != 0)
			continue;
		err = add_leftovers(found, shelf, folder, ".new-");
		close(shelf);
	}
	names_free(names, count);
	return err;
}

/* A directory of the registry that may not be there. */
static enum err in_dir(struct registry *registry, const char *path, struct leftovers *found,
	enum err (*add)(struct leftovers *found, int dir_fd))
{
	int fd;
	enum err err = registry_dir(registry, path, false, &fd);
	if (err == ERR_NOT_FOUND)
		return 0;
	TRY(err);
	err = add(found, fd);
	close(fd);
	return err;
}

/* Renamed for good before anything of it goes. */
static enum err add_gone(struct leftovers *found, int processes)
{
	if (found->remove && fsync(processes) < 0 && errno != EINVAL)
		return err_set_errno(errno, "can't write the directory of processes");
	return add_leftovers(found, processes, PROCESSES_DIR, ".gone-");
}

static enum err add_new(struct leftovers *found, int processes)
{
	return add_leftovers(found, processes, PROCESSES_DIR, ".new-");
}

/* What is being made belongs to somebody who holds the shared lock; if nobody does, to nobody. */
static enum err find_leftovers(struct registry *registry, struct leftovers *found)
{
	int lock;
	TRY(in_dir(registry, PROCESSES_DIR, found, add_gone));
	enum err err = registry_lock(registry, &lock);
	if (err == ERR_LIMIT || err == ERR_NOT_FOUND)
		return 0;
	TRY(err);
	err = in_dir(registry, PROCESSES_DIR, found, add_new);
	if (!err)
		err = in_dir(registry, MODULES_DIR, found, add_shelves);
	close(lock);
	return err;
}

enum err registry_leftovers(struct registry *registry, bool remove, char ***ret_paths, size_t *ret_count)
{
	struct leftovers found = { .remove = remove };
	enum err err = find_leftovers(registry, &found);
	if (err) {
		names_free(found.paths, found.count);
		return err_prefix(err, "registry %s", registry->path);
	}
	*ret_paths = found.paths;
	*ret_count = found.count;
	return 0;
}

enum err registry_sweep(struct registry *registry)
{
	char **paths;
	size_t count;
	TRY(registry_leftovers(registry, true, &paths, &count));
	names_free(paths, count);
	return 0;
}
