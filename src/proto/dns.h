/*
 * DNS (RFC 1035, 6891), as datagrams and on connections; mDNS is read too, as far as it says the same. The records themselves are read
 * by libldns.
 */
#pragma once

#include "trace/message.h"

extern const struct protocol dns_protocol;
