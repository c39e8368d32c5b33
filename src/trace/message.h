/*
 * Messages: what the decoders of protocols make of the bytes of a connection, and the decoders themselves. A decoder is fed bytes as they
 * came, in pieces of any size, and hands whole messages to a sink; it knows nothing of sockets, records or printing. How the bytes are cut
 * makes no difference to what it hands over.
 *
 *	protocol->probe(client, server)       is it this one?
 *	protocol->create(&options, sink, &decoder)
 *	protocol->feed(decoder, SIDE_CLIENT, bytes, time, &used), ...
 *	protocol->close(decoder, SIDE_SERVER, time, reason), ...
 *	protocol->destroy(decoder)
 *
 * Bytes that do not follow the protocol are taken and counted, and told of in the error of a message when their side closes.
 */
#pragma once

#include "base/err.h"
#include "base/view.h"

/* Who sends. A request comes from the client's side as a rule. */
enum message_side { SIDE_CLIENT, SIDE_SERVER };

struct message_field {
	struct view name, value; /* as sent; a folded value is put together */
};

/* Times are ns of the wall clock. */
struct message {
	uint64_t time, end;       /* of its first byte and its last */
	struct view protocol;     /* with its version: "HTTP/1.1"; empty: there is no message, but an error in its place */
	struct view method, path; /* of a request; the target as sent */
	uint32_t status;          /* of a response */
	struct view status_text;
	const struct message_field *fields;
	uint32_t field_count;
	uint32_t trailer_count;   /* of the fields, the last ones came behind the body */
	struct view body;         /* without transfer and content coding, as far as it was kept */
	uint64_t body_bytes;      /* all of it; where it could not be decoded whole, as it was sent */
	bool body_cut;            /* not all of it was kept */
	const struct message *interim; /* of a response: those on the way that came before it, without bodies (RFC 9110, section 15.2) */
	uint32_t interim_count;
	uint32_t interim_more;    /* so many of them were not kept */
	struct view error;        /* why the message is not whole, or not one; empty: it is. What else there is, is as far as it came */
};

/* The exchanges of a connection are numbered from 0: a request and its response have the same number. Errors stop the decoder. */
struct message_sink {
	/* The first byte of a response has come: orders what is told of at its end. Once more if what began was not it; time 0: nothing
	 * began. */
	enum err (*begun)(struct message_sink *sink, uint64_t exchange, uint64_t time);
	/* Borrowed for the call. */
	enum err (*message)(struct message_sink *sink, uint64_t exchange, enum message_side side, const struct message *message);
};

/* Bytes that all connections together may keep. Who finds too few left keeps nothing. */
struct message_memory {
	uint64_t left;
};

struct decoder_options {
	uint64_t head_max; /* bytes of a message's start line and fields; one with more is broken */
	uint64_t body_max; /* bytes of a body that are kept */
	struct message_memory *memory;
};

enum probe_result { PROBE_NO, PROBE_YES, PROBE_MORE };

enum feed_result {
	FEED_MORE,    /* all was taken */
	FEED_WAIT,    /* `used` was taken; the rest is to be fed again when the other side has been fed, or is closed */
	FEED_HANDED,  /* what follows `used` on this side, and all on the other, is another protocol's */
	FEED_FAILED,  /* no memory, or the sink's error, which is set */
};

struct decoder;

struct protocol {
	const char *name; /* "HTTP" */
	/* Of the first bytes of either side, which may be none. */
	enum probe_result (*probe)(struct view client, struct view server);
	enum err (*create)(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder);
	void (*destroy)(struct decoder *decoder);
	enum feed_result (*feed)(struct decoder *decoder, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used);
	/* A side sends no more; the reason is empty if it ended as it should. Both sides are closed in the end. */
	enum err (*close)(struct decoder *decoder, enum message_side side, uint64_t time, struct view reason);
};

/* All there are, ending with NULL. In src/proto. */
extern const struct protocol *const protocols[];
