#include "registry/registry_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What lies in it are the secrets of every program that was run: environments, files, traffic. */
static enum err check_private(int fd, const char *path)
{
	struct stat stat;
	if (fstat(fd, &stat) < 0)
		return err_set_errno(errno, "can't look at the registry %s", path);
	if (stat.st_uid != geteuid())
		return err_set(ERR_ACCESS,
			"the registry %s belongs to user %u, not to you (user %u): name one of your own in the configuration", path,
			stat.st_uid, geteuid());
	if (stat.st_mode & 077)
		return err_set(ERR_ACCESS, "the registry %s is open to other users (mode %04o): run chmod -R go= %s", path,
			(unsigned)stat.st_mode & 07777, path);
	return 0;
}

/* Makes the directories above `path`, with the user's umask: they are not the registry's. */
static enum err make_parents(const char *path)
{
	char *copy = strdup(path);
	if (!copy)
		return err_nomem();
	enum err err = 0;
	for (char *slash = copy; !err && (slash = strchr(slash + 1, '/'));) {
		*slash = 0;
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			err = err_set_errno(errno, "can't make directory %s", copy);
		*slash = '/';
	}
	free(copy);
	return err;
}

enum err registry_open(const char *path, struct registry **ret_registry)
{
	int fd;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		TRY(make_parents(path));
	TRY(dir_open(AT_FDCWD, path, true, &fd));
	enum err err = check_private(fd, path);
	struct registry *registry = err ? NULL : calloc(1, sizeof *registry);
	if (registry && (registry->path = strdup(path))) {
		registry->fd = fd;
		registry->hold_fd = -1;
		*ret_registry = registry;
		return 0;
	}
	free(registry);
	close(fd);
	return err ? err : err_nomem();
}

void registry_close(struct registry *registry)
{
	if (!registry)
		return;
	registry_release(registry);
	close(registry->fd);
	free(registry->path);
	free(registry);
}

void registry_set_remote(struct registry *registry, const struct registry_remote *remote)
{
	registry->has_remote = remote;
	registry->remote = remote ? *remote : (struct registry_remote){ 0 };
}

bool registry_has_remote(const struct registry *registry)
{
	return registry->has_remote;
}

void registry_unhold(struct registry *registry)
{
	registry_release(registry);
}

const char *registry_path(const struct registry *registry)
{
	return registry->path;
}

int registry_fd(const struct registry *registry)
{
	return registry->fd;
}

enum err registry_dir(struct registry *registry, const char *path, bool create, int *ret_fd)
{
	int parent = registry->fd;
	char name[64];
	for (const char *at = path, *next; *at; at = next) {
		size_t length = strcspn(at, "/");
		next = at[length] ? at + length + 1 : at + length;
		memcpy(name, at, length);
		name[length] = 0;
		int fd;
		enum err err = dir_open(parent, name, create, &fd);
		if (parent != registry->fd)
			close(parent);
		if (err)
			return err == ERR_NOT_FOUND ? err : err_prefix(err, "registry %s", registry->path);
		parent = fd;
	}
	*ret_fd = parent;
	return 0;
}
