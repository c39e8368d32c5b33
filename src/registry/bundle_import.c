/* Bundles into a registry. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/bundle_parts.h"
#include "registry/bundle_reader.h"
#include "registry/registry_parts.h"

struct import {
	struct registry *registry;
	struct bundle_reader reader;
	bool kept;
	struct bundle_contents contents;
	struct manifest manifest;
	char suffix[20];     /* of what is new */
	int processes, dir;  /* the directory that becomes the process's */
	char hidden[UUID_TEXT + 32];
};

static enum err write_bytes(int fd, const char *name, struct view bytes)
{
	while (bytes.size) {
		ssize_t put = write(fd, bytes.data, bytes.size);
		if (put < 0 && errno != EINTR)
			return err_set_errno(errno, "can't write %s", name);
		bytes = view_slice(bytes, put > 0 ? (size_t)put : 0, bytes.size);
	}
	return ERR_NONE;
}

/* To `fd`, or to `out` where that is -1. */
static enum err receive(struct import *m, const struct bundle_file *file, int fd, struct buf *out)
{
	static const uint8_t zeros[TAR_BLOCK];
	struct sha256_ctx hash;
	struct digest digest;
	struct view bytes;
	sha256_init(&hash);
	for (uint64_t left = file->size; left; left -= bytes.size) {
		TRY(bundle_take(&m->reader, left, &bytes));
		sha256_update(&hash, bytes.size, bytes.data);
		if (fd >= 0)
			TRY(write_bytes(fd, file->name, bytes));
		else
			buf_append(out, bytes.data, bytes.size);
	}
	sha256_digest(&hash, sizeof digest.bytes, digest.bytes);
	if (memcmp(&digest, &file->digest, sizeof digest) != 0)
		return err_set(ERR_DAMAGED, "%s: %s is damaged: its bytes have another digest", m->reader.name, file->name);
	TRY(bundle_expect(&m->reader, view_of(zeros, tar_padding(file->size)), "what fills up a member"));
	return out ? buf_status(out) : ERR_NONE;
}

static enum err expect_header(struct import *m, const struct bundle_file *file)
{
	char what[64];
	BUF_CLEANUP struct buf header = { 0 };
	TRY(bundle_header(file->name, file->size, &header));
	snprintf(what, sizeof what, "the header of %s", file->name);
	return bundle_expect(&m->reader, buf_view(&header), what);
}

/* A number in a header, which will be compared as a whole: what is no digit makes it differ. */
static uint64_t octal(const uint8_t *digits, size_t count)
{
	uint64_t value = 0;
	for (size_t i = 0; i < count; i++)
		value = value << 3 | (digits[i] & 7);
	return value;
}

static enum err read_contents(struct import *m)
{
	enum { SIZE_AT = 124, SIZE_DIGITS = 11 };
	uint8_t header[TAR_BLOCK];
	static const uint8_t zeros[TAR_BLOCK];
	BUF_CLEANUP struct buf expected = { 0 }, text = { 0 };
	TRY(bundle_read(&m->reader, header, sizeof header));
	uint64_t size = octal(header + SIZE_AT, SIZE_DIGITS);
	TRY(bundle_header(BUNDLE_CONTENTS, size, &expected));
	if (expected.size != sizeof header || memcmp(header, expected.data, sizeof header) != 0)
		return err_set(ERR_MALFORMED, "%s is no bundle: it does not begin as one", m->reader.name);
	if (size > BUNDLE_CONTENTS_MAX)
		return err_set(ERR_LIMIT, "%s: its contents are larger than %" PRIu64 " bytes", m->reader.name, BUNDLE_CONTENTS_MAX);
	for (struct view bytes; text.size < size;) {
		TRY(bundle_take(&m->reader, size - text.size, &bytes));
		buf_append(&text, bytes.data, bytes.size);
		TRY(buf_status(&text));
	}
	TRY(bundle_expect(&m->reader, view_of(zeros, tar_padding(size)), "what fills up a member"));
	return bundle_contents_decode(buf_view(&text), m->reader.name, &m->contents);
}

static enum err check_module(const struct import *m)
{
	const struct bundle_file *file = m->contents.count > 1 ? &m->contents.files[1] : NULL;
	bool there = file && strcmp(file->name, BUNDLE_MODULE) == 0;
	if (!there)
		return err_set(ERR_DAMAGED, "%s: its module is missing", m->reader.name);
	if (file->size != m->manifest.module_size || memcmp(&file->digest, &m->manifest.module, sizeof file->digest) != 0)
		return err_set(ERR_DAMAGED, "%s: its module is not the one that ran", m->reader.name);
	return ERR_NONE;
}

/* The file's bytes are kept as they are. */
static enum err read_manifest(struct import *m, struct buf *bytes)
{
	const struct bundle_file *file = &m->contents.files[0];
	TRY(expect_header(m, file));
	TRY(receive(m, file, -1, bytes));
	enum err err = manifest_decode(buf_view(bytes), &m->manifest);
	if (err)
		return err_prefix(err, "%s", m->reader.name);
	if (!uuid_equal(&m->manifest.id, &m->contents.id))
		return err_set(ERR_DAMAGED, "%s: its manifest is that of another process", m->reader.name);
	return check_module(m);
}

static enum err create(int dir_fd, const char *name, unsigned mode, int *ret_fd)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set_errno(errno, "can't write %s", name);
	*ret_fd = fd;
	return fchmod(fd, mode) < 0 ? err_set_errno(errno, "can't set the mode of %s", name) : ERR_NONE;
}

static enum err keep(struct import *m, int fd, const char *name)
{
	return m->kept && fsync(fd) < 0 ? err_set_errno(errno, "can't write %s", name) : ERR_NONE;
}

static enum err store(struct import *m, const struct bundle_file *file, int dir_fd, const char *name, unsigned mode)
{
	int fd = -1;
	TRY(expect_header(m, file));
	enum err err = create(dir_fd, name, mode, &fd);
	if (!err)
		err = receive(m, file, fd, NULL);
	if (!err)
		err = keep(m, fd, name);
	if (fd >= 0 && close(fd) < 0 && !err)
		err = err_set_errno(errno, "can't write %s", name);
	return err;
}

/* Its digest is that of the manifest: whoever stores it has the same bytes. */
static enum err read_module(struct import *m, const struct bundle_file *file)
{
	char hex[DIGEST_HEX], temporary[32], path[sizeof MODULES_DIR + 4];
	int shelf;
	digest_hex(&file->digest, hex);
	snprintf(path, sizeof path, MODULES_DIR "/%.2s", hex);
	snprintf(temporary, sizeof temporary, ".new-%s", m->suffix);
	TRY(registry_dir(m->registry, path, true, &shelf));
	enum err err = store(m, file, shelf, temporary, 0400);
	if (!err && renameat(shelf, temporary, shelf, hex) < 0)
		err = err_set_errno(errno, "can't store the module");
	if (err)
		unlinkat(shelf, temporary, 0);
	else
		err = keep(m, shelf, "the module");
	close(shelf);
	return err;
}

static enum err read_files(struct import *m)
{
	static const uint8_t zeros[2 * TAR_BLOCK];
	for (size_t i = 1; i < m->contents.count; i++) {
		const struct bundle_file *file = &m->contents.files[i];
		TRY(strcmp(file->name, BUNDLE_MODULE) == 0 ? read_module(m, file) : store(m, file, m->dir, file->name, 0600));
	}
	TRY(bundle_expect(&m->reader, view_of(zeros, sizeof zeros), "its end"));
	return bundle_expect_end(&m->reader);
}

/* Whether the process that is there has these files, and no others. */
static bool is_same(const struct import *m, int dir_fd)
{
	char **names;
	size_t count, known = 0;
	if (dir_names(dir_fd, &names, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		known += strcmp(names[i], BUNDLE_MANIFEST) == 0 || strcmp(names[i], BUNDLE_TAIL) == 0 ||
			bundle_is_segment(view_text(names[i]));
	names_free(names, count);
	for (size_t i = 0; i < m->contents.count; i++) {
		const struct bundle_file *file = &m->contents.files[i];
		uint64_t size;
		struct digest digest;
		if (strcmp(file->name, BUNDLE_MODULE) == 0)
			continue;
		known--;
		if (bundle_digest_file(dir_fd, file->name, &size, &digest) || memcmp(&digest, &file->digest, sizeof digest) != 0)
			return false;
	}
	return known == 0;
}

static enum err compare(const struct import *m, const char *id, bool *ret_present)
{
	struct process process;
	TRY(registry_open_process(m->registry, &m->contents.id, &process));
	*ret_present = is_same(m, process.dir_fd);
	process_close(&process);
	if (!*ret_present)
		return err_set(ERR_EXISTS, "process %s is in the registry %s already, with another recording", id, m->registry->path);
	return ERR_NONE;
}

static enum err name_process(struct import *m, bool *ret_present)
{
	char id[UUID_TEXT];
	uuid_print(&m->contents.id, id);
	*ret_present = false;
	int failed = renameat2(m->processes, m->hidden, m->processes, id, RENAME_NOREPLACE);
	if (failed && errno == EINVAL) /* not on this file system; what is there is not empty, and so not replaced */
		failed = renameat(m->processes, m->hidden, m->processes, id);
	if (failed && (errno == EEXIST || errno == ENOTEMPTY))
		return compare(m, id, ret_present);
	if (failed)
		return err_set_errno(errno, "can't make the directory of process %s", id);
	m->hidden[0] = 0;
	return keep(m, m->processes, id);
}

static enum err import(struct import *m, bool *ret_present)
{
	BUF_CLEANUP struct buf manifest = { 0 };
	uint64_t random;
	char id[UUID_TEXT];
	int lock;
	TRY(read_contents(m));
	TRY(read_manifest(m, &manifest));
	if (getrandom(&random, sizeof random, 0) < 0)
		return err_set_errno(errno, "random numbers for a file's name");
	snprintf(m->suffix, sizeof m->suffix, "%016" PRIx64, random);
	uuid_print(&m->contents.id, id);
	snprintf(m->hidden, sizeof m->hidden, ".new-%s-%s", id, m->suffix);
	TRY(registry_hold(m->registry)); /* nobody collects what is being made */
	TRY(registry_dir(m->registry, PROCESSES_DIR, true, &m->processes));
	TRY(dir_open(m->processes, m->hidden, true, &m->dir));
	TRY(file_write(m->dir, BUNDLE_MANIFEST, buf_view(&manifest), 0600, m->kept));
	TRY(create(m->dir, "lock", 0600, &lock));
	close(lock);
	TRY(read_files(m));
	TRY(keep(m, m->dir, "the process's directory"));
	return name_process(m, ret_present);
}

/* What did not get its name. */
static void remove_hidden(struct import *m)
{
	char **names;
	size_t count;
	if (dir_names(m->dir, &names, &count) == ERR_NONE) {
		for (size_t i = 0; i < count; i++)
			unlinkat(m->dir, names[i], 0);
		names_free(names, count);
	}
	unlinkat(m->processes, m->hidden, AT_REMOVEDIR);
}

static void finish(struct import *m)
{
	if (m->dir >= 0 && m->hidden[0])
		remove_hidden(m);
	if (m->dir >= 0)
		close(m->dir);
	if (m->processes >= 0)
		close(m->processes);
	registry_release(m->registry);
	manifest_finish(&m->manifest);
	bundle_contents_finish(&m->contents);
	bundle_reader_close(&m->reader);
}

enum err bundle_import(struct registry *registry, int fd, const char *name, enum bundle_durability durability, struct uuid *ret_id,
	bool *ret_present)
{
	struct import m = { .registry = registry, .kept = durability == BUNDLE_KEPT, .processes = -1, .dir = -1 };
	enum err err = bundle_reader_open(fd, name, &m.reader);
	if (!err)
		err = import(&m, ret_present);
	*ret_id = m.contents.id;
	char text[1024];
	snprintf(text, sizeof text, "%s", err_text()); /* what is removed must not say something else */
	finish(&m);
	return err ? err_set(err, "%s", text) : ERR_NONE;
}
