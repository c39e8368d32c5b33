#include "registry/registry_parts.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_MODULE ((uint64_t)UINT32_MAX)

/* Takes over the buffer. */
static void take_bytes(struct buf *buf, struct module_file *ret_file)
{
	struct view bytes = buf_view(buf);
	*ret_file = (struct module_file){ .bytes = bytes, .digest = digest_of(bytes) };
}

static enum err read_open_file(int fd, const char *name, struct module_file *ret_file)
{
	struct buf buf = { 0 };
	enum err err = file_read(fd, name, MAX_MODULE, &buf);
	if (err) {
		buf_finish(&buf);
		return err;
	}
	take_bytes(&buf, ret_file);
	return 0;
}

enum err module_file_read(const char *path, struct module_file *ret_file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(errno, "can't open module %s", path);
	enum err err = read_open_file(fd, path, ret_file);
	close(fd);
	return err;
}

void module_file_finish(struct module_file *file)
{
	if (!file)
		return;
	free((void *)(uintptr_t)file->bytes.data);
	*file = (struct module_file){ 0 };
}

/* The directory of modules whose digests begin alike. */
static enum err open_shelf(struct registry *registry, const char hex[DIGEST_HEX], bool create, int *ret_fd)
{
	char path[64];
	snprintf(path, sizeof path, MODULES_DIR "/%.2s", hex);
	return registry_dir(registry, path, create, ret_fd);
}

enum err registry_add_module(struct registry *registry, const struct module_file *file)
{
	char hex[DIGEST_HEX];
	digest_hex(&file->digest, hex);
	int shelf;
	TRY(registry_hold(registry));
	TRY(open_shelf(registry, hex, true, &shelf));
	struct stat stat;
	enum err err = 0;
	if (fstatat(shelf, hex, &stat, AT_SYMLINK_NOFOLLOW) < 0 || (uint64_t)stat.st_size != file->bytes.size)
		err = file_write(shelf, hex, file->bytes, 0400, true);
	close(shelf);
	return err ? err_prefix(err, "registry %s", registry->path) : 0;
}

static enum err read_stored(const struct registry *registry, int shelf, const char *hex, const struct digest *digest,
	struct module_file *ret_file)
{
	int fd = openat(shelf, hex, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set_errno(errno, "can't open module sha256:%s", hex);
	struct module_file file;
	enum err err = read_open_file(fd, hex, &file);
	close(fd);
	TRY(err);
	if (memcmp(file.digest.bytes, digest->bytes, sizeof digest->bytes) != 0) {
		module_file_finish(&file);
		return err_set(ERR_DAMAGED,
			"module sha256:%s is damaged: its bytes have another digest; remove %s/" MODULES_DIR
			"/%.2s/%s, and the next run of that module stores it again",
			hex, registry->path, hex, hex);
	}
	*ret_file = file;
	return 0;
}

static enum err load_here(struct registry *registry, const struct digest *digest, struct module_file *ret_file)
{
	char hex[DIGEST_HEX];
	digest_hex(digest, hex);
	int shelf;
	enum err err = open_shelf(registry, hex, false, &shelf);
	if (err == ERR_NOT_FOUND)
		return err_set(err, "module sha256:%s is not in the registry %s", hex, registry->path);
	TRY(err);
	err = read_stored(registry, shelf, hex, digest, ret_file);
	close(shelf);
	return err ? err_prefix(err, "registry %s", registry->path) : 0;
}

enum err registry_load_module(struct registry *registry, const struct digest *digest, struct module_file *ret_file)
{
	enum err err = load_here(registry, digest, ret_file);
	if (err != ERR_NOT_FOUND || !registry->has_remote)
		return err;
	TRY(registry->remote.fetch_module(registry->remote.data, digest));
	return load_here(registry, digest, ret_file);
}

struct module_list {
	struct stored_module *modules;
	size_t count, capacity;
};

static enum err add_module(struct module_list *list, const struct stored_module *module)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 32;
		struct stored_module *more = reallocarray(list->modules, capacity, sizeof *more);
		if (!more)
			return err_nomem();
		list->modules = more;
		list->capacity = capacity;
	}
	list->modules[list->count++] = *module;
	return 0;
}

static enum err add_stored(struct module_list *list, int shelf, const char *name)
{
	struct stored_module module;
	struct stat stat;
	if (!digest_parse(view_text(name), &module.digest) || fstatat(shelf, name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(stat.st_mode))
		return 0; /* not ours, or gone */
	module.size = (uint64_t)stat.st_size;
	module.stored = (uint64_t)stat.st_mtim.tv_sec * NS_PER_S + (uint64_t)stat.st_mtim.tv_nsec;
	return add_module(list, &module);
}

static enum err list_shelf(struct module_list *list, int modules, const char *name)
{
	int shelf;
	char **names;
	size_t count;
	if (dir_open(modules, name, false, &shelf) != 0)
		return 0;
	enum err err = dir_names(shelf, &names, &count);
	for (size_t i = 0; !err && i < count; i++)
		err = add_stored(list, shelf, names[i]);
	if (!err)
		names_free(names, count);
	close(shelf);
	return err;
}

static int compare_stored(const void *a, const void *b)
{
	const struct stored_module *x = a, *y = b;
	return x->stored != y->stored ? (x->stored < y->stored ? -1 : 1) : memcmp(&x->digest, &y->digest, sizeof x->digest);
}

static enum err add_remote(void *list, const struct stored_module *module)
{
	return add_module(list, module);
}

static int compare_digests(const void *a, const void *b)
{
	const struct stored_module *x = a, *y = b;
	int order = memcmp(&x->digest, &y->digest, sizeof x->digest);
	return order ? order : x->stored < y->stored ? -1 : x->stored > y->stored;
}

/* Each once: those that are elsewhere may be here too. */
static enum err add_remotes(struct registry *registry, struct module_list *list)
{
	TRY(registry->remote.list_modules(registry->remote.data, add_remote, list));
	size_t kept = 0;
	if (list->count)
		qsort(list->modules, list->count, sizeof *list->modules, compare_digests);
	for (size_t i = 0; i < list->count; i++) {
		if (!kept || memcmp(&list->modules[kept - 1].digest, &list->modules[i].digest, sizeof list->modules[i].digest) != 0)
			list->modules[kept++] = list->modules[i];
	}
	list->count = kept;
	return 0;
}

enum err registry_modules(struct registry *registry, struct stored_module **ret_modules, size_t *ret_count)
{
	struct module_list list = { 0 };
	int modules;
	char **names = NULL;
	size_t count = 0;
	enum err err = registry_dir(registry, MODULES_DIR, false, &modules);
	if (!err) {
		err = dir_names(modules, &names, &count);
		for (size_t i = 0; !err && i < count; i++)
			err = list_shelf(&list, modules, names[i]);
		names_free(names, count);
		close(modules);
	}
	if ((!err || err == ERR_NOT_FOUND) && registry->has_remote)
		err = add_remotes(registry, &list);
	if (err && err != ERR_NOT_FOUND) {
		free(list.modules);
		return err;
	}
	if (list.count)
		qsort(list.modules, list.count, sizeof *list.modules, compare_stored);
	*ret_modules = list.modules;
	*ret_count = list.count;
	return 0;
}

enum err registry_resolve_module(struct registry *registry, const char *id, struct digest *ret_digest)
{
	const char *wanted = strncmp(id, "sha256:", 7) == 0 ? id + 7 : id;
	struct stored_module *modules;
	size_t count, matches = 0;
	struct digest found = { { 0 } };
	BUF_CLEANUP struct buf candidates = { 0 };
	TRY(registry_modules(registry, &modules, &count));
	for (size_t i = 0; i < count; i++) {
		char hex[DIGEST_HEX];
		digest_hex(&modules[i].digest, hex);
		if (!id_matches(wanted, hex))
			continue;
		found = modules[i].digest;
		buf_printf(&candidates, "\n    sha256:%s", hex);
		matches++;
	}
	free(modules);
	if (matches == 0)
		return err_set(ERR_NOT_FOUND, "no module %s in the registry %s", id, registry->path);
	if (matches > 1)
		return err_set(ERR_AMBIGUOUS, "%s may be any of %zu modules:%s", id, matches, buf_text(&candidates));
	*ret_digest = found;
	return 0;
}

static enum err remove_here(struct registry *registry, const struct digest *digest)
{
	char hex[DIGEST_HEX];
	int shelf;
	digest_hex(digest, hex);
	TRY(open_shelf(registry, hex, false, &shelf));
	enum err err = unlinkat(shelf, hex, 0) < 0 ? err_set_errno(errno, "can't remove module sha256:%s", hex) : ERR_NONE;
	close(shelf);
	return err;
}

enum err registry_remove_module(struct registry *registry, const struct digest *digest)
{
	if (!registry->has_remote)
		return remove_here(registry, digest);
	TRY(registry->remote.remove_module(registry->remote.data, digest));
	enum err err = remove_here(registry, digest);
	return err == ERR_NOT_FOUND ? ERR_NONE : err; /* it was only there */
}
