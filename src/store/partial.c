/* Files of which only the parts are here that were read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/files.h"
#include "store/store_parts.h"

enum { PART = 64 << 10, AHEAD_MAX = 64, FETCH_MAX = 128 };

static void forget(struct partial *partial)
{
	if (partial->present)
		munmap(partial->present, partial->count);
	if (partial->fd >= 0)
		close(partial->fd);
	*partial = (struct partial){ .fd = -1 };
}

void partials_finish(struct store *store)
{
	for (int i = 0; i < PARTIALS; i++)
		forget(&store->partials[i]);
}

/* "/.../processes/UUID/NAME", by which the kernel knows the file. */
static bool parse_path(char *path, const char **ret_id, const char **ret_name)
{
	char *slash = strrchr(path, '/');
	struct uuid id;
	if (!slash || slash - path < UUID_LENGTH + 1)
		return false;
	*slash = 0;
	*ret_id = slash - UUID_LENGTH;
	*ret_name = slash + 1;
	return (*ret_id)[-1] == '/' && uuid_parse(view_text(*ret_id), &id) && store_is_part(view_text(*ret_name));
}

static bool map_present(struct store *store, const char *id, const char *name, struct partial *partial)
{
	int state;
	partial->count = (size_t)((partial->size + PART - 1) / PART);
	if (partial->count == 0 || dir_open(store->fetched_fd, id, false, &state) != 0)
		return false;
	int fd = openat(state, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	close(state);
	void *map = MAP_FAILED;
	if (fd >= 0 && ftruncate(fd, (off_t)partial->count) == 0)
		map = mmap(NULL, partial->count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	partial->present = map == MAP_FAILED ? NULL : map;
	return partial->present;
}

/* Finds out what is known of a file. One that is of here has nothing to fetch. */
static enum err look_up(struct store *store, int file, struct partial *partial)
{
	char link[64], path[4096];
	const char *id, *name;
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	ssize_t size = readlink(link, path, sizeof path - 1);
	if (size < 0)
		return err_set_errno(errno, "can't find out which file is read");
	path[size] = 0;
	if (!parse_path(path, &id, &name) || !fetched_find(store, id, name, &partial->size, partial->etag))
		return ERR_NONE;
	snprintf(partial->key, sizeof partial->key, "processes/%.36s/%.15s", id, name);
	partial->fd = open(link, O_RDWR | O_CLOEXEC);
	if (partial->fd < 0 || !map_present(store, id, name, partial))
		return partial->count ? err_set_errno(errno, "can't keep what the store has of %s", partial->key) : ERR_NONE;
	return ERR_NONE;
}

static enum err find(struct store *store, int file, struct partial **ret_partial)
{
	struct stat stat;
	if (fstat(file, &stat) < 0)
		return err_set_errno(errno, "can't look at a file of the registry");
	for (int i = 0; i < PARTIALS; i++) {
		struct partial *known = &store->partials[i];
		if (known->inode == stat.st_ino && known->device == stat.st_dev) {
			*ret_partial = known;
			return ERR_NONE;
		}
	}
	struct partial *partial = &store->partials[store->turn++ % PARTIALS];
	forget(partial);
	TRY(look_up(store, file, partial));
	if (partial->present) { /* others may be replaced by a file of the same inode */
		partial->inode = stat.st_ino;
		partial->device = stat.st_dev;
	}
	*ret_partial = partial;
	return ERR_NONE;
}

/* Parts that follow one another, of which the first is missing. */
static enum err fetch(struct store *store, struct partial *partial, uint64_t first, uint64_t count)
{
	uint64_t at = first * PART, size = count * PART;
	if (size > partial->size - at)
		size = partial->size - at;
	TRY(client_get_range(store->client, partial->key, partial->etag, at, size, partial->fd));
	if (fdatasync(partial->fd) < 0)
		return err_set_errno(errno, "can't keep what the store has of %s", partial->key);
	memset(partial->present + first, 1, (size_t)count);
	return ERR_NONE;
}

/* Who reads on where the last fetch ended gets more each time. */
static enum err fill_parts(struct store *store, struct partial *partial, uint64_t first, uint64_t end)
{
	for (uint64_t at = first; at < end; at++) {
		if (partial->present[at])
			continue;
		partial->ahead = at == partial->next && partial->next ? partial->ahead * 2 + 1 : 0;
		if (partial->ahead > AHEAD_MAX)
			partial->ahead = AHEAD_MAX;
		uint64_t last = end + partial->ahead < partial->count ? end + partial->ahead : partial->count, count = 1;
		while (at + count < last && count < FETCH_MAX && !partial->present[at + count])
			count++;
		TRY(fetch(store, partial, at, count));
		partial->next = at + count;
		at += count - 1;
	}
	return ERR_NONE;
}

/* What the store has is something else by now: the next command looks again. */
static void look_again(struct store *store, const struct partial *partial)
{
	char path[STORE_KEY + 16];
	snprintf(path, sizeof path, "%.46s/whole", partial->key);
	unlinkat(store->fetched_fd, path + sizeof "processes", 0);
}

void partial_fill(void *data, int fd, uint64_t offset, uint64_t size)
{
	struct store *store = data;
	struct partial *partial = NULL;
	enum err err = find(store, fd, &partial);
	if (!err && partial && partial->present && size && offset < partial->size) {
		uint64_t end = size < partial->size - offset ? offset + size : partial->size;
		err = fill_parts(store, partial, offset / PART, (end + PART - 1) / PART);
		if (err == ERR_DAMAGED || err == ERR_NOT_FOUND)
			look_again(store, partial);
	}
	if (err)
		store->unavailable(err);
}
