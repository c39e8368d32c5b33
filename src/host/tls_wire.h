/*
 * The bytes of TLS between OpenSSL and a socket: a BIO that never blocks, raises no SIGPIPE, and takes what OpenSSL has to say even where
 * the kernel does not: the rest is kept and sent later. So OpenSSL is never left with half a record that would have to be repeated.
 */
#pragma once

#include <openssl/bio.h>

#include "base/buf.h"

struct wire {
	int fd;
	struct buf out;   /* not taken by the kernel yet, behind its first `sent` bytes */
	size_t sent;
	size_t budget;    /* bytes that may still be read before the caller looks round */
	int read_error, write_error; /* errno, 0: none */
	bool ended;       /* the peer will send no more */
	bool full;        /* out is: nothing more is read until some of it is gone */
};

enum { WIRE_BUDGET = 1 << 20, WIRE_OUT_MAX = 1 << 16 };

/* The methods of such a BIO; NULL without memory. */
BIO_METHOD *wire_method(void);

/* A BIO for the wire, which must outlive it; NULL without memory. */
BIO *wire_bio(BIO_METHOD *method, struct wire *wire);

void wire_finish(struct wire *wire);

/* Sends what was kept as far as that goes. */
void wire_flush(struct wire *wire);

static inline size_t wire_kept(const struct wire *wire)
{
	return wire->out.size - wire->sent;
}

/* How many bytes the kernel will take at once, 0 if poll(2) does not call the socket writable. */
size_t wire_room(const struct wire *wire);
