/* What there is in most messages of DNS as text. ldns has words for all of it, but makes each with printf. */
#include "proto/dns_parts.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdlib.h>

void dns_append_name(struct buf *out, struct view name)
{
	if (name.size <= 1) {
		buf_append_byte(out, '.');
		return;
	}
	for (size_t at = 0; at < name.size && name.data[at]; at += 1 + name.data[at]) {
		struct view label = view_slice(name, at + 1, name.data[at]);
		if (at)
			buf_append_byte(out, '.');
		for (size_t i = 0; i < label.size; i++) {
			uint8_t byte = label.data[i];
			if (byte && strchr(".;()\\", byte))
				buf_printf(out, "\\%c", byte);
			else if (byte > ' ' && byte < 0x7f)
				buf_append_byte(out, byte);
			else
				buf_printf(out, "\\%03u", byte);
		}
	}
}

static void append_made(struct buf *out, char *made)
{
	if (made)
		buf_append_text(out, made);
	else
		out->failed = true;
	free(made);
}

void dns_append_type(struct buf *out, uint16_t type)
{
	static const char *const names[] = {
		[1] = "A", [2] = "NS", [5] = "CNAME", [6] = "SOA", [12] = "PTR", [15] = "MX", [16] = "TXT", [28] = "AAAA", [33] = "SRV"
	};
	if (type < sizeof names / sizeof *names && names[type])
		buf_append_text(out, names[type]);
	else
		append_made(out, ldns_rr_type2str((ldns_rr_type)type));
}

void dns_append_class(struct buf *out, uint16_t class)
{
	if (class == LDNS_RR_CLASS_IN)
		buf_append_text(out, "IN");
	else
		append_made(out, ldns_rr_class2str((ldns_rr_class) class));
}

bool dns_append_address(struct buf *out, uint16_t type, struct view data)
{
	char text[INET6_ADDRSTRLEN];
	int family = type == LDNS_RR_TYPE_A && data.size == 4 ? AF_INET : type == LDNS_RR_TYPE_AAAA && data.size == 16 ? AF_INET6 : 0;
	if (!family || !inet_ntop(family, data.data, text, sizeof text))
		return false;
	buf_append_text(out, text);
	return true;
}
