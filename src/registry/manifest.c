#include "registry/manifest.h"

#include "registry/yaml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

static const char magic[] = "# timecraft manifest ";

static void put_strings(struct buf *out, const char *key, const struct view *strings, size_t count)
{
	buf_printf(out, "%s:%s\n", key, count ? "" : " []");
	for (size_t i = 0; i < count; i++) {
		buf_append_text(out, "  - ");
		yaml_put_string(out, strings[i]);
		buf_append_byte(out, '\n');
	}
}

static void put_string(struct buf *out, const char *key, struct view string)
{
	buf_printf(out, "%s: ", key);
	yaml_put_string(out, string);
	buf_append_byte(out, '\n');
}

static void put_module(struct buf *out, const struct manifest *m)
{
	char digest[DIGEST_TEXT];
	digest_print(&m->module, digest);
	buf_printf(out, "module:\n  digest: %s\n", digest);
	put_string(out, "  name", m->module_name);
	put_string(out, "  path", m->module_path);
	buf_printf(out, "  size: %" PRIu64 "\n", m->module_size);
}

static void put_dirs(struct buf *out, const struct manifest *m)
{
	buf_printf(out, "dirs:%s\n", m->dir_count ? "" : " []");
	for (size_t i = 0; i < m->dir_count; i++) {
		put_string(out, "  - host", m->dirs[i].host);
		put_string(out, "    guest", m->dirs[i].guest);
		buf_printf(out, "    read_only: %s\n", m->dirs[i].read_only ? "true" : "false");
	}
}

static void put_sockets(struct buf *out, const struct manifest *m)
{
	buf_printf(out, "sockets:%s\n", m->socket_count ? "" : " []");
	for (size_t i = 0; i < m->socket_count; i++) {
		const struct manifest_socket *s = &m->sockets[i];
		buf_printf(out, "  - fd: %" PRIu64 "\n    listens: %s\n", s->fd, s->listens ? "true" : "false");
		put_string(out, "    local", s->local);
		put_string(out, "    peer", s->peer);
	}
}

/* Few have any of these; one that has none is as readers of version 2 know it. */
static bool has_changes(const struct manifest *m)
{
	return m->withheld_count || m->redacted_count || m->snapshot;
}

static void put_changes(struct buf *out, const struct manifest *m)
{
	if (m->withheld_count)
		put_strings(out, "withheld", m->withheld, m->withheld_count);
	if (m->redacted_count)
		put_strings(out, "redacted", m->redacted, m->redacted_count);
	if (m->snapshot)
		buf_printf(out, "snapshot: %" PRIu64 "\n", m->snapshot);
}

enum err manifest_encode(const struct manifest *m, struct buf *out)
{
	BUF_CLEANUP struct buf body = { 0 };
	char id[UUID_TEXT];
	uuid_print(&m->id, id);
	buf_printf(&body, "id: %s\n", id);
	put_string(&body, "runtime", m->runtime);
	put_module(&body, m);
	put_string(&body, "function", m->function);
	put_strings(&body, "args", m->args, m->arg_count);
	put_strings(&body, "env", m->env, m->env_count);
	put_dirs(&body, m);
	buf_printf(&body, "restricted: %s\n", m->restricted ? "true" : "false");
	put_sockets(&body, m);
	put_strings(&body, "net", m->net, m->net_count);
	buf_printf(&body, "start:\n  wall: %" PRIu64 "\n  monotonic: %" PRIu64 "\n", m->start_wall, m->start_monotonic);
	buf_append_text(&body, "settings:\n");
	put_string(&body, "  features", m->features);
	buf_printf(&body, "  memory_pages: %" PRIu64 "\n  table_elements: %" PRIu64 "\n  stack_bytes: %" PRIu64 "\n", m->memory_pages,
		m->table_elements, m->stack_bytes);
	put_changes(&body, m);
	int version = has_changes(m) ? MANIFEST_VERSION : MANIFEST_VERSION - 1;
	TRY(buf_status(&body));
	buf_printf(out, "%s%d %zu %016" PRIx64 "\n", magic, version, body.size, (uint64_t)XXH3_64bits(body.data, body.size));
	buf_append(out, body.data, body.size);
	return buf_status(out);
}

static enum err read_id(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct manifest *m = target;
	struct view text;
	TRY(yaml_string(yaml, node, &text));
	return uuid_parse(text, &m->id) ? 0 : yaml_error(yaml, node, "expected a UUID");
}

static enum err read_digest(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct manifest *m = target;
	struct view text;
	TRY(yaml_string(yaml, node, &text));
	return digest_parse(text, &m->module) ? 0 : yaml_error(yaml, node, "expected a digest");
}

static enum err read_strings(struct yaml *yaml, struct yaml_node *node, const struct view **ret_strings, size_t *ret_count)
{
	TRY(yaml_count(yaml, node, ret_count));
	struct view *strings = ARENA_ARRAY(yaml->arena, struct view, *ret_count);
	if (!strings)
		return err_nomem();
	for (size_t i = 0; i < *ret_count; i++)
		TRY(yaml_string(yaml, yaml_element(yaml, node, i), &strings[i]));
	*ret_strings = strings;
	return 0;
}

#define READ_FIELD(name, type, target_type, field)                                    \
	static enum err name(struct yaml *yaml, struct yaml_node *node, void *target) \
	{                                                                             \
		return yaml_##type(yaml, node, &((target_type *)target)->field);      \
	}
READ_FIELD(read_runtime, string, struct manifest, runtime)
READ_FIELD(read_module_name, string, struct manifest, module_name)
READ_FIELD(read_module_path, string, struct manifest, module_path)
READ_FIELD(read_module_size, uint, struct manifest, module_size)
READ_FIELD(read_function, string, struct manifest, function)
READ_FIELD(read_restricted, bool, struct manifest, restricted)
READ_FIELD(read_snapshot, uint, struct manifest, snapshot)
READ_FIELD(read_wall, uint, struct manifest, start_wall)
READ_FIELD(read_monotonic, uint, struct manifest, start_monotonic)
READ_FIELD(read_features, string, struct manifest, features)
READ_FIELD(read_memory_pages, uint, struct manifest, memory_pages)
READ_FIELD(read_table_elements, uint, struct manifest, table_elements)
READ_FIELD(read_stack_bytes, uint, struct manifest, stack_bytes)
READ_FIELD(read_host, string, struct manifest_dir, host)
READ_FIELD(read_guest, string, struct manifest_dir, guest)
READ_FIELD(read_read_only, bool, struct manifest_dir, read_only)
READ_FIELD(read_fd, uint, struct manifest_socket, fd)
READ_FIELD(read_listens, bool, struct manifest_socket, listens)
READ_FIELD(read_local, string, struct manifest_socket, local)
READ_FIELD(read_peer, string, struct manifest_socket, peer)

/* A mapping in which the first `needed` keys must be there. */
static enum err read_some(struct yaml *yaml, struct yaml_node *node, const struct yaml_field *fields, size_t count, size_t needed,
	void *target)
{
	uint32_t present;
	TRY(yaml_fields(yaml, node, fields, count, target, &present));
	for (size_t i = 0; i < needed; i++) {
		if (!(present >> i & 1))
			return yaml_error(yaml, node, "%s is missing", fields[i].key);
	}
	return 0;
}
#define COUNT(fields)                        (sizeof(fields) / sizeof *(fields))
#define READ_ALL(yaml, node, fields, target) read_some(yaml, node, fields, COUNT(fields), COUNT(fields), target)

static enum err read_module(struct yaml *yaml, struct yaml_node *node, void *target)
{
	static const struct yaml_field fields[] = {
		{ "digest", read_digest },
		{ "name", read_module_name },
		{ "path", read_module_path },
		{ "size", read_module_size },
	};
	return READ_ALL(yaml, node, fields, target);
}

static enum err read_args(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct manifest *m = target;
	return read_strings(yaml, node, &m->args, &m->arg_count);
}

static enum err read_env(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct manifest *m = target;
	return read_strings(yaml, node, &m->env, &m->env_count);
}

static enum err read_dirs(struct yaml *yaml, struct yaml_node *node, void *target)
{
	static const struct yaml_field fields[] = { { "host", read_host }, { "guest", read_guest }, { "read_only", read_read_only } };
	struct manifest *m = target;
	TRY(yaml_count(yaml, node, &m->dir_count));
	struct manifest_dir *dirs = ARENA_ARRAY(yaml->arena, struct manifest_dir, m->dir_count);
	if (!dirs)
		return err_nomem();
	for (size_t i = 0; i < m->dir_count; i++)
		TRY(READ_ALL(yaml, yaml_element(yaml, node, i), fields, &dirs[i]));
	m->dirs = dirs;
	return 0;
}

static enum err read_sockets(struct yaml *yaml, struct yaml_node *node, void *target)
{
	static const struct yaml_field fields[] = { { "fd", read_fd }, { "listens", read_listens }, { "local", read_local },
		{ "peer", read_peer } };
	struct manifest *m = target;
	TRY(yaml_count(yaml, node, &m->socket_count));
	struct manifest_socket *sockets = ARENA_ARRAY(yaml->arena, struct manifest_socket, m->socket_count);
	if (!sockets)
		return err_nomem();
	for (size_t i = 0; i < m->socket_count; i++)
		TRY(READ_ALL(yaml, yaml_element(yaml, node, i), fields, &sockets[i]));
	m->sockets = sockets;
	return 0;
}

static enum err read_net(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct manifest *m = target;
	return read_strings(yaml, node, &m->net, &m->net_count);
}

static enum err read_withheld(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct manifest *m = target;
	return read_strings(yaml, node, &m->withheld, &m->withheld_count);
}

static enum err read_redacted(struct yaml *yaml, struct yaml_node *node, void *target)
{
	struct manifest *m = target;
	return read_strings(yaml, node, &m->redacted, &m->redacted_count);
}

static enum err read_start(struct yaml *yaml, struct yaml_node *node, void *target)
{
	static const struct yaml_field fields[] = { { "wall", read_wall }, { "monotonic", read_monotonic } };
	return READ_ALL(yaml, node, fields, target);
}

static enum err read_settings(struct yaml *yaml, struct yaml_node *node, void *target)
{
	static const struct yaml_field fields[] = {
		{ "features", read_features },
		{ "memory_pages", read_memory_pages },
		{ "table_elements", read_table_elements },
		{ "stack_bytes", read_stack_bytes },
	};
	return READ_ALL(yaml, node, fields, target);
}

static enum err decode_body(struct view body, unsigned version, struct manifest *m)
{
	enum { IN_VERSION_1 = 10, IN_VERSION_2 = 12 }; /* the first ones; all others may be missing */
	static const struct yaml_field fields[] = {
		{ "id", read_id },
		{ "runtime", read_runtime },
		{ "module", read_module },
		{ "function", read_function },
		{ "args", read_args },
		{ "env", read_env },
		{ "dirs", read_dirs },
		{ "restricted", read_restricted },
		{ "start", read_start },
		{ "settings", read_settings },
		{ "sockets", read_sockets },
		{ "net", read_net },
		{ "withheld", read_withheld },
		{ "redacted", read_redacted },
		{ "snapshot", read_snapshot },
	};
	size_t needed = version < 2 ? IN_VERSION_1 : IN_VERSION_2;
	size_t count = version < 3 ? needed : COUNT(fields);
	struct yaml yaml;
	TRY(yaml_load(body, "manifest.yaml", ERR_DAMAGED, &m->arena, &yaml));
	struct yaml_node *root = yaml_root(&yaml);
	enum err err = root ? read_some(&yaml, root, fields, count, needed, m) : err_set(ERR_DAMAGED, "manifest.yaml: nothing is in it");
	yaml_finish(&yaml);
	return err;
}

/* The first line: version, size and checksum of what is behind it. */
static enum err check_head(struct view bytes, struct view *ret_body, unsigned *ret_version)
{
	const uint8_t *newline = bytes.size ? memchr(bytes.data, '\n', bytes.size < 128 ? bytes.size : 128) : NULL;
	if (!newline || !view_equal(view_slice(bytes, 0, sizeof magic - 1), view_text(magic)))
		return err_set(ERR_DAMAGED, "manifest.yaml: its first line is damaged");
	char line[129];
	size_t length = (size_t)(newline - bytes.data);
	memcpy(line, bytes.data, length);
	line[length] = 0;
	unsigned version = 0;
	uint64_t size, check;
	int end = 0;
	if (sscanf(line + sizeof magic - 1, "%u %" SCNu64 " %16" SCNx64 "%n", &version, &size, &check, &end) != 3 ||
		(size_t)end + sizeof magic - 1 != length)
		return err_set(ERR_DAMAGED, "manifest.yaml: its first line is damaged");
	if (version < 1 || version > MANIFEST_VERSION)
		return err_set(ERR_UNSUPPORTED, "manifest.yaml: version %u, of which this timecraft knows only 1 to %d", version,
			MANIFEST_VERSION);
	struct view body = view_slice(bytes, length + 1, bytes.size);
	if (body.size != size)
		return err_set(ERR_DAMAGED, "manifest.yaml: %zu bytes behind its first line, which says %" PRIu64, body.size, size);
	if (XXH3_64bits(body.data, body.size) != check)
		return err_set(ERR_DAMAGED, "manifest.yaml: its checksum is wrong");
	*ret_body = body;
	*ret_version = version;
	return 0;
}

enum err manifest_decode(struct view bytes, struct manifest *ret_manifest)
{
	struct view body;
	unsigned version = 0;
	TRY(check_head(bytes, &body, &version));
	struct manifest manifest = { 0 };
	enum err err = decode_body(body, version, &manifest);
	if (!err && version == MANIFEST_VERSION && !has_changes(&manifest))
		err = err_set(ERR_DAMAGED, "manifest.yaml: version %u, and nothing that is for", version);
	if (err) {
		arena_finish(&manifest.arena);
		return err;
	}
	*ret_manifest = manifest;
	return 0;
}

void manifest_finish(struct manifest *manifest)
{
	if (manifest)
		arena_finish(&manifest->arena);
}
