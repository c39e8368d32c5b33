/*
 * Sockets as a guest and a recording know them: addresses, and notes.
 *
 * A note says what the host knows of a call on a socket and the guest is not told: the addresses at both ends, why a connection failed.
 * Notes are kept in the record of the call, so that a trace needs nothing but the recording. docs/log-format.md has the bytes.
 */
#pragma once

#include "base/buf.h"

enum net_family { NET_UNSPEC, NET_INET4, NET_INET6, NET_UNIX }; /* numbers of the socket extension's address_family */
enum net_type { NET_ANY, NET_DGRAM, NET_STREAM };               /* numbers of its sock_type */

enum { NET_ADDRESS_MAX = 108 };

/* NET_UNSPEC: not known. */
struct net_address {
	uint8_t family;
	uint8_t size;  /* of `bytes`: 4, 16, or a Unix path's; a path that begins with NUL is an abstract name */
	uint16_t port; /* host order; of a Unix socket 0 */
	uint8_t bytes[NET_ADDRESS_MAX];
};

bool net_address_equal(const struct net_address *a, const struct net_address *b);

/*
 * The address that the socket extension has in so many bytes: 4 of IPv4, 16 of IPv6, or up to 128, a 16-bit family and an address of that
 * family. The port is passed beside it. False if they are none.
 */
bool net_address_of(struct view bytes, struct net_address *ret_address);

/* 10.0.0.1, ::1, unix:/run/socket: without the port. */
void net_address_print_host(struct buf *out, const struct net_address *address);

/* 10.0.0.1:80, [::1]:80, unix:/run/socket, unix:@abstract; "?" where it is not known. Bytes that are no text are escaped. */
void net_address_print(struct buf *out, const struct net_address *address);

/* The address that net_address_print prints so; text that is empty or "?" is NET_UNSPEC. False if it is none. */
bool net_address_parse(struct view text, struct net_address *ret_address);

enum note_kind {
	NOTE_SOCKET = 1, /* what descriptor `fd` is from now on: type, role, and those of its addresses that are known */
	NOTE_DATAGRAM,   /* the ends of the datagram that the call sent or received */
	NOTE_FAILURE,    /* the connection of `fd` failed: error, text; revealed by this call */
	NOTE_RESOLVED,   /* text: a name; peer: one of its addresses */
	NOTE_TLS,        /* what became of the TLS of `fd`: state, error, text */
};

/* What a socket is for. */
enum socket_role { SOCKET_OPENED, SOCKET_LISTENS, SOCKET_CONNECTS, SOCKET_ACCEPTED };

enum tls_state {
	TLS_STARTED,    /* text: the host name */
	TLS_CONNECTED,  /* text: protocol, cipher and ALPN as in "TLSv1.3 TLS_AES_256_GCM_SHA384 http/1.1" */
	TLS_FAILED,     /* error; text says why */
	TLS_CLOSED,     /* the peer ended with close_notify */
	TLS_TRUNCATED,  /* the peer ended without */
};

enum { NOTE_TEXT_MAX = 256, NOTE_SIZE_MAX = 16 + 2 * NET_ADDRESS_MAX + NOTE_TEXT_MAX };

struct note {
	uint8_t kind;  /* enum note_kind */
	uint8_t type;  /* enum net_type of the socket */
	uint8_t state; /* enum socket_role or enum tls_state */
	uint16_t error; /* errno of WASI; 0: none */
	uint32_t fd;
	struct net_address local, peer;
	struct view text; /* at most NOTE_TEXT_MAX bytes */
};

/* The note as bytes, at most NOTE_SIZE_MAX; a longer text is cut. Returns their size. */
size_t note_encode(const struct note *note, uint8_t bytes[NOTE_SIZE_MAX]);

/* False if the bytes are no note. The text is borrowed from them. */
bool note_decode(struct view bytes, struct note *ret_note);
