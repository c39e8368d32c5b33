/* The first member of a bundle: what else there is. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "registry/bundle_parts.h"

static const char first_line[] = "timecraft bundle ";
enum { VERSION = 1 };

bool bundle_is_segment(struct view name)
{
	enum { DIGITS = 8 };
	for (size_t i = 0; i < DIGITS && i < name.size; i++) {
		if (!isdigit(name.data[i]))
			return false;
	}
	return name.size > DIGITS && view_is(view_slice(name, DIGITS, name.size), ".log");
}

enum err bundle_contents_add(struct bundle_contents *contents, const char *name, uint64_t size, const struct digest *digest)
{
	struct bundle_file *files = contents->files;
	if (!(contents->count & (contents->count - 1))) {
		files = reallocarray(files, contents->count ? 2 * contents->count : 1, sizeof *files);
		if (!files)
			return err_nomem();
		contents->files = files;
	}
	struct bundle_file *file = &files[contents->count++];
	*file = (struct bundle_file){ .size = size, .digest = *digest };
	snprintf(file->name, sizeof file->name, "%s", name);
	return ERR_NONE;
}

void bundle_contents_finish(struct bundle_contents *contents)
{
	free(contents->files);
	*contents = (struct bundle_contents){ 0 };
}

enum err bundle_contents_encode(const struct bundle_contents *contents, struct buf *out)
{
	char id[UUID_TEXT], hex[DIGEST_HEX];
	uuid_print(&contents->id, id);
	buf_printf(out, "%s%d\nprocess %s\n", first_line, VERSION, id);
	for (size_t i = 0; i < contents->count; i++) {
		digest_hex(&contents->files[i].digest, hex);
		buf_printf(out, "file %s %" PRIu64 " %s\n", hex, contents->files[i].size, contents->files[i].name);
	}
	TRY(buf_status(out));
	return out->size > BUNDLE_CONTENTS_MAX ? err_set(ERR_LIMIT, "the recording has too many segments for a bundle") : ERR_NONE;
}

/* The line at `*at`, without its newline. */
static bool next_line(struct view text, size_t *at, struct view *ret_line)
{
	struct view rest = view_slice(text, *at, text.size);
	const uint8_t *newline = rest.size ? memchr(rest.data, '\n', rest.size) : NULL;
	if (!newline)
		return false;
	*ret_line = view_slice(rest, 0, (size_t)(newline - rest.data));
	*at += ret_line->size + 1;
	return true;
}

static bool parse_file(struct view line, struct bundle_contents *contents, enum err *ret_err)
{
	char text[128], hex[DIGEST_HEX], name[BUNDLE_NAME];
	uint64_t size;
	int end = 0;
	struct digest digest;
	if (line.size >= sizeof text)
		return false;
	memcpy(text, line.data, line.size);
	text[line.size] = 0;
	if (sscanf(text, "file %64[0-9a-f] %20" SCNu64 " %15[0-9a-z.]%n", hex, &size, name, &end) != 3 || (size_t)end != line.size ||
		!digest_parse(view_text(hex), &digest))
		return false;
	*ret_err = bundle_contents_add(contents, name, size, &digest);
	return true;
}

/* Where a file may stand: the manifest, a module, segments, a tail. */
static int rank(const char *name)
{
	if (strcmp(name, BUNDLE_MANIFEST) == 0)
		return 0;
	if (strcmp(name, BUNDLE_MODULE) == 0)
		return 1;
	if (bundle_is_segment(view_text(name)))
		return 2;
	return strcmp(name, BUNDLE_TAIL) == 0 ? 3 : -1;
}

static uint64_t limit(const char *name)
{
	static const uint64_t limits[] = { BUNDLE_MANIFEST_MAX, BUNDLE_MODULE_MAX, INT64_MAX, BUNDLE_TAIL_MAX };
	return limits[rank(name)];
}

/* The manifest comes first, segments in the order of their numbers, and nothing twice. */
static bool follows(const struct bundle_file *file, const struct bundle_file *before)
{
	if (!before)
		return rank(file->name) == 0;
	int by = rank(file->name) - rank(before->name);
	return by > 0 || (by == 0 && strcmp(before->name, file->name) < 0);
}

static enum err check(const struct bundle_contents *contents, const char *bundle)
{
	bool has_segment = false;
	for (size_t i = 0; i < contents->count; i++) {
		const struct bundle_file *file = &contents->files[i];
		int at = rank(file->name);
		if (at < 0)
			return err_set(ERR_DAMAGED, "%s: its contents name a file that no bundle has: %s", bundle, file->name);
		if (!follows(file, i ? file - 1 : NULL))
			return err_set(ERR_DAMAGED, "%s: its contents are not in their order, at %s", bundle, file->name);
		if (file->size > limit(file->name))
			return err_set(ERR_LIMIT, "%s: %s has %" PRIu64 " bytes, more than the %" PRIu64 " that it may have", bundle,
				file->name, file->size, limit(file->name));
		has_segment |= at == 2;
	}
	return has_segment ? ERR_NONE : err_set(ERR_DAMAGED, "%s: its contents lack the manifest or the log", bundle);
}

static enum err parse(struct view text, const char *bundle, struct bundle_contents *contents)
{
	size_t at = 0, known = sizeof first_line - 1;
	struct view line;
	char version[4];
	snprintf(version, sizeof version, "%d", VERSION);
	if (!next_line(text, &at, &line) || !view_equal(view_slice(line, 0, known), view_text(first_line)))
		return err_set(ERR_DAMAGED, "%s: its contents do not begin as those of a bundle", bundle);
	if (!view_is(view_slice(line, known, line.size), version))
		return err_set(ERR_UNSUPPORTED, "%s: a bundle of version %.*s, of which this timecraft knows only %d", bundle,
			VIEW_ARG(view_slice(line, known, 8)), VERSION);
	if (!next_line(text, &at, &line) || !view_equal(view_slice(line, 0, 8), view_text("process ")) ||
		!uuid_parse(view_slice(line, 8, line.size), &contents->id))
		return err_set(ERR_DAMAGED, "%s: its contents name no process", bundle);
	while (at < text.size) {
		size_t begin = at;
		enum err err = ERR_NONE;
		if (!next_line(text, &at, &line) || !parse_file(line, contents, &err))
			return err_set(ERR_DAMAGED, "%s: its contents are damaged at byte %zu", bundle, begin);
		TRY(err);
	}
	TRY(check(contents, bundle));
	/* Numbers and identifiers have one form only. */
	BUF_CLEANUP struct buf again = { 0 };
	TRY(bundle_contents_encode(contents, &again));
	return view_equal(buf_view(&again), text) ? ERR_NONE : err_set(ERR_DAMAGED, "%s: its contents are damaged", bundle);
}

enum err bundle_contents_decode(struct view text, const char *bundle, struct bundle_contents *ret_contents)
{
	struct bundle_contents contents = { 0 };
	enum err err = parse(text, bundle, &contents);
	if (err)
		bundle_contents_finish(&contents);
	else
		*ret_contents = contents;
	return err;
}
