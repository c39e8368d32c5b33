#include "registry/registry_parts.h"

#include "base/time.h"
#include "log/reader.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_MANIFEST = 64 << 20, MAX_CANDIDATES = 10 };

void process_close(struct process *process)
{
	if (!process)
		return;
	if (process->dir_fd >= 0)
		close(process->dir_fd);
	if (process->lock_fd >= 0)
		close(process->lock_fd);
	process->dir_fd = process->lock_fd = -1;
}

/* The lock is taken before the directory gets its name, so that nobody sees a process that neither runs nor has ended. */
static enum err fill_process(const struct manifest *manifest, struct process *process)
{
	process->lock_fd = openat(process->dir_fd, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (process->lock_fd < 0 || fchmod(process->lock_fd, 0600) < 0 || flock(process->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set_errno(errno, "can't lock the process");
	BUF_CLEANUP struct buf bytes = { 0 };
	TRY(manifest_encode(manifest, &bytes));
	return file_write(process->dir_fd, "manifest.yaml", buf_view(&bytes), 0600, false);
}

enum { HIDDEN_TEXT = UUID_TEXT + 8 };

static void print_names(const struct uuid *id, char name[UUID_TEXT], char hidden[HIDDEN_TEXT])
{
	uuid_print(id, name);
	snprintf(hidden, HIDDEN_TEXT, ".new-%s", name);
}

static enum err begin_process(struct registry *registry, const struct manifest *manifest, struct process *process)
{
	char name[UUID_TEXT], hidden[HIDDEN_TEXT];
	int processes;
	print_names(&manifest->id, name, hidden);
	TRY(registry_hold(registry));
	TRY(registry_dir(registry, PROCESSES_DIR, true, &processes));
	enum err err = dir_open(processes, hidden, true, &process->dir_fd);
	close(processes);
	return err ? err : fill_process(manifest, process);
}

enum err registry_begin_process(struct registry *registry, const struct manifest *manifest, struct process *ret_process)
{
	struct process process = { .id = manifest->id, .dir_fd = -1, .lock_fd = -1 };
	enum err err = begin_process(registry, manifest, &process);
	if (err) {
		err = err_prefix(err, "registry %s", registry->path);
		registry_abandon_process(registry, &process);
		return err;
	}
	*ret_process = process;
	return 0;
}

enum err registry_publish_process(struct registry *registry, const struct process *process)
{
	char name[UUID_TEXT], hidden[HIDDEN_TEXT];
	int processes;
	print_names(&process->id, name, hidden);
	TRY(registry_dir(registry, PROCESSES_DIR, false, &processes));
	enum err err = 0;
	if (renameat(processes, hidden, processes, name) < 0)
		err = err_set_errno(errno, "registry %s: can't make the directory of process %s", registry->path, name);
	close(processes);
	if (!err)
		registry_release(registry);
	return err;
}

void registry_abandon_process(struct registry *registry, struct process *process)
{
	char name[UUID_TEXT], hidden[HIDDEN_TEXT];
	int processes;
	print_names(&process->id, name, hidden);
	if (process->lock_fd >= 0 && registry_dir(registry, PROCESSES_DIR, false, &processes) == 0) { /* else it is another's */
		(void)tree_remove(processes, hidden);
		close(processes);
	}
	process_close(process);
	registry_release(registry);
}

enum err registry_create_process(struct registry *registry, const struct manifest *manifest, struct process *ret_process)
{
	struct process process;
	TRY(registry_begin_process(registry, manifest, &process));
	enum err err = registry_publish_process(registry, &process);
	if (err) {
		registry_abandon_process(registry, &process);
		return err;
	}
	*ret_process = process;
	return 0;
}

enum err registry_open_process(struct registry *registry, const struct uuid *id, struct process *ret_process)
{
	char path[sizeof PROCESSES_DIR + UUID_TEXT], name[UUID_TEXT];
	uuid_print(id, name);
	snprintf(path, sizeof path, PROCESSES_DIR "/%s", name);
	int fd;
	if (registry->has_remote)
		TRY(registry->remote.open_process(registry->remote.data, id));
	enum err err = registry_dir(registry, path, false, &fd);
	if (err == ERR_NOT_FOUND)
		return err_set(err, "process %s is not in the registry %s", name, registry->path);
	TRY(err);
	*ret_process = (struct process){ .id = *id, .dir_fd = fd, .lock_fd = -1 };
	return 0;
}

bool process_was_deleted(const struct process *process)
{
	char name[UUID_TEXT + 4] = "../";
	struct stat here, there;
	uuid_print(&process->id, name + 3);
	if (fstat(process->dir_fd, &here) < 0)
		return false;
	return fstatat(process->dir_fd, name, &there, 0) < 0 ? errno == ENOENT : there.st_ino != here.st_ino || there.st_dev != here.st_dev;
}

enum err process_explain(const struct process *process, enum err err)
{
	char id[UUID_TEXT];
	if (!err || err == ERR_END || process->dir_fd < 0 || !process_was_deleted(process))
		return err;
	uuid_print(&process->id, id);
	return err_set(ERR_NOT_FOUND, "process %s was deleted meanwhile", id);
}

bool process_is_running(const struct process *process)
{
	return log_is_running(process->dir_fd);
}

enum err process_manifest(const struct process *process, struct manifest *ret_manifest)
{
	char id[UUID_TEXT];
	uuid_print(&process->id, id);
	int fd = openat(process->dir_fd, "manifest.yaml", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return process_explain(process, err_set_errno(errno, "process %s: can't open manifest.yaml", id));
	BUF_CLEANUP struct buf bytes = { 0 };
	enum err err = file_read(fd, "manifest.yaml", MAX_MANIFEST, &bytes);
	close(fd);
	struct manifest manifest;
	if (!err)
		err = manifest_decode(buf_view(&bytes), &manifest);
	if (err)
		return err_prefix(err, "process %s", id);
	if (!uuid_equal(&manifest.id, &process->id)) {
		manifest_finish(&manifest);
		return err_set(ERR_DAMAGED, "process %s: manifest.yaml is that of another process", id);
	}
	*ret_manifest = manifest;
	return 0;
}

bool id_matches(const char *id, const char *text)
{
	size_t length = strlen(id), size = strlen(text);
	return length > 0 && length <= size && (strncasecmp(id, text, length) == 0 || strcasecmp(id, text + size - length) == 0);
}

/* @last, @N: 0 where it is neither. */
static size_t parse_recent(const char *id)
{
	if (strcmp(id, "@last") == 0)
		return 1;
	if (id[0] != '@' || !isdigit((unsigned char)id[1]))
		return 0;
	char *end;
	unsigned long n = strtoul(id + 1, &end, 10);
	return *end ? 0 : n;
}

static void describe_candidate(struct registry *registry, const struct uuid *id, struct buf *out)
{
	char text[UUID_TEXT], when[32] = "?";
	struct process process;
	struct manifest manifest = { 0 };
	uuid_print(id, text);
	buf_printf(out, "\n    %s", text);
	if (registry_open_process(registry, id, &process) != 0)
		return;
	if (process_manifest(&process, &manifest) == 0) {
		time_t seconds = (time_t)(manifest.start_wall / NS_PER_S);
		struct tm local;
		if (localtime_r(&seconds, &local))
			strftime(when, sizeof when, "%F %T", &local);
		buf_printf(out, "  %s  %.*s", when, VIEW_ARG(manifest.module_name));
		manifest_finish(&manifest);
	}
	process_close(&process);
}

static enum err resolve_among(struct registry *registry, const char *id, const struct uuid *ids, size_t count, struct uuid *ret_id)
{
	size_t matches = 0, last = 0, recent = parse_recent(id);
	BUF_CLEANUP struct buf candidates = { 0 };
	if (id[0] == '@') {
		if (recent == 0)
			return err_set(ERR_USAGE, "%s: expected @last, or @N for the Nth newest process", id);
		if (recent > count)
			return err_set(ERR_NOT_FOUND, "%s: there are %zu processes in the registry %s", id, count, registry->path);
		*ret_id = ids[count - recent];
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		char text[UUID_TEXT];
		uuid_print(&ids[i], text);
		if (!id_matches(id, text))
			continue;
		last = i;
		if (++matches <= MAX_CANDIDATES)
			describe_candidate(registry, &ids[i], &candidates);
	}
	if (matches == 0)
		return err_set(ERR_NOT_FOUND, "no process %s in the registry %s", id, registry->path);
	if (matches > 1)
		return err_set(ERR_AMBIGUOUS, "%s may be any of %zu processes; use more of its end:%s%s", id, matches,
			buf_text(&candidates), matches > MAX_CANDIDATES ? "\n    ..." : "");
	*ret_id = ids[last];
	return 0;
}

enum err registry_resolve(struct registry *registry, const char *id, struct uuid *ret_id)
{
	struct uuid *ids;
	size_t count;
	TRY(registry_processes(registry, &ids, &count));
	enum err err = resolve_among(registry, id, ids, count, ret_id);
	free(ids);
	return err;
}
