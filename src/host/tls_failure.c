/* Why a connection cannot go on: as an errno for the guest, and as text for the trace. */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>

#include "host/parts.h"
#include "host/tls_parts.h"

static void fail(struct tls *t, uint32_t error)
{
	t->error = error;
	t->end = END_FAILED;
	t->broken = true;
	if (t->phase != PHASE_OPEN)
		t->phase = PHASE_FAILED;
	ERR_clear_error();
}

static const char *doing(const struct tls *t)
{
	static const char *const names[] = { "connection failed", "handshake failed", "connection broken", "" };
	return names[t->phase];
}

void tls_fail_wire(struct tls *t, int error)
{
	snprintf(t->reason, sizeof t->reason, "%s: %s", doing(t), error ? strerror(error) : "the peer ended the connection");
	fail(t, error ? errno_of(error) : WASI_ECONNRESET);
}

static bool is_memory(unsigned long code)
{
	return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
}

/* The first error of TLS itself, before which there may be others of the arithmetic below it; else the first of all. */
static unsigned long first_error(void)
{
	unsigned long first = ERR_get_error(), code = first;
	while (code && ERR_GET_LIB(code) != ERR_LIB_SSL)
		code = ERR_get_error();
	return code ? code : first;
}

void tls_fail_ssl(struct tls *t)
{
	unsigned long code = first_error();
	if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		const char *why = X509_verify_cert_error_string(SSL_get_verify_result(t->ssl));
		snprintf(t->reason, sizeof t->reason, "certificate verify failed: %s (%s)", why, t->name);
		fail(t, WASI_EACCES);
		return;
	}
	const char *why = ERR_reason_error_string(code);
	snprintf(t->reason, sizeof t->reason, "%s: %s", doing(t), why ? why : "unknown error");
	fail(t, is_memory(code) ? WASI_ENOMEM : WASI_EPROTO);
}
