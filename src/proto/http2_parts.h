/* What the files of HTTP/2 share. */
#pragma once

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "proto/grpc.h"
#include "proto/http2.h"

enum {
	FRAME_HEADER = 9,
	STREAMS_MAX = 4096,  /* under way at a time; a stream beyond is not kept */
	BUCKETS = 256,
	CONTROL_KEPT = 240,  /* bytes of a frame that is neither data nor fields */
	FRAME_MAX = 16384,   /* that may be sent to who says nothing of it */
	TABLE_MAX = 1 << 20, /* of HPACK; who announces less has the other side say so */
};

enum frame_type { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8, HAS_PRIORITY = 32 };

/* Offsets into the text of a half. */
struct field_at {
	uint32_t name, name_size, value, value_size;
};

/* One direction of a stream: a request or a response. */
struct half {
	bool begun, told, headed; /* headed: a whole block of fields has come, what follows are trailers */
	bool cut_fields;
	uint64_t time, end;
	uint32_t status, interim, head_fields;
	struct buf text, fields; /* fields: struct field_at */
	struct buf body;
	uint64_t body_bytes;
};

struct stream {
	struct stream *next; /* in its bucket */
	uint32_t id;
	uint64_t exchange;
	struct half halves[2];
};

enum state { PREFACE, HEADER, PAD, SKIP_FIRST, PAYLOAD, PADDING, BROKEN };

struct direction {
	enum state state;
	bool settled; /* it has begun with settings, as it must */
	uint32_t frame_max; /* what it may send */
	bool closed, block_open; /* between HEADERS and the end of its CONTINUATIONs */
	bool block_ends_stream;
	uint8_t header[FRAME_HEADER];
	uint8_t control[CONTROL_KEPT];
	uint32_t header_size, control_size, matched;
	enum frame_type type;
	uint8_t flags;
	uint32_t id, block_id; /* of the stream that the open block is for: the promised one */
	uint32_t left, padding, first; /* bytes of the frame still to come: in all, at its end, before its fields */
	uint64_t offset, time;
	const char *why;
	nghttp2_hd_inflater *inflater;
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	enum err err;
	struct direction sides[2];
	struct stream *buckets[BUCKETS];
	uint32_t streams;
	uint64_t exchanges;
	uint32_t last_id[2]; /* highest stream that began: by a request, by a promise */
	struct buf why, decoded, codings, shown;
	struct grpc grpc;
};

/* http2_stream.c. NULL: there is none, or no room for another. */
struct stream *http2_find(struct decoder *d, uint32_t id);
struct stream *http2_open(struct decoder *d, uint32_t id);
void http2_begin(struct decoder *d, struct stream *stream, enum message_side side, uint64_t time);
void http2_keep_body(struct decoder *d, struct half *half, struct view bytes);
void http2_keep_field(struct decoder *d, struct half *half, struct view name, struct view value);
void http2_end_block(struct decoder *d, struct stream *stream, enum message_side side);
void http2_reset(struct decoder *d, struct stream *stream, enum message_side by, uint32_t code, uint64_t time);
bool http2_end_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason); /* false: there was nothing to end */
void http2_free_streams(struct decoder *d);

/* http2_tell.c. Frees the stream when both its halves have been told. */
void http2_tell(struct decoder *d, struct stream *stream, enum message_side side, struct view error);
void http2_tell_alone(struct decoder *d, enum message_side side, uint64_t time, struct view error);
void http2_drop(struct decoder *d, struct stream *stream);
const char *http2_error_name(uint32_t code);
