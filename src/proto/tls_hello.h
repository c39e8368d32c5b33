/* ClientHello and ServerHello (RFC 8446, section 4.1), and the names of what is in them. */
#pragma once

#include "base/view.h"

enum { ALPN_MAX = 8 };

/* Views are into the bytes that were parsed. */
struct tls_hello {
	uint16_t version; /* the highest that is offered, or the one that was agreed */
	uint16_t cipher;  /* of a ServerHello */
	struct view server_name;
	struct view alpn[ALPN_MAX];
	uint32_t alpn_count;
};

/* Of a whole handshake message, without its type and length. False: it is none. */
bool tls_hello_parse(struct view bytes, bool server, struct tls_hello *ret_hello);

/* "1.3"; NULL: nobody knows it. */
const char *tls_version_name(uint16_t version);
const char *tls_cipher_name(uint16_t cipher);
const char *tls_alert_name(uint8_t alert);
