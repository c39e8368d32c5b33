#include "trace/descriptors.h"

#include <stdlib.h>

#include "trace/checkpoint.h"
#include "trace/path.h"
#include "trace/values.h"
#include "wasi/abi.h"

struct slot {
	uint32_t fd;
	uint8_t kind;
	bool taken;
	uint16_t path_size;
	char *path;
};

/* Open addressing, linear probing; at most half full. */
struct descriptors {
	struct slot *slots;
	uint32_t capacity; /* a power of two */
	uint32_t count;
	size_t path_bytes;
	struct buf scratch;
};

enum err descriptors_create(struct descriptors **ret_descriptors)
{
	enum { FIRST = 64 };
	struct descriptors *table = calloc(1, sizeof *table);
	struct slot *slots = calloc(FIRST, sizeof *slots);
	if (!table || !slots) {
		free(table);
		free(slots);
		return err_nomem();
	}
	table->slots = slots;
	table->capacity = FIRST;
	for (uint32_t fd = 0; fd < 3; fd++)
		descriptors_add(table, fd, DESCRIPTOR_STDIN + fd, (struct view){ 0 });
	*ret_descriptors = table;
	return ERR_NONE;
}

void descriptors_clear(struct descriptors *table)
{
	for (uint32_t i = 0; i < table->capacity; i++)
		free(table->slots[i].path);
	memset(table->slots, 0, table->capacity * sizeof *table->slots);
	table->count = 0;
	table->path_bytes = 0;
}

void descriptors_destroy(struct descriptors *table)
{
	if (!table)
		return;
	descriptors_clear(table);
	free(table->slots);
	buf_finish(&table->scratch);
	free(table);
}

static uint32_t home_of(const struct descriptors *table, uint32_t fd)
{
	return (fd * 2654435761u >> 7) & (table->capacity - 1);
}

/* The slot that holds `fd`, or the free one where it would go. */
static struct slot *find(const struct descriptors *table, uint32_t fd)
{
	uint32_t i = home_of(table, fd);
	while (table->slots[i].taken && table->slots[i].fd != fd)
		i = (i + 1) & (table->capacity - 1);
	return &table->slots[i];
}

static enum err grow(struct descriptors *table)
{
	struct slot *old = table->slots;
	uint32_t old_capacity = table->capacity;
	struct slot *slots = calloc((size_t)old_capacity * 2, sizeof *slots);
	if (!slots)
		return err_nomem();
	table->slots = slots;
	table->capacity = old_capacity * 2;
	for (uint32_t i = 0; i < old_capacity; i++) {
		if (old[i].taken)
			*find(table, old[i].fd) = old[i];
	}
	free(old);
	return ERR_NONE;
}

/* Frees a slot, and moves those behind it that its place kept from their own. */
static void remove_slot(struct descriptors *table, struct slot *slot)
{
	uint32_t mask = table->capacity - 1;
	uint32_t hole = (uint32_t)(slot - table->slots);
	table->path_bytes -= slot->path_size;
	free(slot->path);
	for (uint32_t i = (hole + 1) & mask; table->slots[i].taken; i = (i + 1) & mask) {
		uint32_t home = home_of(table, table->slots[i].fd);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		table->slots[hole] = table->slots[i];
		hole = i;
	}
	table->slots[hole] = (struct slot){ 0 };
	table->count--;
}

static void remove_fd(struct descriptors *table, uint32_t fd)
{
	struct slot *slot = find(table, fd);
	if (slot->taken)
		remove_slot(table, slot);
}

static enum err set_path(struct descriptors *table, struct slot *slot, struct view path)
{
	char *copy = NULL;
	if (path.size > DESCRIPTOR_PATH_MAX || path.size > DESCRIPTOR_PATHS_MAX - (table->path_bytes - slot->path_size))
		path.size = 0;
	if (path.size) {
		copy = malloc(path.size);
		if (!copy)
			return err_nomem();
		memcpy(copy, path.data, path.size);
	}
	table->path_bytes += path.size;
	table->path_bytes -= slot->path_size;
	free(slot->path);
	slot->path = copy;
	slot->path_size = (uint16_t)path.size;
	return ERR_NONE;
}

enum err descriptors_add(struct descriptors *table, uint32_t fd, enum descriptor_kind kind, struct view path)
{
	struct slot *slot = find(table, fd);
	if (!slot->taken) {
		if (table->count == DESCRIPTORS_MAX)
			return ERR_NONE;
		if (table->count + 1 > table->capacity / 2) {
			TRY(grow(table));
			slot = find(table, fd);
		}
		slot->taken = true;
		slot->fd = fd;
		table->count++;
	}
	slot->kind = (uint8_t)kind;
	return set_path(table, slot, path);
}

static bool is_known(const struct net_address *address)
{
	return address->family != NET_UNSPEC && (address->port || (address->family == NET_UNIX && address->size));
}

enum err descriptors_add_socket(struct descriptors *table, const struct note *note)
{
	bool local = is_known(&note->local), peer = is_known(&note->peer);
	buf_clear(&table->scratch);
	if (local)
		net_address_print(&table->scratch, &note->local);
	if (peer) {
		buf_append_text(&table->scratch, local ? " > " : "> ");
		net_address_print(&table->scratch, &note->peer);
	}
	TRY(buf_status(&table->scratch));
	return descriptors_add(table, note->fd, DESCRIPTOR_SOCKET, buf_view(&table->scratch));
}

bool descriptors_get(const struct descriptors *table, uint32_t fd, struct descriptor *ret_descriptor)
{
	const struct slot *slot = find(table, fd);
	if (!slot->taken)
		return false;
	*ret_descriptor = (struct descriptor){ .fd = fd, .kind = slot->kind, .path = view_of(slot->path, slot->path_size) };
	return true;
}

void descriptors_save(const struct descriptors *table, struct buf *to)
{
	for (uint32_t i = 0; i < table->capacity; i++) {
		const struct slot *slot = &table->slots[i];
		struct checkpoint_entry entry = { .item = ITEM_DESCRIPTOR, .kind = slot->kind, .fd = slot->fd };
		if (slot->taken)
			checkpoint_put(to, &entry, view_of(slot->path, slot->path_size));
	}
}

enum err descriptors_load(struct descriptors *table, struct view checkpoint)
{
	struct view item, path;
	struct checkpoint_entry entry;
	descriptors_clear(table);
	while (checkpoint_item(&checkpoint, &item)) {
		if (item.data[0] == ITEM_DESCRIPTOR && checkpoint_entry(item, &entry, &path))
			TRY(descriptors_add(table, entry.fd, entry.kind <= DESCRIPTOR_SOCKET ? entry.kind : DESCRIPTOR_UNKNOWN, path));
	}
	return ERR_NONE;
}

const char *descriptor_kind_name(enum descriptor_kind kind)
{
	static const char *const names[] = { "unknown", "stdin", "stdout", "stderr", "preopen", "file", "directory", "socket" };
	return kind < sizeof names / sizeof *names ? names[kind] : names[DESCRIPTOR_UNKNOWN];
}

/* What an OUT parameter named `name` was set to. */
static bool out_named(const struct syscall *syscall, const char *name, uint64_t *ret_value)
{
	const struct param *param = call_param(syscall->type, name);
	return param && syscall_out(syscall, param, ret_value);
}

static enum err follow_open(struct descriptors *table, const struct syscall *syscall)
{
	uint64_t fd;
	struct view name;
	struct descriptor directory = { 0 };
	if (!out_named(syscall, "opened_fd", &fd) || !syscall_input(syscall, call_param(syscall->type, "path"), 0, &name))
		return ERR_NONE;
	bool known = descriptors_get(table, (uint32_t)syscall->record->args[0], &directory) && directory.path.size;
	uint64_t oflags = syscall->record->args[call_param(syscall->type, "oflags")->arg];
	buf_clear(&table->scratch);
	if (known && name.size <= DESCRIPTOR_PATH_MAX)
		path_join(&table->scratch, directory.path, name);
	TRY(buf_status(&table->scratch));
	return descriptors_add(table, (uint32_t)fd, oflags & WASI_oflags_DIRECTORY ? DESCRIPTOR_DIRECTORY : DESCRIPTOR_FILE,
		buf_view(&table->scratch));
}

static enum err follow_renumber(struct descriptors *table, uint32_t from, uint32_t to)
{
	if (from == to)
		return ERR_NONE;
	remove_fd(table, to);
	struct slot *slot = find(table, from);
	if (!slot->taken)
		return ERR_NONE;
	struct slot moved = *slot;
	*slot = (struct slot){ .fd = from, .taken = true };
	remove_slot(table, slot);
	slot = find(table, to);
	*slot = moved;
	slot->fd = to;
	table->count++;
	return ERR_NONE;
}

/* What a descriptor says of itself corrects what was thought of it; the standard ones and preopens stay what they are. */
static void follow_filetype(struct descriptors *table, uint32_t fd, uint64_t filetype)
{
	struct slot *slot = find(table, fd);
	if (!slot->taken || (slot->kind != DESCRIPTOR_FILE && slot->kind != DESCRIPTOR_DIRECTORY && slot->kind != DESCRIPTOR_UNKNOWN))
		return;
	if (filetype == WASI_filetype_DIRECTORY)
		slot->kind = DESCRIPTOR_DIRECTORY;
	else if (filetype == WASI_filetype_SOCKET_STREAM || filetype == WASI_filetype_SOCKET_DGRAM)
		slot->kind = DESCRIPTOR_SOCKET;
	else if (filetype != WASI_filetype_UNKNOWN)
		slot->kind = DESCRIPTOR_FILE;
}

/* A structure that the host filled, whose field `filetype` says what the descriptor is. */
static void follow_stat(struct descriptors *table, const struct syscall *syscall, const struct param *param)
{
	const struct field *field = struct_fields(param->type);
	while (field && field->name && field->type != TYPE_filetype)
		field++;
	if (!field || !field->name)
		return;
	struct view byte = syscall_written(syscall, syscall->record->args[param->arg] + field->offset, 1, &table->scratch);
	if (byte.size)
		follow_filetype(table, (uint32_t)syscall->record->args[0], byte.data[0]);
}

static enum err follow_prestat(struct descriptors *table, const struct syscall *syscall)
{
	struct descriptor known;
	uint32_t fd = (uint32_t)syscall->record->args[0];
	if (descriptors_get(table, fd, &known) && known.kind == DESCRIPTOR_PREOPEN)
		return ERR_NONE;
	return descriptors_add(table, fd, DESCRIPTOR_PREOPEN, (struct view){ 0 });
}

static enum err follow_prestat_name(struct descriptors *table, const struct syscall *syscall)
{
	const uint64_t *args = syscall->record->args;
	struct view path = syscall_written(syscall, args[1], args[2], &table->scratch);
	return descriptors_add(table, (uint32_t)args[0], DESCRIPTOR_PREOPEN, path);
}

/* What the host says of sockets, whether or not the call succeeded: a connection may be under way. */
static enum err follow_notes(struct descriptors *table, const struct record *record, bool *ret_noted)
{
	struct note note;
	*ret_noted = false;
	for (uint32_t i = 0; i < record->note_count; i++) {
		if (!note_decode(record->notes[i], &note) || note.kind != NOTE_SOCKET)
			continue;
		*ret_noted = true;
		TRY(descriptors_add_socket(table, &note));
	}
	return ERR_NONE;
}

enum err descriptors_follow(struct descriptors *table, const struct record *record)
{
	struct syscall syscall;
	uint64_t fd;
	bool noted;
	if (record->note_count) {
		TRY(follow_notes(table, record, &noted));
		if (noted)
			return ERR_NONE;
	}
	if (!syscall_of(record, &syscall) || !syscall.succeeded || record->arg_count < syscall.type->arg_count)
		return ERR_NONE;
	switch (record->call) {
	case CALL_path_open: return follow_open(table, &syscall);
	case CALL_fd_close: remove_fd(table, (uint32_t)record->args[0]); return ERR_NONE;
	case CALL_fd_renumber: return follow_renumber(table, (uint32_t)record->args[0], (uint32_t)record->args[1]);
	case CALL_sock_accept:
	case CALL_v1_sock_accept:
		return out_named(&syscall, "opened_fd", &fd) ? descriptors_add(table, (uint32_t)fd, DESCRIPTOR_SOCKET, (struct view){ 0 })
							     : ERR_NONE;
	case CALL_fd_prestat_get: return follow_prestat(table, &syscall);
	case CALL_fd_prestat_dir_name: return follow_prestat_name(table, &syscall);
	case CALL_fd_fdstat_get:
	case CALL_fd_filestat_get:
	case CALL_unstable_fd_filestat_get: follow_stat(table, &syscall, &syscall.type->params[1]); return ERR_NONE;
	default: return ERR_NONE;
	}
}
