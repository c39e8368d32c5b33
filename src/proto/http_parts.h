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
	BAD,        /* what follows is not HTTP */
};

enum {
	PENDING_MAX = 256,           /* requests that were sent before their responses */
	PENDING_BYTES_MAX = 1 << 20,  /* of their start lines and fields */
	LINE_MAX = 4096,              /* of a chunk's size and its extensions */
	INTERIM_MAX = 8,              /* responses on the way that are kept */
	SHOWN_MAX = 32,               /* bytes that are shown of what is not HTTP */
	PROBE_MAX = 8192,
};

/* What of a request decides how its response is read. */
enum { PENDING_HEAD = 1, PENDING_CONNECT = 2, PENDING_UPGRADE = 4 };

struct pending {
	uint32_t flags;
	uint32_t size; /* of its head */
};

/* A response on the way: 100, 103. */
struct interim {
	uint64_t time, end;
	struct buf kept;
	struct http_head parsed;
};

struct direction {
	enum state state;
	bool closed;
	bool waits;          /* there are bytes that it could not take yet */
	bool is_http;        /* the start line of the message under way is one */
	bool bodiless;       /* by the kind of message: what its fields say of a body is not meant */
	struct buf head;     /* bytes of the start line and fields, of a chunk's size line, ... so far */
	size_t checked;      /* of the head: up to here lines are whole, and were looked at */
	struct buf kept;     /* the start line and fields of the message under way; views of `parsed` are into it */
	struct buf trailer;
	struct http_head parsed;
	uint32_t head_fields; /* those behind them came in the trailer */
	struct buf body;     /* as far as it is kept, still in its content coding */
	uint64_t body_bytes;
	uint64_t left;       /* of the body, or of the chunk */
	uint64_t time, end;
	uint64_t exchange;
	uint64_t offset;     /* of what is fed, from the connection's start */
	uint64_t start;      /* where the message begins */
	const char *why;     /* BAD: what is wrong, and from where on; `head` has the first bytes */
	uint64_t bad_from;
	bool bad_message;    /* BAD: a message is under way, or something in its place, and is to be told of */
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct direction sides[2];
	struct pending pending[PENDING_MAX];
	uint64_t requests, responses; /* exchanges begun by a request, and by a response */
	uint64_t pending_bytes;
	bool expects;                 /* the request under way waits for 100 (Continue) */
	struct interim *interim;      /* INTERIM_MAX of them, or NULL */
	uint32_t interim_count, interim_more;
	struct buf decoded, codings, why;
	struct buf gone;              /* why the server says no more, once it is closed */
	struct handover handover;     /* behind 101: views of its text */
	struct buf handover_text;
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

static inline struct pending pending_of(const struct decoder *d, uint64_t exchange)
{
	return exchange < d->requests ? d->pending[exchange % PENDING_MAX] : (struct pending){ 0 };
}

/* http_message.c: where messages begin and end, and what they mean for each other. */
void http_begin(struct decoder *d, struct direction *s, uint64_t time);
bool http_end_head(struct decoder *d, struct direction *s); /* true: the connection is another protocol's from here on */
void http_end_message(struct decoder *d, struct direction *s);
void http_end_exchange(struct decoder *d);

/* http_handover.c: 101 (Switching Protocols): who is spoken to from here on. */
void http_note_handover(struct decoder *d, const struct direction *response);
bool http_handed(const struct decoder *d, struct handover *ret_handover);

/* http_tell.c: what has come of a message goes to the sink. */
void http_tell(struct decoder *d, struct direction *s, struct view error);
void http_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error); /* in its place */
void http_tell_unanswered(struct decoder *d, uint64_t time); /* the requests that there are */
void http_keep_interim(struct decoder *d, struct direction *s);

/* What follows, from byte `from` on, is not HTTP; `bytes` are the first of them. */
void http_bad(struct direction *s, const char *why, uint64_t from, struct view bytes);

/* http_body.c: each takes some of the bytes, and returns how many. */
size_t http_feed_counted(struct decoder *d, struct direction *s, struct view bytes);
size_t http_feed_chunk_size(struct direction *s, struct view bytes);
size_t http_feed_chunk_end(struct direction *s, struct view bytes);
size_t http_feed_trailer(struct decoder *d, struct direction *s, struct view bytes);
void http_keep_body(struct decoder *d, struct direction *s, struct view bytes);
void http_drop_body(struct decoder *d, struct direction *s);

/* Takes bytes up to the end of a line: true when it has come. */
bool http_take_line(struct buf *line, struct view bytes, size_t *ret_used);
bool http_is_empty_line(const struct buf *lines); /* the last one */
