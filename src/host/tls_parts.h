/* What the files of TLS share. */
#pragma once

#include <openssl/ssl.h>

#include "host/tls.h"
#include "host/tls_wire.h"

enum { TLS_RECORD = SSL3_RT_MAX_PLAIN_LENGTH, TLS_NAME_MAX = 255 };

struct tls_config {
	SSL_CTX *context;
	BIO_METHOD *method;
	uint8_t bounce[TLS_RECORD]; /* what is being written: the guest's vectors in one piece */
};

enum tls_phase { PHASE_CONNECT, PHASE_HANDSHAKE, PHASE_OPEN, PHASE_FAILED };
enum tls_end { END_NONE, END_OWN, END_CLOSED, END_TRUNCATED, END_FAILED };

struct tls {
	struct tls_config *config;
	SSL *ssl;
	struct wire wire;
	uint8_t phase;       /* enum tls_phase */
	uint8_t end;         /* enum tls_end, of what is read */
	bool shut;           /* for writing; the peer has been told */
	bool finished;       /* the socket too */
	bool broken;         /* OpenSSL can do no more with it */
	bool told_start, told_end;
	uint32_t error;      /* of PHASE_FAILED and END_FAILED */
	size_t at, filled;   /* plain bytes not read yet: of `plain`, from `at` to `filled` */
	char name[TLS_NAME_MAX + 1];
	char suite[NOTE_TEXT_MAX], reason[NOTE_TEXT_MAX];
	uint8_t plain[TLS_RECORD]; /* OpenSSL may write behind what it says it read: never into the guest's memory */
};

/* tls_config.c: an SSL for `name`, that has no BIO yet. EINVAL if that is no name. */
uint32_t tls_session(struct tls_config *config, const char *name, SSL **ret_ssl);

/* tls_failure.c */

/* Keeps why the connection is of no more use, for who asks later. Errors of OpenSSL are taken from its queue. */
void tls_fail_wire(struct tls *tls, int error);       /* the socket's; 0: it ended */
void tls_fail_ssl(struct tls *tls);
