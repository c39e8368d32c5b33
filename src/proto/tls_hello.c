#include "proto/tls_hello.h"

enum { SERVER_NAME = 0, ALPN = 16, SUPPORTED_VERSIONS = 43, RANDOM_SIZE = 32 };

struct name {
	uint16_t number;
	const char *name;
};

static const struct name versions[] = { { 0x0300, "SSL 3.0" }, { 0x0301, "1.0" }, { 0x0302, "1.1" }, { 0x0303, "1.2" }, { 0x0304, "1.3" } };

/* Those that are agreed on as a rule. */
static const struct name ciphers[] = {
	{ 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x1301, "TLS_AES_128_GCM_SHA256" },
	{ 0x1302, "TLS_AES_256_GCM_SHA384" },
	{ 0x1303, "TLS_CHACHA20_POLY1305_SHA256" },
	{ 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
	{ 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
	{ 0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
};

/* RFC 8446, section 6, and those before it. */
static const struct name alerts[] = {
	{ 0, "close_notify" },
	{ 10, "unexpected_message" },
	{ 20, "bad_record_mac" },
	{ 22, "record_overflow" },
	{ 40, "handshake_failure" },
	{ 42, "bad_certificate" },
	{ 43, "unsupported_certificate" },
	{ 44, "certificate_revoked" },
	{ 45, "certificate_expired" },
	{ 46, "certificate_unknown" },
	{ 47, "illegal_parameter" },
	{ 48, "unknown_ca" },
	{ 49, "access_denied" },
	{ 50, "decode_error" },
	{ 51, "decrypt_error" },
	{ 70, "protocol_version" },
	{ 71, "insufficient_security" },
	{ 80, "internal_error" },
	{ 86, "inappropriate_fallback" },
	{ 90, "user_canceled" },
	{ 100, "no_renegotiation" },
	{ 109, "missing_extension" },
	{ 110, "unsupported_extension" },
	{ 112, "unrecognized_name" },
	{ 116, "certificate_required" },
	{ 120, "no_application_protocol" },
};

static const char *find(const struct name *names, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return NULL;
}

const char *tls_version_name(uint16_t version)
{
	return find(versions, sizeof versions / sizeof *versions, version);
}

const char *tls_cipher_name(uint16_t cipher)
{
	return find(ciphers, sizeof ciphers / sizeof *ciphers, cipher);
}

const char *tls_alert_name(uint8_t alert)
{
	return find(alerts, sizeof alerts / sizeof *alerts, alert);
}

/* Takes a number of so many bytes off what is left; false: there are not so many. */
static bool take_number(struct view *rest, uint32_t bytes, uint32_t *ret_number)
{
	if (rest->size < bytes)
		return false;
	*ret_number = 0;
	for (uint32_t i = 0; i < bytes; i++)
		*ret_number = *ret_number << 8 | rest->data[i];
	*rest = view_slice(*rest, bytes, rest->size);
	return true;
}

/* Takes what has its length before it. */
static bool take_vector(struct view *rest, uint32_t bytes, struct view *ret_part)
{
	uint32_t size;
	if (!take_number(rest, bytes, &size) || rest->size < size)
		return false;
	*ret_part = view_slice(*rest, 0, size);
	*rest = view_slice(*rest, size, rest->size);
	return true;
}

static bool parse_server_name(struct view rest, struct tls_hello *hello)
{
	struct view list, name;
	uint32_t type;
	if (rest.size == 0) /* a server says so that it took it */
		return true;
	if (!take_vector(&rest, 2, &list))
		return false;
	while (list.size) {
		if (!take_number(&list, 1, &type) || !take_vector(&list, 2, &name))
			return false;
		if (type == 0 && hello->server_name.size == 0)
			hello->server_name = name;
	}
	return true;
}

static bool parse_alpn(struct view rest, struct tls_hello *hello)
{
	struct view list, name;
	if (!take_vector(&rest, 2, &list))
		return false;
	while (list.size) {
		if (!take_vector(&list, 1, &name))
			return false;
		if (hello->alpn_count < ALPN_MAX)
			hello->alpn[hello->alpn_count++] = name;
	}
	return true;
}

/* A client lists them, with values among them that mean nothing (RFC 8701); a server names one. */
static bool parse_versions(struct view rest, bool server, struct tls_hello *hello)
{
	struct view list = rest;
	uint32_t version;
	if (!server && !take_vector(&rest, 1, &list))
		return false;
	while (list.size) {
		if (!take_number(&list, 2, &version))
			return false;
		if (server || (version >> 8 == 3 && version > hello->version))
			hello->version = (uint16_t)version;
	}
	return true;
}

static bool parse_extensions(struct view rest, bool server, struct tls_hello *hello)
{
	struct view all, extension;
	uint32_t type;
	if (rest.size == 0)
		return true;
	if (!take_vector(&rest, 2, &all))
		return false;
	while (all.size) {
		bool good = take_number(&all, 2, &type) && take_vector(&all, 2, &extension);
		if (good && type == SERVER_NAME)
			good = parse_server_name(extension, hello);
		else if (good && type == ALPN)
			good = parse_alpn(extension, hello);
		else if (good && type == SUPPORTED_VERSIONS)
			good = parse_versions(extension, server, hello);
		if (!good)
			return false;
	}
	return true;
}

bool tls_hello_parse(struct view bytes, bool server, struct tls_hello *ret_hello)
{
	struct view skipped, rest = bytes;
	uint32_t version, cipher = 0, compression;
	*ret_hello = (struct tls_hello){ 0 };
	if (!take_number(&rest, 2, &version) || rest.size < RANDOM_SIZE)
		return false;
	rest = view_slice(rest, RANDOM_SIZE, rest.size);
	ret_hello->version = (uint16_t)version;
	if (!take_vector(&rest, 1, &skipped))
		return false;
	if (server ? !take_number(&rest, 2, &cipher) || !take_number(&rest, 1, &compression)
		   : !take_vector(&rest, 2, &skipped) || !take_vector(&rest, 1, &skipped))
		return false;
	ret_hello->cipher = (uint16_t)cipher;
	return parse_extensions(rest, server, ret_hello);
}
