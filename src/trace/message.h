/*
 * Messages: what the decoders of protocols make of the bytes of a connection, and the decoders themselves. A decoder is fed bytes as they
 * came, in pieces of any size, and hands whole messages to a sink; it knows nothing of sockets, records or printing. How the bytes are cut
 * makes no difference to what it hands over.
 *
 *	protocol->probe(client, server)       is it this one?
 *	protocol->create(&options, sink, &decoder)              tells nothing yet
 *	protocol->feed(decoder, SIDE_CLIENT, bytes, time, &used), ...
 *	protocol->close(decoder, SIDE_SERVER, time, reason), ...
 *	protocol->destroy(decoder)
 *
 * Bytes that do not follow the protocol are taken and counted, and told of in the error of a message when their side closes.
 */
#pragma once

#include "base/err.h"
#include "trace/datum.h"

/* Who sends. A request comes from the client's side as a rule. */
enum message_side { SIDE_CLIENT, SIDE_SERVER };

struct message_field {
	struct view name, value; /* as sent; a folded value is put together */
};

/* The name is a literal. */
struct message_value {
	const char *name; /* may be NULL, where the value says enough */
	struct datum value;
};

/*
 * Times are ns of the wall clock.
 *
 * What HTTP and its like have are method, path, status, fields and body. Every other protocol says the same three times over, for who has a
 * glance, who has time and who has a program: `line`, `parts`, `attributes`.
 */
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

	const char *name;         /* of the protocol, where it is not the decoder's own: "gRPC" on HTTP/2; a literal, or NULL */
	const struct datum *line; /* the words of a line; none: method and path, or status */
	const struct message_value *parts;      /* what was sent, in the order of the wire, under the protocol's own names */
	const struct message_value *attributes; /* what it means, under OpenTelemetry's names where it has them: db.query.text */
	uint32_t line_count, part_count, attribute_count;
	uint64_t part_more;       /* so many parts were not kept */
	struct view shape;        /* of a request: what a summary counts it under: a command, a statement without its literals */
	bool failed;              /* of a response: it says, whole, that the request failed */
	bool alone;               /* there is nothing on the other side of the exchange: a notice, a message of a WebSocket */
};

/*
 * The exchanges of a connection are numbered from 0, in any order but without great gaps: a request and its response have the same number,
 * which is done with when both, or one alone, have been told. Errors stop the decoder.
 */
struct message_sink {
	/* The first byte of a response, or of a message alone, has come: orders what is told of at its end. Once more if what began was not
	 * it; time 0: nothing began. */
	enum err (*begun)(struct message_sink *sink, uint64_t exchange, uint64_t time);
	/* Borrowed for the call. */
	enum err (*message)(struct message_sink *sink, uint64_t exchange, enum message_side side, const struct message *message);
};

/* Bytes that all connections together may keep. Who finds too few left keeps nothing. */
struct message_memory {
	uint64_t left;
};

/* What a decoder that hands a connection over knows of what follows. Borrowed while the next decoder is made. */
struct handover {
	struct view protocol; /* the token of the upgrade: "websocket", "h2c" */
	struct view method, path; /* of the request that asked for it */
	struct view settings; /* what else was agreed: the extensions of a WebSocket, the settings of HTTP/2 */
};

struct decoder_options {
	uint64_t head_max; /* bytes of a message's start line and fields; one with more is broken */
	uint64_t body_max; /* bytes of a body, or of a message's parts, that are kept */
	struct message_memory *memory;
	const struct handover *handover; /* NULL: the connection begins here */
	bool datagrams; /* what is fed are datagrams, each whole */
	bool group; /* they go to all who listen (multicast), and each answers for itself */
	uint16_t port; /* the server's; 0: not known, or none */
	bool lines; /* nobody looks at parts and attributes, but at words and shapes alone */
};

enum probe_result { PROBE_NO, PROBE_YES, PROBE_MORE };

enum feed_result {
	FEED_MORE, /* all was taken */
	FEED_WAIT, /* `used` was taken; the rest is to be fed again when the other side has been fed, or is closed */
	FEED_HANDED, /* what follows `used` on this side, and all on the other, is another protocol's */
	FEED_FAILED, /* no memory, or the sink's error, which is set */
};

struct decoder;

struct protocol {
	const char *name; /* "HTTP" */
	const char *upgrade; /* what another protocol hands over to it by; NULL: only its first bytes tell */
	/*
	 * Of the first bytes of either side, which may be none. While one side goes on, yes stays yes and no stays no, whatever follows.
	 * Where only one side has spoken, what it says counts: the other is asked about when it speaks.
	 */
	enum probe_result (*probe)(struct view client, struct view server);
	/* Whether a datagram is its own, and then who sends it. NULL: it is not carried by datagrams. */
	bool (*probe_datagram)(struct view datagram, enum message_side *ret_side);
	enum err (*create)(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder);
	void (*destroy)(struct decoder *decoder);
	enum feed_result (*feed)(struct decoder *decoder, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used);
	/* After FEED_HANDED: to what. NULL, or false: its first bytes are to tell. Borrowed until the decoder is destroyed. */
	bool (*handed)(const struct decoder *decoder, struct handover *ret_handover);
	/* A side sends no more; the reason is empty if it ended as it should. Both sides are closed in the end. */
	enum err (*close)(struct decoder *decoder, enum message_side side, uint64_t time, struct view reason);
};

/* All there are, ending with NULL. In src/proto. */
extern const struct protocol *const protocols[];
