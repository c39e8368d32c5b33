/* A bundle's bytes, one after the other, from a file or a pipe. */
#pragma once

#include "base/buf.h"

struct bundle_reader {
	int fd;
	const char *name; /* for messages */
	uint64_t at;      /* bytes that were taken */
	uint8_t *bytes;   /* owned */
	size_t first, end;
};

enum err bundle_reader_open(int fd, const char *name, struct bundle_reader *ret_reader);
void bundle_reader_close(struct bundle_reader *reader);

/* At least one of the next bytes and at most `max`, valid until the next call. ERR_DAMAGED where the file ends. */
enum err bundle_take(struct bundle_reader *reader, uint64_t max, struct view *ret_bytes);

/* Exactly so many. */
enum err bundle_read(struct bundle_reader *reader, void *to, size_t size);

/* That these bytes come next: else ERR_DAMAGED, naming `what` as what is wrong. */
enum err bundle_expect(struct bundle_reader *reader, struct view expected, const char *what);

/* That nothing comes. */
enum err bundle_expect_end(struct bundle_reader *reader);
