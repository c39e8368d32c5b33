/* The XML that S3 answers with: lists of objects, and errors. It comes from outside, and may be anything. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct store_object {
	struct view key;
	uint64_t size;
	struct view etag;     /* with its quotes */
	uint64_t changed;     /* ns since 1970; 0: it doesn't say */
};

struct store_visitor {
	enum err (*object)(void *data, const struct store_object *object);
	enum err (*prefix)(void *data, struct view prefix); /* what the delimiter ends; NULL: nobody asked for them */
	void *data;
};

/* One page of ListObjectsV2: calls the visitor for what is in it; `ret_next` is where the next begins, empty if there is none.
 * ERR_MALFORMED. */
enum err listing_parse(struct view xml, const struct store_visitor *visitor, struct buf *ret_next);

/* Of an error: its Code, Message and Region; empty where it has none, or is none. */
struct store_fault {
	char code[64], message[256], region[64];
};
void fault_parse(struct view xml, struct store_fault *ret_fault);
