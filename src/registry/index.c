#include "registry/index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/time.h"
#include "registry/files.h"

#define INDEX_FILE ".index"

enum { MAX_TEXTS = 2048, MAX_ENTRY = 4096, MAX_SEGMENTS = 16, SEGMENT_DIGITS = 8 };

/* Another layout has another magic, also where a brief of another version holds more. */
#define ENTRY_MAGIC (0x31584954u + ((uint32_t)sizeof(struct index_entry) << 8))

struct index_entry {
	uint32_t magic;
	uint32_t size;   /* all of it: a multiple of 8 */
	uint64_t check;  /* XXH3 of what follows */
	struct uuid id;
	struct digest module;
	struct shape shape;
	struct mark mark;
	uint64_t start_wall;
	struct log_summary log;
	uint32_t name_size, runtime_size, features_size;
	/* the texts */
};

static bool segment_number(const char *name, uint64_t *ret_number)
{
	char *end;
	if (strspn(name, "0123456789") != SEGMENT_DIGITS || strcmp(name + SEGMENT_DIGITS, ".log") != 0)
		return false;
	*ret_number = strtoull(name, &end, 10);
	return true;
}

/* Names come in order. */
static bool shape_add(struct shape *shape, const char *name)
{
	uint64_t number;
	if (segment_number(name, &number)) {
		if (shape->segments == 0)
			shape->first_segment = number;
		shape->segments++;
		return number == shape->first_segment + shape->segments - 1 && shape->segments <= MAX_SEGMENTS;
	}
	if (strcmp(name, "tail") == 0)
		return shape->tail++ == 0;
	return strcmp(name, "lock") == 0 || strcmp(name, "manifest.yaml") == 0;
}

bool shape_take(int process, struct shape *ret_shape)
{
	struct shape shape = { 0 };
	char **names;
	size_t count;
	if (dir_names(process, &names, &count) != 0)
		return false;
	bool known = true;
	for (size_t i = 0; i < count && known; i++)
		known = shape_add(&shape, names[i]);
	names_free(names, count);
	*ret_shape = shape;
	return known && shape.segments > 0;
}

struct stamp {
	uint64_t inode, size, mode;
	uint64_t changed; /* ns since 1970 */
};

struct stamps {
	struct stamp files[MAX_SEGMENTS + 3]; /* those of the directory and the manifest, and the tail's */
	size_t count;
	char path[UUID_TEXT + 32];
	uint64_t now;
};

/* File systems keep times of two seconds at the worst. */
static bool stamp(struct stamps *stamps, int processes, const char *name)
{
	struct stat stat;
	snprintf(stamps->path + UUID_LENGTH, sizeof stamps->path - UUID_LENGTH, "%s", name);
	if (fstatat(processes, stamps->path, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	uint64_t changed = (uint64_t)stat.st_ctim.tv_sec * NS_PER_S + (uint64_t)stat.st_ctim.tv_nsec;
	stamps->files[stamps->count++] = (struct stamp){ stat.st_ino, (uint64_t)stat.st_size, stat.st_mode, changed };
	return changed + 2 * NS_PER_S < stamps->now;
}

bool mark_take(int processes, const struct uuid *id, const struct shape *shape, uint64_t now, struct mark *ret_mark)
{
	struct stamps stamps = { .now = now };
	uuid_print(id, stamps.path);
	if (shape->segments > MAX_SEGMENTS || !stamp(&stamps, processes, "") || !stamp(&stamps, processes, "/manifest.yaml") ||
		(shape->tail && !stamp(&stamps, processes, "/tail")))
		return false;
	for (uint32_t i = 0; i < shape->segments; i++) {
		char name[32];
		snprintf(name, sizeof name, "/%08llu.log", (unsigned long long)(shape->first_segment + i));
		if (!stamp(&stamps, processes, name))
			return false;
	}
	XXH128_hash_t hash = XXH3_128bits(stamps.files, stamps.count * sizeof *stamps.files);
	*ret_mark = (struct mark){ { hash.low64, hash.high64 } };
	return true;
}

static uint64_t check_of(const struct index_entry *entry)
{
	size_t from = offsetof(struct index_entry, id);
	return XXH3_64bits((const uint8_t *)entry + from, entry->size - from);
}

static bool texts_fit(const struct index_entry *entry)
{
	uint64_t texts = (uint64_t)entry->name_size + entry->runtime_size + entry->features_size;
	return texts <= MAX_TEXTS && texts <= entry->size - sizeof *entry;
}

/* Goes to the next entry, which must be of a later process: an order that is not kept ends the index too. */
static void advance(struct index *index)
{
	const struct index_entry *before = index->entry;
	if (before)
		index->rest = view_slice(index->rest, before->size, index->rest.size);
	const struct index_entry *entry = (const struct index_entry *)index->rest.data;
	size_t left = index->rest.size;
	bool valid = left >= sizeof *entry && entry->magic == ENTRY_MAGIC && entry->size % 8 == 0 && entry->size >= sizeof *entry &&
		entry->size <= MAX_ENTRY && entry->size <= left && texts_fit(entry) && entry->check == check_of(entry) &&
		(!before || memcmp(&before->id, &entry->id, sizeof entry->id) < 0);
	index->entry = valid ? entry : NULL;
}

void index_open(int processes, size_t count, struct buf *bytes, struct index *ret_index)
{
	int fd = openat(processes, INDEX_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat stat;
	if (fd >= 0) {
		enum { SPARE = 64 };
		uint64_t most = (2 * (uint64_t)count + SPARE) * MAX_ENTRY;
		if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode) || file_read(fd, INDEX_FILE, most, bytes) != 0)
			buf_clear(bytes);
		close(fd);
	}
	*ret_index = (struct index){ .rest = buf_view(bytes) };
	advance(ret_index);
}

const struct index_entry *index_find(struct index *index, const struct uuid *id)
{
	int order = 1;
	while (index->entry && (order = memcmp(&index->entry->id, id, sizeof *id)) < 0) {
		index->passed++;
		advance(index);
	}
	const struct index_entry *found = order == 0 ? index->entry : NULL;
	if (found)
		advance(index);
	return found;
}

size_t index_passed(struct index *index)
{
	for (; index->entry; advance(index))
		index->passed++;
	return index->passed;
}

bool index_entry_read(const struct index_entry *entry, int processes, uint64_t now, struct shape *ret_shape, struct mark *ret_mark,
	struct brief *ret_brief)
{
	const uint8_t *text = (const uint8_t *)(entry + 1);
	struct mark mark;
	if (!mark_take(processes, &entry->id, &entry->shape, now, &mark) || memcmp(&mark, &entry->mark, sizeof mark) != 0)
		return false;
	*ret_shape = entry->shape;
	*ret_mark = mark;
	*ret_brief = (struct brief){ .id = entry->id,
		.module = entry->module,
		.module_name = view_of(text, entry->name_size),
		.runtime = view_of(text + entry->name_size, entry->runtime_size),
		.features = view_of(text + entry->name_size + entry->runtime_size, entry->features_size),
		.start_wall = entry->start_wall,
		.log = entry->log };
	return true;
}

void index_put(struct buf *out, const struct brief *brief, const struct shape *shape, const struct mark *mark)
{
	const struct view texts[] = { brief->module_name, brief->runtime, brief->features };
	size_t size = sizeof(struct index_entry) + texts[0].size + texts[1].size + texts[2].size;
	if (size - sizeof(struct index_entry) > MAX_TEXTS)
		return;
	size = (size + 7) & ~(size_t)7;
	if (!buf_reserve(out, size))
		return;
	struct index_entry *entry = (struct index_entry *)(out->data + out->size);
	memset(entry, 0, size);
	entry->magic = ENTRY_MAGIC;
	entry->size = (uint32_t)size;
	entry->id = brief->id;
	entry->module = brief->module;
	entry->shape = *shape;
	entry->mark = *mark;
	entry->start_wall = brief->start_wall;
	entry->log = brief->log;
	entry->name_size = (uint32_t)texts[0].size;
	entry->runtime_size = (uint32_t)texts[1].size;
	entry->features_size = (uint32_t)texts[2].size;
	uint8_t *text = (uint8_t *)(entry + 1);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].size)
			memcpy(text, texts[i].data, texts[i].size);
		text += texts[i].size;
	}
	entry->check = check_of(entry);
	out->size += size;
}

enum err index_write(int processes, struct view entries)
{
	return file_write(processes, INDEX_FILE, entries, 0600, false);
}
