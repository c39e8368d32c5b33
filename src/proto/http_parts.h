/* What the files of the HTTP/1 decoder share. */
#pragma once

#include "base/buf.h"
#include "proto/http.h"
#include "proto/http_head.h"

enum state {
	START,      /* between messages */
	HEAD,       /* in a start line or field */
	LENGTH,     /* in a body of known length */
	CHUNK_SIZE, /* in the line before a chunk */
	CHUNK_DATA,
	CHUNK_END,  /* in the line end behind a chunk */
	TRAILER,
	TO_CLOSE,   /* in a body that ends with the connection */
	WAIT,       /* behind a request that may hand the connection over */
	OVER,       /* what follows is not HTTP */
};

enum {
	PENDING_MAX = 1024, /* requests that were sent before their responses */
	LINE_MAX = 4096,    /* of a chunk's size and its extensions */
	PROBE_MAX = 8192,
};

/* What of a request decides how its response is read. */
enum pending { PENDING_HEAD = 1, PENDING_CONNECT = 2, PENDING_UPGRADE = 4 };

struct direction {
	enum state state;
	bool closed;
	struct buf head;     /* bytes of the start line and fields, of a chunk's size line, ... so far */
	struct buf kept;     /* the start line and fields of the message under way; views of `parsed` are into it */
	struct buf trailer;
	struct http_head parsed;
	uint32_t head_fields; /* those behind them came in the trailer */
	struct buf body;     /* as far as it is kept, still in its content coding */
	uint64_t body_bytes;
	uint64_t left;       /* of the body, or of the chunk */
	bool bodiless;       /* by the kind of message: what its fields say of a body is not meant */
	uint64_t time, end;
	uint64_t exchange;
	uint64_t start;      /* where the message begins */
	uint64_t offset;     /* of what is fed, from the connection's start */
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct direction sides[2];
	uint8_t pending[PENDING_MAX];
	uint64_t requests, responses; /* exchanges begun by a request, and by a response */
	bool expects;                 /* the request under way waits for 100 (Continue) */
	struct buf decoded, why;
	enum err err;
};

static inline enum message_side side_of(const struct decoder *d, const struct direction *s)
{
	return s == &d->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT;
}

static inline bool is_response(const struct decoder *d, const struct direction *s)
{
	return side_of(d, s) == SIDE_SERVER;
}

/* http_message.c: messages begin, and end well or badly; what has come of one goes to the sink. */
void http_begin(struct decoder *d, struct direction *s, uint64_t time);
bool http_end_head(struct decoder *d, struct direction *s); /* true: the connection is another protocol's from here on */
void http_end_message(struct decoder *d, struct direction *s);
void http_bad(struct decoder *d, struct direction *s, const char *why, uint64_t from); /* byte `from` on */
void http_tell(struct decoder *d, struct direction *s, struct view error);

/* http_body.c: each takes some of the bytes, and returns how many. */
size_t http_feed_counted(struct decoder *d, struct direction *s, struct view bytes);
size_t http_feed_chunk_size(struct decoder *d, struct direction *s, struct view bytes);
size_t http_feed_chunk_end(struct decoder *d, struct direction *s, struct view bytes);
size_t http_feed_trailer(struct decoder *d, struct direction *s, struct view bytes);
void http_keep_body(struct decoder *d, struct direction *s, struct view bytes);

/* Takes bytes up to the end of a line: true when it has come. */
bool http_take_line(struct buf *line, struct view bytes, size_t *ret_used);
bool http_is_empty_line(const struct buf *lines); /* the last one */
