/* Processes that are not of here: their directories, with files that have their sizes and none of their bytes yet. */
#include "store/store_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/files.h"

#define MANIFEST "manifest.yaml"
#define RUNNING  "running"
#define OBJECTS  "objects"

enum { MAX_MANIFEST = 64 << 20, MAX_OBJECTS = 64 << 20 };

/* Names in the order of the store, which is that of bytes. */
struct names {
	struct uuid *ids;
	size_t count, capacity;
};

static enum err visit_process(void *data, struct view prefix)
{
	static const char folder[] = "processes/";
	struct names *names = data;
	struct view name = view_slice(prefix, sizeof folder - 1, prefix.size);
	struct uuid id;
	if (name.size != UUID_LENGTH + 1 || !uuid_parse(view_slice(name, 0, UUID_LENGTH), &id))
		return ERR_NONE; /* not ours */
	if (names->count == names->capacity) {
		size_t capacity = names->capacity ? names->capacity * 2 : 256;
		struct uuid *more = reallocarray(names->ids, capacity, sizeof *more);
		if (!more)
			return err_nomem();
		names->ids = more;
		names->capacity = capacity;
	}
	names->ids[names->count++] = id;
	return ERR_NONE;
}

static enum err pass_object(void *data, const struct store_object *object)
{
	(void)data, (void)object;
	return ERR_NONE;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static enum err open_processes(struct store *store, int *ret_fd)
{
	return dir_open(registry_fd(store->registry), "processes", true, ret_fd);
}

/* What says that it is not of here is there first, so that it is never taken for a process that was recorded here. */
static enum err add_names(struct store *store, int processes, const struct names *names)
{
	char name[UUID_TEXT];
	for (size_t i = 0; i < names->count; i++) {
		uuid_print(&names->ids[i], name);
		if (faccessat(processes, name, F_OK, 0) == 0)
			continue;
		if ((mkdirat(store->fetched_fd, name, 0700) < 0 && errno != EEXIST) ||
			(mkdirat(processes, name, 0700) < 0 && errno != EEXIST))
			return err_set_errno(errno, "can't make a directory in the registry %s", registry_path(store->registry));
	}
	return ERR_NONE;
}

/* Those that are no longer in the store, of which there were these before it was asked. What was recorded here stays. */
static enum err drop_names(struct store *store, int processes, const struct names *names, char **known, size_t count)
{
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++) {
		struct uuid id;
		if (uuid_parse(view_text(known[i]), &id) && names->count && bsearch(&id, names->ids, names->count, sizeof id, compare_ids))
			continue;
		err = tree_remove(processes, known[i]);
		if (!err)
			err = tree_remove(store->fetched_fd, known[i]);
	}
	return err;
}

enum err fetched_list(struct store *store)
{
	struct names names = { 0 };
	const struct store_visitor visitor = { pass_object, visit_process, &names };
	int processes = -1;
	char **known;
	size_t count;
	TRY(dir_names(store->fetched_fd, &known, &count));
	enum err err = client_list(store->client, "processes/", true, &visitor);
	if (names.count)
		qsort(names.ids, names.count, sizeof *names.ids, compare_ids);
	if (!err)
		err = open_processes(store, &processes);
	if (!err)
		err = add_names(store, processes, &names);
	if (!err)
		err = drop_names(store, processes, &names, known, count);
	if (processes >= 0)
		close(processes);
	free(names.ids);
	names_free(known, count);
	return err;
}

/* What the store has of one process. */
struct objects {
	struct buf text; /* "NAME SIZE ETAG\n" each */
	bool manifest, running;
	size_t prefix; /* of the keys */
};

static bool is_plain(struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
			return false;
	}
	return text.size < 100;
}

static enum err visit_file(void *data, const struct store_object *object)
{
	struct objects *objects = data;
	struct view name = view_slice(object->key, objects->prefix, object->key.size);
	objects->manifest |= view_is(name, MANIFEST);
	objects->running |= view_is(name, RUNNING);
	if (!store_is_part(name) || object->size > INT64_MAX)
		return ERR_NONE;
	buf_printf(&objects->text, "%.*s %" PRIu64 " ", VIEW_ARG(name), object->size);
	if (is_plain(object->etag))
		buf_append(&objects->text, object->etag.data, object->etag.size);
	buf_append_byte(&objects->text, '\n');
	return buf_status(&objects->text);
}

static enum err list_objects(struct store *store, const struct uuid *id, struct objects *objects)
{
	char key[STORE_KEY];
	const struct store_visitor visitor = { .object = visit_file, .data = objects };
	store_key(id, "", key);
	objects->prefix = strlen(key);
	objects->text.max = MAX_OBJECTS;
	return client_list(store->client, key, false, &visitor);
}

/* The line of a name, without its end; empty: there is none. */
static struct view find_line(struct view text, struct view name)
{
	while (text.size) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		struct view line = view_slice(text, 0, end ? (size_t)(end - text.data) : text.size);
		if (line.size > name.size && line.data[name.size] == ' ' && memcmp(line.data, name.data, name.size) == 0)
			return line;
		text = view_slice(text, line.size + 1, text.size);
	}
	return (struct view){ 0 };
}

static void read_objects(int state, struct buf *out)
{
	int fd = openat(state, OBJECTS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	if (file_read(fd, OBJECTS, MAX_OBJECTS, out) != 0)
		buf_clear(out);
	close(fd);
}

static bool parse_line(struct view line, size_t name, uint64_t *ret_size, char etag[128])
{
	char text[256];
	snprintf(text, sizeof text, "%.*s", VIEW_ARG(line));
	etag[0] = 0;
	return sscanf(text + name, " %" SCNu64 " %127s", ret_size, etag) >= 1;
}

bool fetched_find(struct store *store, const char *id, const char *name, uint64_t *ret_size, char etag[128])
{
	int state;
	BUF_CLEANUP struct buf text = { 0 };
	if (dir_open(store->fetched_fd, id, false, &state) != 0)
		return false;
	read_objects(state, &text);
	close(state);
	struct view line = find_line(buf_view(&text), view_text(name));
	return line.size && parse_line(line, strlen(name), ret_size, etag);
}

/* Files that the store no longer has, or has others of that name. */
static enum err drop_files(int process, int state, struct view before, struct view now)
{
	char **names;
	size_t count;
	TRY(dir_names(process, &names, &count));
	for (size_t i = 0; i < count; i++) {
		struct view name = view_text(names[i]), line = find_line(now, name);
		if (!store_is_part(name) || (line.size && view_equal(find_line(before, name), line)))
			continue;
		unlinkat(state, names[i], 0);
		unlinkat(process, names[i], 0);
	}
	names_free(names, count);
	return ERR_NONE;
}

static enum err make_files(int process, struct view objects)
{
	while (objects.size) {
		const uint8_t *end = memchr(objects.data, '\n', objects.size), *space = memchr(objects.data, ' ', objects.size);
		struct view line = view_slice(objects, 0, (size_t)(end - objects.data));
		char name[STORE_NAME], etag[128];
		uint64_t size = 0;
		objects = view_slice(objects, line.size + 1, objects.size);
		snprintf(name, sizeof name, "%.*s", (int)(space - line.data), (const char *)line.data);
		if (!parse_line(line, strlen(name), &size, etag))
			continue;
		int fd = openat(process, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat stat;
		bool made = fd >= 0 && fstat(fd, &stat) == 0 && ((uint64_t)stat.st_size == size || ftruncate(fd, (off_t)size) == 0);
		enum err err = made ? ERR_NONE : err_set_errno(errno, "can't make %s", name);
		if (fd >= 0)
			close(fd);
		TRY(err);
	}
	return ERR_NONE;
}

/* A process that runs elsewhere, or is not whole in the store yet, has its lock held while somebody here looks at it. */
static enum err take_lock(struct store *store, const struct uuid *id, int process, bool running)
{
	int fd = openat(process, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set_errno(errno, "can't make the lock of a process");
	if (!running) {
		close(fd);
		return ERR_NONE;
	}
	struct held *more = reallocarray(store->held, store->held_count + 1, sizeof *more);
	if (!more) {
		close(fd);
		return err_nomem();
	}
	for (int i = 0; i < 50 && flock(fd, LOCK_EX | LOCK_NB) < 0; i++) /* who asks whether it runs has it for a moment */
		usleep(1000);
	store->held = more;
	store->held[store->held_count++] = (struct held){ *id, fd };
	return ERR_NONE;
}

static enum err take_objects(struct store *store, const struct uuid *id, int process, int state, struct objects *objects)
{
	char key[STORE_KEY], name[UUID_TEXT];
	BUF_CLEANUP struct buf before = { 0 }, manifest = { 0 };
	uuid_print(id, name);
	if (!objects->manifest)
		return err_set(ERR_NOT_FOUND, "process %s is not in %s yet: its upload has only begun, or it is being deleted", name,
			store->settings.url);
	store_key(id, MANIFEST, key);
	TRY(client_get(store->client, key, MAX_MANIFEST, &manifest));
	read_objects(state, &before);
	TRY(drop_files(process, state, buf_view(&before), buf_view(&objects->text)));
	TRY(file_write(state, OBJECTS, buf_view(&objects->text), 0600, false));
	TRY(make_files(process, buf_view(&objects->text)));
	TRY(take_lock(store, id, process, objects->running));
	TRY(file_write(process, MANIFEST, buf_view(&manifest), 0600, !objects->running));
	if (objects->running) /* it is looked at again the next time */
		return ERR_NONE;
	return file_write(state, "whole", (struct view){ 0 }, 0600, false);
}

static bool is_known(const struct store *store, const struct uuid *id, int process, int state)
{
	for (size_t i = 0; i < store->held_count; i++) {
		if (uuid_equal(&store->held[i].id, id))
			return true;
	}
	return faccessat(process, MANIFEST, F_OK, 0) == 0 && faccessat(state, "whole", F_OK, 0) == 0;
}

enum err fetched_open(struct store *store, const struct uuid *id)
{
	char name[UUID_TEXT];
	int processes, process = -1, state;
	struct objects objects = { 0 };
	uuid_print(id, name);
	if (dir_open(store->fetched_fd, name, false, &state) != 0)
		return ERR_NONE; /* it is of here */
	enum err err = open_processes(store, &processes);
	if (!err) {
		err = dir_open(processes, name, false, &process);
		close(processes);
	}
	if (!err && !is_known(store, id, process, state) && flock(state, LOCK_EX) == 0 && !is_known(store, id, process, state)) {
		err = list_objects(store, id, &objects);
		if (!err)
			err = take_objects(store, id, process, state, &objects);
	}
	buf_finish(&objects.text);
	if (process >= 0)
		close(process);
	close(state);
	return err;
}

/* Keys of all that a process has there. */
struct keys {
	char **names;
	size_t count;
};

static enum err visit_key(void *data, const struct store_object *object)
{
	struct keys *keys = data;
	char **more = reallocarray(keys->names, keys->count + 1, sizeof *more);
	if (!more)
		return err_nomem();
	keys->names = more;
	if (!(keys->names[keys->count] = strndup((const char *)object->key.data, object->key.size)))
		return err_nomem();
	keys->count++;
	return ERR_NONE;
}

/* Nobody uploads what is being deleted. */
static enum err stop_pushing(struct store *store, const struct uuid *id)
{
	char name[UUID_TEXT];
	uuid_print(id, name);
	if (store->removing_fd >= 0)
		close(store->removing_fd);
	store->removing_fd = openat(store->sent_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->removing_fd < 0 || flock(store->removing_fd, LOCK_EX) < 0)
		return err_set_errno(errno, "can't lock what was uploaded of process %s", name);
	return ERR_NONE;
}

/* Its manifest goes last: until then it is there to be deleted again. */
static enum err remove_keys(struct store *store, const struct keys *keys, const char *manifest)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->names[i], manifest) != 0)
			TRY(client_delete(store->client, keys->names[i]));
	}
	return client_delete(store->client, manifest);
}

enum err fetched_remove(struct store *store, const struct uuid *id)
{
	char key[STORE_KEY], manifest[STORE_KEY];
	struct keys keys = { 0 };
	const struct store_visitor visitor = { .object = visit_key, .data = &keys };
	TRY(stop_pushing(store, id));
	store_key(id, "", key);
	store_key(id, MANIFEST, manifest);
	enum err err = client_list(store->client, key, false, &visitor);
	if (!err)
		err = remove_keys(store, &keys, manifest);
	names_free(keys.names, keys.count);
	return err;
}

void fetched_forget(struct store *store, const struct uuid *id)
{
	char name[UUID_TEXT];
	uuid_print(id, name);
	(void)tree_remove(store->fetched_fd, name);
	(void)tree_remove(store->sent_fd, name);
	if (store->removing_fd >= 0)
		close(store->removing_fd);
	store->removing_fd = -1;
}
