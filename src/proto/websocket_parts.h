/* What the files of the WebSocket decoder share. */
#pragma once

#include <zlib.h>

#include "base/buf.h"
#include "proto/websocket.h"

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

enum state {
	HEADER, /* of a frame, or between frames */
	PAYLOAD,
	BAD, /* what follows is no frame */
};

enum {
	HEADER_MAX = 14,
	CONTROL_MAX = 125,            /* bytes of a frame of control */
	LINE_KEPT = 1024,             /* bytes of a message that are kept for its line, whatever else is */
	CHARACTER_MAX = 4,            /* so many more, so that no character is cut that need not be */
	STORAGE_MAX = 64 << 10,       /* that is worth keeping for the next message */
	INFLATED_MAX = 1 << 30,       /* bytes of a message; one that swells beyond that is not looked at any more */
	SHOWN_MAX = 32,               /* bytes that are shown of what is no frame */
};

/* A message as far as it came. */
struct incoming {
	bool open;
	bool compressed;
	bool raw;     /* it is compressed, and that could not be undone */
	uint8_t opcode;
	uint32_t frames;
	uint64_t exchange;
	uint64_t time, end;
	uint64_t sent; /* bytes of its frames */
	uint64_t size; /* of what they are without their compression */
	uint64_t taken; /* from the memory of all connections */
	struct buf kept;
	const char *why; /* its compression is broken; NULL: it is not */
};

struct direction {
	enum state state;
	bool closed;
	uint8_t header[HEADER_MAX];
	uint32_t header_size;
	uint64_t time;              /* of the frame's first byte */
	uint64_t offset;            /* of what is fed, from the first frame on */
	uint64_t left;              /* of the frame */
	uint8_t mask[4];
	uint32_t mask_at;
	bool masked;
	struct incoming *at;        /* what the frame belongs to */
	struct incoming data, control;
	bool takeover;              /* a message may refer to those before it */
	bool inflates;              /* the stream is one */
	bool lost;                  /* its compression is not known any more */
	z_stream stream;
	const char *why;            /* BAD: what is wrong, where, and the first bytes */
	uint64_t bad_from, bad_exchange;
	struct buf bad;
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct direction sides[2];
	bool deflate;       /* it was agreed that messages may be compressed */
	bool others;        /* so were extensions that nobody here knows: bits that are theirs may be set */
	uint64_t exchanges;
	struct buf path;
	struct buf why;
	enum err err;
};

static inline enum message_side side_of(const struct decoder *d, const struct direction *s)
{
	return s == &d->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT;
}

/* websocket_message.c: messages begin, grow, and are told of. */
void websocket_begin(struct decoder *d, struct direction *s, struct incoming *m, uint8_t opcode);
void websocket_keep(struct decoder *d, struct incoming *m, struct view bytes);
void websocket_tell(struct decoder *d, struct direction *s, struct incoming *m, struct view error);
void websocket_drop(struct decoder *d, struct incoming *m);

/* websocket_deflate.c: what was agreed, and how it is undone. */
void websocket_agree(struct decoder *d, struct view extensions);
void websocket_payload(struct decoder *d, struct direction *s, struct view bytes);
void websocket_end_deflate(struct decoder *d, struct direction *s);
