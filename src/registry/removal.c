#include "registry/removal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
	snprintf(gone, sizeof gone, ".gone-%s-%016llx", name, (unsigned long long)random);
	TRY(registry_dir(registry, PROCESSES_DIR, false, &processes));
	enum err err = 0;
	if (renameat(processes, name, processes, gone) < 0)
		err = errno == ENOENT ? err_set(ERR_NOT_FOUND, "process %s is not in the registry %s", name, registry->path)
				      : err_set_errno(errno, "can't delete process %s", name);
	close(processes);
	return err;
}

static enum err sweep_names(int processes, char *const *names, size_t count, bool alone)
{
	enum err err = 0;
	for (size_t i = 0; i < count && !err; i++) {
		if (alone || names[i][1] == 'g')
			err = tree_remove(processes, names[i]);
	}
	return err;
}

/* What is being made belongs to somebody who holds the shared lock; if nobody does, to nobody. */
static enum err sweep_processes(struct registry *registry, int processes)
{
	char **names;
	size_t count;
	int lock = -1;
	TRY(dir_leftovers(processes, &names, &count));
	enum err err = 0;
	if (count && fsync(processes) < 0 && errno != EINVAL) /* renamed for good before anything of it goes */
		err = err_set_errno(errno, "can't write the directory of processes");
	if (!err && count)
		err = registry_lock(registry, &lock);
	bool alone = !err;
	if (err == ERR_LIMIT || err == ERR_NOT_FOUND)
		err = 0;
	if (!err)
		err = sweep_names(processes, names, count, alone);
	if (lock >= 0)
		close(lock);
	names_free(names, count);
	return err;
}

enum err registry_sweep(struct registry *registry)
{
	int processes;
	enum err err = registry_dir(registry, PROCESSES_DIR, false, &processes);
	if (err == ERR_NOT_FOUND)
		return 0;
	TRY(err);
	err = sweep_processes(registry, processes);
	close(processes);
	return err ? err_prefix(err, "registry %s", registry->path) : 0;
}
