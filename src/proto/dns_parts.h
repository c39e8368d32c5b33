/* What the files of the decoder of DNS share. */
#pragma once

#include "proto/dns.h"
#include "proto/parts.h"

enum {
	DNS_HEADER_SIZE = 12,
	DNS_MESSAGE_MAX = 65535,
	DNS_PENDING_MAX = 1024, /* questions of a connection or a flow that are unanswered */
};

enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

struct dns_header {
	uint16_t id, flags;
	uint16_t counts[DNS_SECTIONS];
};

enum {
	DNS_RESPONSE = 0x8000,
	DNS_AA = 0x0400,
	DNS_TC = 0x0200,
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_Z = 0x0040,
	DNS_AD = 0x0020,
	DNS_CD = 0x0010
};

/* What one message after the other is read with. */
struct dns_scratch {
	struct arena arena;
	struct buf text;
};

/* dns_message.c. False: too short. */
bool dns_read_header(struct view bytes, struct dns_header *ret_header);

/* Whether a message that begins so is one: its header makes sense, and so does its first question or, where there is none, record. */
bool dns_is_message(struct view bytes);

/*
 * What the bytes say, as it is told of. `why` stays empty if all of them could be read; `ret_rcode` is of a response, else 0. False: no
 * memory.
 */
bool dns_describe(struct view bytes, const struct dns_header *header, struct parts *parts, struct buf *shape, struct buf *why,
	struct dns_scratch *scratch, bool lines, uint16_t *ret_rcode);

/* dns_text.c: as zone files have it, but names without the dot behind them. */
void dns_append_name(struct buf *out, struct view name);  /* of labels, without pointers */
void dns_append_type(struct buf *out, uint16_t type);
void dns_append_class(struct buf *out, uint16_t class);
bool dns_append_address(struct buf *out, uint16_t type, struct view data); /* false: it is none */

const char *dns_rcode_name(uint16_t rcode, char room[static 16]);
