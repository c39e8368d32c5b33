/*
 * A bundle from a stranger. The first byte says what the rest is: the whole file; the text of its contents, in a member that is right; or
 * the body of its manifest, in a bundle that is right otherwise. What is refused leaves nothing.
 */
#include "fuzz.h"
#include "registry/bundle.h"
#include "registry/files.h"
#include "registry/tar.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define ID "018bcfe5-687b-7e3f-8a01-23456789abcd"

static char path[64];

static int remove_entry(const char *entry, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(entry);
}

static void remove_below(const char *name)
{
	char below[128];
	snprintf(below, sizeof below, "%s/%s", path, name);
	nftw(below, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_all(void)
{
	remove_below("");
}

/* In memory where that is to be had, since each input writes files. */
static struct registry *registry(void)
{
	static struct registry *registry;
	if (registry)
		return registry;
	snprintf(path, sizeof path, "/dev/shm/fuzz_bundle.XXXXXX");
	if (!mkdtemp(path)) {
		snprintf(path, sizeof path, "/tmp/fuzz_bundle.XXXXXX");
		if (!mkdtemp(path))
			abort();
	}
	atexit(remove_all);
	if (registry_open(path, &registry))
		abort();
	return registry;
}

static size_t processes(void)
{
	char below[128];
	size_t count = 0;
	snprintf(below, sizeof below, "%s/processes", path);
	DIR *dir = opendir(below);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static void put_member(struct buf *out, const char *name, struct view bytes)
{
	static const uint8_t zeros[TAR_BLOCK];
	if (tar_header(name, bytes.size, 0, out))
		abort();
	buf_append(out, bytes.data, bytes.size);
	buf_append(out, zeros, tar_padding(bytes.size));
}

static void put_file(struct buf *out, const char *name, struct view bytes)
{
	char hex[DIGEST_HEX];
	struct digest digest = digest_of(bytes);
	digest_hex(&digest, hex);
	buf_printf(out, "file %s %zu %s\n", hex, bytes.size, name);
}

static void put_bundle(struct buf *out, struct view body)
{
	static const uint8_t zeros[2 * TAR_BLOCK];
	BUF_CLEANUP struct buf manifest = { 0 }, contents = { 0 };
	buf_printf(&manifest, "# timecraft manifest %d %zu %016" PRIx64 "\n", MANIFEST_VERSION, body.size,
		(uint64_t)XXH3_64bits(body.data, body.size));
	buf_append(&manifest, body.data, body.size);
	buf_append_text(&contents, "timecraft bundle 1\nprocess " ID "\n");
	put_file(&contents, "manifest.yaml", buf_view(&manifest));
	put_file(&contents, "module.wasm", view_text("abc"));
	put_file(&contents, "00000000.log", view_text(""));
	put_member(out, "bundle/contents", buf_view(&contents));
	put_member(out, "bundle/manifest.yaml", buf_view(&manifest));
	put_member(out, "bundle/module.wasm", view_text("abc"));
	put_member(out, "bundle/00000000.log", view_text(""));
	buf_append(out, zeros, sizeof zeros);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_CLEANUP struct buf bundle = { 0 };
	struct uuid id;
	bool present;
	struct view rest = view_slice(view_of(data, size), 1, size);
	if (size == 0)
		return 0;
	if (data[0] == 'b')
		buf_append(&bundle, rest.data, rest.size);
	else if (data[0] == 'c')
		put_member(&bundle, "bundle/contents", rest);
	else
		put_bundle(&bundle, rest);
	int fd = memfd_create("bundle", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bundle.data, bundle.size) != (ssize_t)bundle.size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	enum { NO_ENTRIES = 2 };
	enum err err = bundle_import(registry(), fd, "bundle", BUNDLE_TEMPORARY, &id, &present);
	close(fd);
	if (err && processes() > NO_ENTRIES)
		__builtin_trap();
	remove_below("processes");
	remove_below("modules");
	return 0;
}
