#include "registry/bundle_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { CAPACITY = 256 << 10 };

enum err bundle_reader_open(int fd, const char *name, struct bundle_reader *ret_reader)
{
	*ret_reader = (struct bundle_reader){ .fd = fd, .name = name, .bytes = malloc(CAPACITY) };
	return ret_reader->bytes ? ERR_NONE : err_nomem();
}

void bundle_reader_close(struct bundle_reader *r)
{
	free(r->bytes);
	*r = (struct bundle_reader){ .fd = -1 };
}

/* ERR_END where there is no more. */
static enum err fill(struct bundle_reader *r)
{
	while (r->first == r->end) {
		ssize_t got = read(r->fd, r->bytes, CAPACITY);
		if (got == 0)
			return ERR_END;
		if (got < 0 && errno != EINTR)
			return err_set_errno(errno, "can't read %s", r->name);
		r->first = 0;
		r->end = got > 0 ? (size_t)got : 0;
	}
	return ERR_NONE;
}

enum err bundle_take(struct bundle_reader *r, uint64_t max, struct view *ret_bytes)
{
	enum err err = fill(r);
	if (err == ERR_END)
		return err_set(ERR_DAMAGED, "%s is cut off at byte %" PRIu64, r->name, r->at);
	TRY(err);
	size_t size = r->end - r->first;
	*ret_bytes = view_of(r->bytes + r->first, size < max ? size : (size_t)max);
	r->first += ret_bytes->size;
	r->at += ret_bytes->size;
	return ERR_NONE;
}

enum err bundle_read(struct bundle_reader *r, void *to, size_t size)
{
	for (uint8_t *at = to; size;) {
		struct view bytes;
		TRY(bundle_take(r, size, &bytes));
		memcpy(at, bytes.data, bytes.size);
		at += bytes.size;
		size -= bytes.size;
	}
	return ERR_NONE;
}

enum err bundle_expect(struct bundle_reader *r, struct view expected, const char *what)
{
	for (uint64_t start = r->at; expected.size;) {
		struct view bytes;
		TRY(bundle_take(r, expected.size, &bytes));
		if (memcmp(bytes.data, expected.data, bytes.size) != 0)
			return err_set(ERR_DAMAGED, "%s is damaged behind byte %" PRIu64 ": %s is not as it should be", r->name, start,
				what);
		expected = view_slice(expected, bytes.size, expected.size);
	}
	return ERR_NONE;
}

enum err bundle_expect_end(struct bundle_reader *r)
{
	enum err err = fill(r);
	if (!err)
		return err_set(ERR_DAMAGED, "%s goes on behind its end, at byte %" PRIu64, r->name, r->at);
	return err == ERR_END ? ERR_NONE : err;
}
