#include "proto/dns.h"
#include "proto/http.h"
#include "proto/http2.h"
#include "proto/mysql.h"
#include "proto/postgresql.h"
#include "proto/redis.h"
#include "proto/smtp.h"
#include "proto/tls.h"
#include "proto/websocket.h"

const struct protocol *const protocols[] = {
	&http2_protocol,
	&http_protocol,
	&postgresql_protocol,
	&mysql_protocol,
	&redis_protocol,
	&smtp_protocol,
	&tls_protocol,
	&dns_protocol, /* the beginning of a message of it looks like much else */
	&websocket_protocol,
	NULL,
};
