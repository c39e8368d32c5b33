/* What holds for every connection: whom to trust, and what is spoken. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "host/tls_parts.h"
#include "wasi/abi.h"

static const uint8_t alpn[] = "\x08http/1.1";

static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());
	return text ? text : "unknown error";
}

static enum err trust(SSL_CTX *context, const char *ca_file)
{
	if (!ca_file)
		return SSL_CTX_set_default_verify_paths(context)
			? ERR_NONE
			: err_set(ERR_IO, "the system's certificates cannot be used: %s", reason());
	if (!SSL_CTX_load_verify_file(context, ca_file))
		return err_set(ERR_USAGE, "%s: no certificates can be read from it: %s", ca_file, reason());
	/* What was named is trusted, though it may itself have been issued by another. */
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
	return ERR_NONE;
}

static enum err set_up(SSL_CTX *context, const char *ca_file)
{
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(context, 1);
	bool set = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
		SSL_CTX_set_alpn_protos(context, alpn, sizeof alpn - 1) == 0; /* unlike all others it returns 0 when it went well */
	return set ? trust(context, ca_file) : err_set(ERR_IO, "OpenSSL cannot be set up: %s", reason());
}

enum err tls_config_create(const char *ca_file, struct tls_config **ret_config)
{
	ERR_clear_error();
	struct tls_config *config = calloc(1, sizeof *config);
	if (!config)
		return err_nomem();
	config->method = wire_method();
	config->context = SSL_CTX_new(TLS_client_method());
	enum err err = config->method && config->context ? set_up(config->context, ca_file) : err_nomem();
	ERR_clear_error();
	if (err)
		tls_config_destroy(config);
	else
		*ret_config = config;
	return err;
}

void tls_config_destroy(struct tls_config *config)
{
	if (!config)
		return;
	SSL_CTX_free(config->context);
	BIO_meth_free(config->method);
	free(config);
}

/* Letters, digits, "-" and "_" in parts between single dots. OpenSSL would take more: a dot in front means any name that ends so. */
static bool is_host_name(const char *name)
{
	size_t part = 0;
	for (const char *at = name; *at; at++) {
		bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
		if (*at == '.' ? part == 0 : !letter && *at != '-' && *at != '_')
			return false;
		part = *at == '.' ? 0 : part + 1;
	}
	return part > 0;
}

static bool is_address(const char *name)
{
	uint8_t bytes[16];
	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* The name in the certificate, and the one that a server of many is told (RFC 6066: not an address). */
static bool expect(SSL *ssl, const char *name)
{
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
	return SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name);
}

uint32_t tls_session(struct tls_config *config, const char *name, SSL **ret_ssl)
{
	if (!is_address(name) && !is_host_name(name))
		return WASI_EINVAL;
	SSL *ssl = SSL_new(config->context);
	if (!ssl || !expect(ssl, name)) {
		SSL_free(ssl);
		return WASI_ENOMEM;
	}
	*ret_ssl = ssl;
	return 0;
}
