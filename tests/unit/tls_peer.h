/*
 * A TLS server in the test's own thread: OpenSSL's, whose bytes the test hands over when and as it likes. Its keys and certificates are
 * made here.
 */
#pragma once

#include "folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include "host/tls_parts.h"
#include "wasi/abi.h"

/* What a certificate says. */
struct certificate {
	const char *alternative; /* subjectAltName, NULL: none */
	const char *usage;       /* extendedKeyUsage, NULL: none */
	int from, to;            /* days from now */
	bool self_signed, other_issuer;
};

static EVP_PKEY *ca_key, *other_key;
static X509 *ca;
static const struct certificate good = { "DNS:example.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1", NULL, -1, 1, false, false };

static inline void extend(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_int_equal(1, X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static inline X509 *make_certificate(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, int from, int to)
{
	static long serial = 1;
	X509 *made = X509_new();
	assert_non_null(made);
	X509_set_version(made, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
	X509_gmtime_adj(X509_getm_notBefore(made), from * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(made), to * 86400L);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made));
	X509_set_pubkey(made, key);
	if (!issuer)
		extend(made, NID_basic_constraints, "critical,CA:TRUE");
	(void)issuer_key;
	return made;
}

/* The authority, as a file that a configuration can be made of: "ca.pem" in the folder. */
static inline int make_authority(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	ca_key = EVP_EC_gen("P-256");
	other_key = EVP_EC_gen("P-256");
	ca = make_certificate("test authority", ca_key, NULL, ca_key, -1, 1);
	X509_sign(ca, ca_key, EVP_sha256());
	FILE *file = fopen(below("ca.pem"), "we");
	return file && PEM_write_X509(file, ca) && fclose(file) == 0 ? 0 : -1;
}

static inline int drop_authority(void **state)
{
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(other_key);
	return remove_folder(state);
}

struct peer {
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out;     /* the bytes that came, and those that are to go */
	int fd;            /* its end of the connection, -1: closed */
	size_t step;       /* bytes to hand over at a time, 0: all */
	size_t handed;     /* in all */
	size_t flip;       /* the byte of them that is changed, counted from 1 */
	bool ended;        /* the client's stream */
	uint8_t rest[1 << 18];
	size_t at, size;   /* of `rest`: taken from `out`, not sent yet */
};

static inline void use_certificate(struct peer *peer, const struct certificate *c)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = make_certificate("server", key, c->self_signed ? NULL : ca, NULL, c->from, c->to);
	if (c->alternative)
		extend(made, NID_subject_alt_name, c->alternative);
	if (c->usage)
		extend(made, NID_ext_key_usage, c->usage);
	X509_sign(made, c->self_signed ? key : c->other_issuer ? other_key : ca_key, EVP_sha256());
	assert_int_equal(1, SSL_CTX_use_certificate(peer->context, made));
	assert_int_equal(1, SSL_CTX_use_PrivateKey(peer->context, key));
	X509_free(made);
	EVP_PKEY_free(key);
}

static inline int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in, unsigned in_size,
	void *data)
{
	(void)ssl, (void)data;
	static const unsigned char known[] = "\x02h2\x08http/1.1";
	return SSL_select_next_proto((unsigned char **)out, out_size, known, sizeof known - 1, in, in_size) == OPENSSL_NPN_NEGOTIATED
		? SSL_TLSEXT_ERR_OK
		: SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* `version`: the newest that it speaks, 0: all. */
static inline struct peer *peer_create(const struct certificate *certificate, int version, int fd)
{
	struct peer *peer = calloc(1, sizeof *peer);
	assert_non_null(peer);
	peer->fd = fd;
	peer->context = SSL_CTX_new(TLS_server_method());
	use_certificate(peer, certificate);
	SSL_CTX_set_max_proto_version(peer->context, version);
	SSL_CTX_set_alpn_select_cb(peer->context, choose_protocol, NULL);
	peer->ssl = SSL_new(peer->context);
	peer->in = BIO_new(BIO_s_mem());
	peer->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(peer->in, -1);
	SSL_set_bio(peer->ssl, peer->in, peer->out);
	SSL_set_accept_state(peer->ssl);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return peer;
}

static inline void peer_hang_up(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
}

static inline void peer_destroy(struct peer *peer)
{
	peer_hang_up(peer);
	SSL_free(peer->ssl);
	SSL_CTX_free(peer->context);
	free(peer);
}

/* What the client sent is given to OpenSSL. */
static inline void peer_hear(struct peer *peer)
{
	uint8_t bytes[65536];
	ssize_t size;
	while ((size = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		BIO_write(peer->in, bytes, (int)size);
	peer->ended |= size == 0;
}

/* What OpenSSL has to say is handed over, a step of it; true if it was anything. */
static inline bool peer_say(struct peer *peer)
{
	if (peer->at == peer->size) {
		int size = BIO_read(peer->out, peer->rest, sizeof peer->rest);
		peer->at = 0;
		peer->size = size > 0 ? (size_t)size : 0;
		if (peer->flip > peer->handed && peer->flip <= peer->handed + peer->size)
			peer->rest[peer->flip - peer->handed - 1] ^= 0x10;
		peer->handed += peer->size;
	}
	size_t size = peer->size - peer->at;
	if (peer->step && size > peer->step)
		size = peer->step;
	ssize_t sent = size ? send(peer->fd, peer->rest + peer->at, size, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
	if (sent > 0)
		peer->at += (size_t)sent;
	return sent > 0;
}

static inline bool peer_turn(struct peer *peer)
{
	ERR_clear_error();
	if (peer->fd < 0)
		return false;
	peer_hear(peer);
	if (!SSL_is_init_finished(peer->ssl))
		SSL_do_handshake(peer->ssl);
	return peer_say(peer);
}

/* The server's own words. */
static inline void peer_write(struct peer *peer, const void *bytes, size_t size)
{
	assert_int_equal((int)size, SSL_write(peer->ssl, bytes, (int)size));
}

/* Bytes that the client wrote and that are here, 0: none; -1: it said goodbye. */
static inline int peer_read(struct peer *peer, void *bytes, int size)
{
	peer_hear(peer);
	int got = SSL_read(peer->ssl, bytes, size);
	if (got > 0)
		return got;
	return SSL_get_error(peer->ssl, got) == SSL_ERROR_ZERO_RETURN ? -1 : 0;
}

/* A client and its server, at the two ends of one connection. */
struct pair {
	struct tls_config *config;
	struct tls *tls;
	struct peer *peer;
	int fd;
};

static inline void tcp_pair(int fds[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(listener, (struct sockaddr *)&address, size));
	assert_int_equal(0, listen(listener, 1));
	assert_int_equal(0, getsockname(listener, (struct sockaddr *)&address, &size));
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, connect(fds[0], (struct sockaddr *)&address, size));
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* what is said is there when it was said */
	close(listener);
}

enum { OVER_UNIX, OVER_TCP };

static inline struct pair pair_of(const struct certificate *certificate, int version, int over, const char *name)
{
	struct pair p;
	int fds[2];
	if (over == OVER_TCP)
		tcp_pair(fds);
	else
		assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	p.fd = fds[0];
	assert_int_equal(ERR_NONE, tls_config_create(below("ca.pem"), &p.config));
	p.peer = peer_create(certificate, version, fds[1]);
	assert_int_equal(0, tls_create(p.config, p.fd, view_text(name), &p.tls));
	return p;
}

static inline void pair_finish(struct pair *p)
{
	tls_destroy(p->tls);
	close(p->fd);
	peer_destroy(p->peer);
	tls_config_destroy(p->config);
}

/* Whether the client, who has nothing to do, would be woken. */
static inline bool wakes(const struct pair *p, bool readable, bool writable)
{
	struct pollfd fd = { .fd = p->fd, .events = tls_events(p->tls, readable, writable) };
	assert_true(fd.events);
	return poll(&fd, 1, 0) > 0;
}

/* Both take turns until the handshake has ended; returns how. A client that says EAGAIN must sleep until its peer has spoken. */
static inline uint32_t shake_hands(struct pair *p)
{
	for (;;) {
		uint32_t error = tls_advance(p->tls);
		if (error != WASI_EAGAIN)
			return error;
		assert_false(wakes(p, true, true));
		bool spoke = peer_turn(p->peer);
		if (p->peer->fd < 0 || (p->peer->ended && !spoke))
			peer_hang_up(p->peer);
		else
			assert_true(spoke);
	}
}

static inline uint32_t read_some(struct pair *p, void *bytes, size_t size, size_t *ret_size)
{
	struct iovec vector = { bytes, size };
	return tls_read(p->tls, &vector, 1, 0, false, ret_size);
}

static inline uint32_t write_some(struct pair *p, const void *bytes, size_t size, size_t *ret_size)
{
	struct iovec vector = { (void *)bytes, size };
	return tls_write(p->tls, &vector, 1, ret_size);
}

static inline void assert_reads(struct pair *p, const char *text)
{
	char bytes[256];
	size_t size = 0;
	assert_int_equal(0, read_some(p, bytes, sizeof bytes, &size));
	assert_int_equal(strlen(text), size);
	assert_memory_equal(text, bytes, size);
}

static inline void assert_writes(struct pair *p, const char *text)
{
	size_t size = 0;
	assert_int_equal(0, write_some(p, text, strlen(text), &size));
	assert_int_equal(strlen(text), size);
}

static inline void assert_news(struct pair *p, enum tls_state state, uint32_t error, const char *text)
{
	struct tls_news news;
	assert_true(tls_news(p->tls, &news));
	char copy[NOTE_TEXT_MAX + 1];
	snprintf(copy, sizeof copy, "%.*s", VIEW_ARG(news.text));
	assert_string_equal(text, copy);
	assert_int_equal(state, news.state);
	assert_int_equal(error, news.error);
}

static inline void assert_no_news(struct pair *p)
{
	struct tls_news news;
	assert_false(tls_news(p->tls, &news));
}
