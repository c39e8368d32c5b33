/*
 * TLS that the host does for its guest: a client's side over a stream socket of the guest's, who sees plain bytes.
 *
 * Nothing here waits, but for the end of tls_destroy: what cannot be done yet is WASI_EAGAIN, and tls_events says what the socket is to be
 * polled for before it is tried again. Whether the socket blocks does not matter. The socket stays the caller's and must live as long.
 */
#pragma once

#include <sys/uio.h>

#include "base/err.h"
#include "base/view.h"
#include "wasi/net.h"

struct tls_config;
struct tls;

/* Whom to trust: the authorities in `ca_file` (PEM), those of the system if it is NULL. ERR_USAGE if the file has none. */
enum err tls_config_create(const char *ca_file, struct tls_config **ret_config);
void tls_config_destroy(struct tls_config *config); /* after all its connections; NULL allowed */

/*
 * TLS from now on over `fd`, which is connected, or will be: the handshake begins when it can be written to. `name` is the peer's, a host
 * name or an IP address, that its certificate must be for. EINVAL: it is neither. The configuration is borrowed.
 */
uint32_t tls_create(struct tls_config *config, int fd, struct view name, struct tls **ret_tls);

/* Says goodbye to the peer, whose answer is not waited for. Only bytes that were taken from the guest are, for a moment, where the kernel
 * has not taken them yet. NULL allowed. */
void tls_destroy(struct tls *tls);

/* The handshake's next steps: 0 when it has ended, EAGAIN, or why it failed, which is what all calls return then. */
uint32_t tls_advance(struct tls *tls);

/*
 * Fills the vectors behind their first `from` bytes with what is there. 0 bytes when the peer has ended, with goodbye or without (see
 * tls_news). With `peek` the bytes will be read again.
 */
uint32_t tls_read(struct tls *tls, const struct iovec *vectors, int count, size_t from, bool peek, size_t *ret_size);

/* Sends what can be sent now of the vectors. EPIPE after tls_shutdown. */
uint32_t tls_write(struct tls *tls, const struct iovec *vectors, int count, size_t *ret_size);

/* What shutdown(2) does. The peer is told that no more will be written. */
uint32_t tls_shutdown(struct tls *tls, bool reads, bool writes);

/* Whether tls_read and tls_write would not say EAGAIN. The handshake advances by it. */
bool tls_readable(struct tls *tls);
bool tls_writable(struct tls *tls);

/* What of poll(2) to wait for until the connection may have become readable, or writable. */
short tls_events(const struct tls *tls, bool readable, bool writable);

/* Plain bytes that are here already. */
size_t tls_pending(const struct tls *tls);

/* Why no handshake is to be had; 0 while it may. */
uint32_t tls_error(const struct tls *tls);

/* What became of the connection. */
struct tls_news {
	enum tls_state state;
	uint32_t error;
	struct view text; /* lives as long as the connection */
};

/* True with each piece of news once: connected or failed; later closed, truncated or failed. */
bool tls_news(struct tls *tls, struct tls_news *ret_news);
