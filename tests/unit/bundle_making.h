/* A process whose files are small, and its bundle in memory. Needs folder.h. */
#pragma once

#include "folder.h"
#include "registry/bundle.h"
#include "registry/files.h"

struct memory_sink {
	struct bundle_sink sink;
	struct buf *out;
};

static inline enum err to_memory(struct bundle_sink *sink, struct view bytes)
{
	struct buf *out = ((struct memory_sink *)sink)->out;
	buf_append(out, bytes.data, bytes.size);
	return buf_status(out);
}

static inline struct registry *registry_at(const char *name)
{
	struct registry *registry;
	if (registry_open(below(name), &registry) != 0)
		fail_msg("%s", err_text());
	return registry;
}

static inline struct manifest bundled_manifest(struct view module)
{
	struct manifest m = {
		.runtime = view_text("0.1.0"),
		.module = digest_of(module),
		.module_name = view_text("prog.wasm"),
		.module_size = module.size,
		.start_wall = UINT64_C(1700000000123456789),
		.features = view_text("wasm-2.0"),
	};
	assert_true(uuid_parse(view_text("018bcfe5-687b-7e3f-8a01-23456789abcd"), &m.id));
	return m;
}

/* Two segments and a tail, whose bytes are no recording: a bundle does not look. */
static inline void make_bundle(const struct manifest *manifest, struct view module, struct buf *out)
{
	BUF_CLEANUP struct buf bytes = { 0 };
	struct memory_sink sink = { { to_memory }, out };
	int fd;
	assert_int_equal(dir_open(AT_FDCWD, below("source"), true, &fd), 0);
	assert_int_equal(file_write(fd, "00000003.log", view_text("third"), 0600, false), 0);
	assert_int_equal(file_write(fd, "00000002.log", view_text("second segment"), 0600, false), 0);
	assert_int_equal(file_write(fd, "tail", view_text(""), 0600, false), 0);
	assert_int_equal(file_write(fd, "lock", view_text(""), 0600, false), 0);
	assert_int_equal(manifest_encode(manifest, &bytes), 0);
	struct bundle_source source = {
		.id = manifest->id, .manifest = buf_view(&bytes), .module = module, .has_module = true, .log_fd = fd
	};
	if (bundle_write(&source, &sink.sink))
		fail_msg("%s", err_text());
	close(fd);
}

/* As from a pipe or file. */
static inline enum err import_bytes(struct registry *registry, struct view bytes, bool *ret_present)
{
	static int fd = -1;
	struct uuid id;
	if (fd < 0)
		fd = memfd_create("bundle", MFD_CLOEXEC);
	assert_true(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return bundle_import(registry, fd, "a.tar", BUNDLE_TEMPORARY, &id, ret_present);
}
