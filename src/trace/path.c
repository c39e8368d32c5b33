#include "trace/path.h"

/* Takes the last part away again; false if there is none, or it is a ".." that leads out of a relative path. */
static bool leave(struct buf *out, size_t root)
{
	size_t at = out->size;
	while (at > root && out->data[at - 1] != '/')
		at--;
	if (at == out->size || view_is(view_of(out->data + at, out->size - at), ".."))
		return false;
	out->size = at > root ? at - 1 : at;
	return true;
}

static void add_part(struct buf *out, size_t root, bool absolute, struct view part)
{
	if (part.size == 0 || view_is(part, "."))
		return;
	if (view_is(part, "..") && (leave(out, root) || absolute))
		return;
	if (out->size > root)
		buf_append_byte(out, '/');
	buf_append(out, part.data, part.size);
}

static void add_parts(struct buf *out, size_t root, bool absolute, struct view path)
{
	for (size_t at = 0; at < path.size;) {
		const uint8_t *slash = memchr(path.data + at, '/', path.size - at);
		size_t end = slash ? (size_t)(slash - path.data) : path.size;
		add_part(out, root, absolute, view_slice(path, at, end - at));
		at = end + 1;
	}
}

void path_join(struct buf *out, struct view directory, struct view name)
{
	bool absolute = directory.size && directory.data[0] == '/';
	size_t start = out->size;
	if (absolute)
		buf_append_byte(out, '/');
	size_t root = out->size;
	add_parts(out, root, absolute, directory);
	add_parts(out, root, absolute, name);
	if (out->size == start)
		buf_append_byte(out, '.');
}
