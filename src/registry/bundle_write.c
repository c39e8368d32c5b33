/* Bundles from a process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/fill.h"
#include "registry/bundle_parts.h"

enum err bundle_header(const char *name, uint64_t size, struct buf *out)
{
	char path[BUNDLE_NAME + 8];
	snprintf(path, sizeof path, "bundle/%s", name);
	return tar_header(path, size, 0, out);
}

/* Who gets the bytes of a file, piece by piece. */
typedef enum err piece_func(void *data, struct view bytes);

static enum err read_pieces(int fd, const char *name, uint64_t size, piece_func *to, void *data)
{
	uint8_t *bytes = malloc(BUNDLE_COPY);
	enum err err = bytes ? ERR_NONE : err_nomem();
	while (!err && size) {
		ssize_t got = read(fd, bytes, size < BUNDLE_COPY ? (size_t)size : BUNDLE_COPY);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = err_set_errno(errno, "can't read %s", name);
		else if (got == 0)
			err = err_set(ERR_IO, "%s became shorter while it was read", name);
		else
			err = to(data, view_of(bytes, (size_t)got));
		size -= got > 0 ? (uint64_t)got : 0;
	}
	free(bytes);
	return err;
}

static enum err open_file(int dir_fd, const char *name, int *ret_fd, uint64_t *ret_size)
{
	struct stat stat;
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_set_errno(errno, "can't open %s", name);
	enum err err = fstat(fd, &stat) < 0 ? err_set_errno(errno, "can't look at %s", name)
		: !S_ISREG(stat.st_mode)    ? err_set(ERR_DAMAGED, "%s is no file", name)
					    : ERR_NONE;
	if (err) {
		close(fd);
		return err;
	}
	log_fill(fd, 0, (uint64_t)stat.st_size);
	*ret_fd = fd;
	*ret_size = (uint64_t)stat.st_size;
	return ERR_NONE;
}

static enum err hash_piece(void *data, struct view bytes)
{
	sha256_update(data, bytes.size, bytes.data);
	return ERR_NONE;
}

enum err bundle_digest_file(int dir_fd, const char *name, uint64_t *ret_size, struct digest *ret_digest)
{
	int fd;
	uint64_t size;
	struct sha256_ctx hash;
	TRY(open_file(dir_fd, name, &fd, &size));
	sha256_init(&hash);
	enum err err = read_pieces(fd, name, size, hash_piece, &hash);
	close(fd);
	TRY(err);
	sha256_digest(&hash, sizeof ret_digest->bytes, ret_digest->bytes);
	*ret_size = size;
	return ERR_NONE;
}

static enum err add_log_file(const struct bundle_source *source, const char *name, struct bundle_contents *contents)
{
	uint64_t size;
	struct digest digest;
	TRY(bundle_digest_file(source->log_fd, name, &size, &digest));
	return bundle_contents_add(contents, name, size, &digest);
}

static enum err add_log(const struct bundle_source *source, struct bundle_contents *contents)
{
	char **names;
	size_t count, found = 0;
	bool tail = false;
	TRY(dir_names(source->log_fd, &names, &count));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++) {
		tail |= strcmp(names[i], BUNDLE_TAIL) == 0;
		if (!bundle_is_segment(view_text(names[i])))
			continue;
		err = add_log_file(source, names[i], contents);
		found++;
	}
	names_free(names, count);
	if (!err && found == 0)
		err = err_set(ERR_DAMAGED, "its log is not there");
	return !err && tail ? add_log_file(source, BUNDLE_TAIL, contents) : err;
}

static enum err add_bytes(struct bundle_contents *contents, const char *name, struct view bytes, uint64_t max)
{
	struct digest digest = digest_of(bytes);
	if (bytes.size > max)
		return err_set(ERR_LIMIT, "%s is too large for a bundle", name);
	return bundle_contents_add(contents, name, bytes.size, &digest);
}

static enum err write_padding(struct bundle_sink *sink, uint64_t size)
{
	static const uint8_t zeros[TAR_BLOCK];
	size_t padding = tar_padding(size);
	return padding ? sink->write(sink, view_of(zeros, padding)) : ERR_NONE;
}

static enum err write_header(struct bundle_sink *sink, const char *name, uint64_t size)
{
	BUF_CLEANUP struct buf header = { 0 };
	TRY(bundle_header(name, size, &header));
	return sink->write(sink, buf_view(&header));
}

static enum err write_bytes(struct bundle_sink *sink, const char *name, struct view bytes)
{
	TRY(write_header(sink, name, bytes.size));
	TRY(sink->write(sink, bytes));
	return write_padding(sink, bytes.size);
}

struct copy {
	struct bundle_sink *sink;
	struct sha256_ctx hash;
};

static enum err copy_piece(void *data, struct view bytes)
{
	struct copy *copy = data;
	sha256_update(&copy->hash, bytes.size, bytes.data);
	return copy->sink->write(copy->sink, bytes);
}

static enum err write_file(struct bundle_sink *sink, int dir_fd, const struct bundle_file *file)
{
	int fd;
	uint64_t size;
	struct copy copy = { .sink = sink };
	struct digest digest;
	TRY(open_file(dir_fd, file->name, &fd, &size));
	sha256_init(&copy.hash);
	enum err err =
		size != file->size ? err_set(ERR_IO, "%s changed while it was exported", file->name) : write_header(sink, file->name, size);
	if (!err)
		err = read_pieces(fd, file->name, size, copy_piece, &copy);
	close(fd);
	TRY(err);
	sha256_digest(&copy.hash, sizeof digest.bytes, digest.bytes);
	if (memcmp(&digest, &file->digest, sizeof digest) != 0)
		return err_set(ERR_IO, "%s changed while it was exported", file->name);
	return write_padding(sink, size);
}

static enum err list(const struct bundle_source *source, struct bundle_contents *contents)
{
	contents->id = source->id;
	TRY(add_bytes(contents, BUNDLE_MANIFEST, source->manifest, BUNDLE_MANIFEST_MAX));
	if (source->has_module)
		TRY(add_bytes(contents, BUNDLE_MODULE, source->module, BUNDLE_MODULE_MAX));
	return add_log(source, contents);
}

static enum err write_all(const struct bundle_source *source, const struct bundle_contents *contents, struct bundle_sink *sink)
{
	static const uint8_t zeros[2 * TAR_BLOCK];
	BUF_CLEANUP struct buf text = { 0 };
	TRY(bundle_contents_encode(contents, &text));
	TRY(write_bytes(sink, BUNDLE_CONTENTS, buf_view(&text)));
	TRY(write_bytes(sink, BUNDLE_MANIFEST, source->manifest));
	if (source->has_module)
		TRY(write_bytes(sink, BUNDLE_MODULE, source->module));
	for (size_t i = source->has_module ? 2 : 1; i < contents->count; i++)
		TRY(write_file(sink, source->log_fd, &contents->files[i]));
	return sink->write(sink, view_of(zeros, sizeof zeros));
}

enum err bundle_write(const struct bundle_source *source, struct bundle_sink *sink)
{
	struct bundle_contents contents = { 0 };
	enum err err = list(source, &contents);
	if (!err)
		err = write_all(source, &contents, sink);
	bundle_contents_finish(&contents);
	return err;
}
