/* What a message of DNS says. */
#include "proto/dns_parts.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWERS_MAX = 64, TYPE_OPT = 41, CLASS_IN = 1, CLASS_FLUSH = 0x8000 };

/* A message under way. */
struct reading {
	struct dns_scratch *scratch;
	bool lines;
	struct view bytes;
	const struct dns_header *header;
	struct parts *parts;
	struct buf *why;
	struct buf *shape;
	size_t at;
	uint16_t type;     /* that was asked for first */
	uint16_t extended; /* the upper bits of the response's code */
	uint32_t answer_count, address_count, answers_more;
	struct datum answers[ANSWERS_MAX]; /* as many as were counted */
	struct datum addresses[ANSWERS_MAX];
};

static uint16_t u16(struct view bytes, size_t at)
{
	return (uint16_t)(bytes.data[at] << 8 | bytes.data[at + 1]);
}

bool dns_read_header(struct view bytes, struct dns_header *ret_header)
{
	if (bytes.size < DNS_HEADER_SIZE)
		return false;
	*ret_header = (struct dns_header){ .id = u16(bytes, 0), .flags = u16(bytes, 2) };
	for (size_t i = 0; i < DNS_SECTIONS; i++)
		ret_header->counts[i] = u16(bytes, 4 + 2 * i);
	return true;
}

const char *dns_rcode_name(uint16_t rcode, char room[static 16])
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI", [16] = "BADVERS", [17] = "BADKEY", [18] = "BADTIME", [19] = "BADMODE",
		[20] = "BADNAME", [21] = "BADALG", [22] = "BADTRUNC", [23] = "BADCOOKIE" };
	if (rcode < sizeof names / sizeof *names && names[rcode])
		return names[rcode];
	snprintf(room, 16, "RCODE%u", rcode);
	return room;
}

static const char *opcode_name(uint16_t flags, char room[static 16])
{
	static const char *const names[] = { "QUERY", "IQUERY", "STATUS", [4] = "NOTIFY", [5] = "UPDATE", [6] = "DSO" };
	uint32_t opcode = flags >> 11 & 15;
	if (opcode < sizeof names / sizeof *names && names[opcode])
		return names[opcode];
	snprintf(room, 16, "OPCODE%u", opcode);
	return room;
}

/* What could not be written stays a failure. */
static void clear_text(struct reading *r)
{
	r->parts->failed |= r->scratch->text.failed;
	buf_clear(&r->scratch->text);
}

static void append_rdf(struct buf *out, const ldns_rdf *rdf)
{
	struct view data = view_of(ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	ldns_rdf_type type = ldns_rdf_get_type(rdf);
	if (type == LDNS_RDF_TYPE_DNAME) {
		dns_append_name(out, data);
		return;
	}
	if (type == LDNS_RDF_TYPE_A || type == LDNS_RDF_TYPE_AAAA) {
		if (dns_append_address(out, type == LDNS_RDF_TYPE_A ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA, data))
			return;
	}
	char *text = ldns_rdf2str(rdf);
	if (text) {
		buf_append_text(out, text);
	} else { /* it is not what its type would have it be: as RFC 3597 shows what nobody knows */
		buf_printf(out, "\\# %zu ", data.size);
		for (size_t i = 0; i < data.size; i++)
			buf_printf(out, "%02x", data.data[i]);
	}
	free(text);
}

static void append_data(struct buf *out, const ldns_rr *rr)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		if (i)
			buf_append_byte(out, ' ');
		append_rdf(out, ldns_rr_rdf(rr, i));
	}
}

static bool keep_text(struct reading *r, struct datum *list, uint32_t *count)
{
	const char *copy = arena_text(&r->scratch->arena, buf_view(&r->scratch->text));
	if (!copy || r->scratch->text.failed) {
		r->parts->failed = true;
		return false;
	}
	list[(*count)++] = datum_word(view_of(copy, r->scratch->text.size));
	return true;
}

/* On the line; of another type than was asked for, with it. */
static bool add_answer(struct reading *r, const ldns_rr *rr)
{
	ldns_rr_type type = ldns_rr_get_type(rr);
	if (r->answer_count == ANSWERS_MAX) {
		r->answers_more++;
		return true;
	}
	clear_text(r);
	append_data(&r->scratch->text, rr);
	if (!r->lines && (type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA) && !keep_text(r, r->addresses, &r->address_count))
		return false;
	if ((uint16_t)type != r->type) {
		clear_text(r);
		dns_append_type(&r->scratch->text, (uint16_t)type);
		buf_append_byte(&r->scratch->text, ' ');
		append_data(&r->scratch->text, rr);
	}
	return keep_text(r, r->answers, &r->answer_count);
}

/* example.test 300 IN A 93.184.216.34 */
static bool add_record(struct reading *r, enum dns_section section, const ldns_rr *rr)
{
	static const char *const names[] = { "question", "answer", "authority", "additional" };
	static const char *const updates[] = { "zone", "prerequisite", "update", "additional" };
	if (r->lines)
		return true;
	clear_text(r);
	append_rdf(&r->scratch->text, ldns_rr_owner(rr));
	if (section != DNS_QUESTION)
		buf_printf(&r->scratch->text, " %u", ldns_rr_ttl(rr));
	buf_append_byte(&r->scratch->text, ' ');
	dns_append_class(&r->scratch->text, (uint16_t)ldns_rr_get_class(rr));
	buf_append_byte(&r->scratch->text, ' ');
	dns_append_type(&r->scratch->text, (uint16_t)ldns_rr_get_type(rr));
	if (section != DNS_QUESTION && ldns_rr_rd_count(rr))
		buf_append_byte(&r->scratch->text, ' ');
	if (section != DNS_QUESTION)
		append_data(&r->scratch->text, rr);
	bool update = (r->header->flags >> 11 & 15) == LDNS_PACKET_UPDATE;
	parts_add(r->parts, (update ? updates : names)[section], datum_word(buf_view(&r->scratch->text)));
	return !r->scratch->text.failed;
}

/* A question as the line has it: the class only if it is not the usual one. */
static void print_question(struct buf *out, const ldns_rr *rr)
{
	uint16_t class = (uint16_t)ldns_rr_get_class(rr);
	if ((class & ~CLASS_FLUSH) != CLASS_IN) {
		dns_append_class(out, class);
		buf_append_byte(out, ' ');
	}
	dns_append_type(out, (uint16_t)ldns_rr_get_type(rr));
	buf_append_byte(out, ' ');
	append_rdf(out, ldns_rr_owner(rr));
}

static void add_question_attributes(struct reading *r, const ldns_rr *rr)
{
	r->type = (uint16_t)ldns_rr_get_type(rr);
	if (r->lines)
		return;
	clear_text(r);
	append_rdf(&r->scratch->text, ldns_rr_owner(rr));
	parts_attribute(r->parts, "dns.question.name", datum_word(buf_view(&r->scratch->text)));
	clear_text(r);
	dns_append_type(&r->scratch->text, (uint16_t)ldns_rr_get_type(rr));
	parts_attribute(r->parts, "dns.question.type", datum_word(buf_view(&r->scratch->text)));
	clear_text(r);
	dns_append_class(&r->scratch->text, (uint16_t)ldns_rr_get_class(rr));
	parts_attribute(r->parts, "dns.question.class", datum_word(buf_view(&r->scratch->text)));
}

static bool add_question(struct reading *r, const ldns_rr *rr)
{
	if (r->shape->size == 0 || r->shape->data[r->shape->size - 1] == ' ') {
		print_question(r->shape, rr);
		add_question_attributes(r, rr);
	}
	if (r->header->flags & DNS_RESPONSE)
		return !r->shape->failed;
	clear_text(r);
	print_question(&r->scratch->text, rr);
	parts_word(r->parts, datum_word(buf_view(&r->scratch->text)));
	return !r->scratch->text.failed;
}

/* RFC 6891: its class is a size, its time to live bits of the header. */
static bool add_opt(struct reading *r, size_t start)
{
	struct view b = view_slice(r->bytes, start, r->at - start);
	if (b.size < 11)
		return true;
	r->extended = b.data[5];
	clear_text(r);
	buf_printf(&r->scratch->text, "version %u udp %u", b.data[6], u16(b, 3));
	if (b.data[7] & 0x80)
		buf_append_text(&r->scratch->text, " do");
	char room[16];
	if (r->extended && r->header->flags & DNS_RESPONSE)
		buf_printf(&r->scratch->text, " rcode %s", dns_rcode_name((uint16_t)(r->extended << 4 | (r->header->flags & 15)), room));
	for (size_t i = 11; i + 4 <= b.size;) {
		struct view data = view_slice(b, i + 4, u16(b, i + 2));
		buf_printf(&r->scratch->text, " option %u", u16(b, i));
		if (data.size)
			buf_append_byte(&r->scratch->text, ' ');
		for (size_t k = 0; k < data.size; k++)
			buf_printf(&r->scratch->text, "%02x", data.data[k]);
		i += 4 + u16(b, i + 2);
	}
	parts_add(r->parts, "edns", datum_word(buf_view(&r->scratch->text)));
	return !r->scratch->text.failed;
}

/* False: the message cannot be read any further, or there is no memory. */
static bool read_record(struct reading *r, enum dns_section section, uint32_t number)
{
	static const char *const names[] = { "question", "answer", "authority record", "additional record" };
	ldns_rr *rr = NULL;
	size_t start = r->at;
	ldns_status status = ldns_wire2rr(&rr, r->bytes.data, r->bytes.size, &r->at,
		section == DNS_QUESTION ? LDNS_SECTION_QUESTION : LDNS_SECTION_ANSWER);
	if (status != LDNS_STATUS_OK) {
		buf_printf(r->why, "%s %u cannot be read: %s", names[section], number + 1, ldns_get_errorstr_by_id(status));
		return false;
	}
	bool good = true;
	if ((uint16_t)ldns_rr_get_type(rr) == TYPE_OPT && section == DNS_ADDITIONAL) {
		good = add_opt(r, start);
	} else {
		good = add_record(r, section, rr);
		if (section == DNS_QUESTION)
			good &= add_question(r, rr);
		if (section == DNS_ANSWER && r->header->flags & DNS_RESPONSE)
			good &= add_answer(r, rr);
	}
	ldns_rr_free(rr);
	r->parts->failed |= !good;
	return good;
}

/* The header. */
static void add_fields(struct reading *r)
{
	static const struct {
		uint16_t flag;
		const char *name;
	} flags[] = { { DNS_AA, "aa" }, { DNS_TC, "tc" }, { DNS_RD, "rd" }, { DNS_RA, "ra" }, { DNS_AD, "ad" }, { DNS_CD, "cd" } };
	char room[16];
	parts_add(r->parts, "id", datum_uint(r->header->id));
	parts_add(r->parts, "opcode", datum_keyword(opcode_name(r->header->flags, room)));
	if (r->header->flags & DNS_RESPONSE)
		parts_add(r->parts, "rcode", datum_keyword(dns_rcode_name(r->header->flags & 15, room)));
	clear_text(r);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (r->header->flags & flags[i].flag)
			buf_printf(&r->scratch->text, "%s%s", r->scratch->text.size ? " " : "", flags[i].name);
	}
	if (r->scratch->text.size)
		parts_add(r->parts, "flags", datum_word(buf_view(&r->scratch->text)));
	parts_attribute(r->parts, "dns.id", datum_uint(r->header->id));
}

static void add_head(struct reading *r)
{
	char room[16];
	if (!r->lines)
		add_fields(r);
	if (r->header->flags >> 11 & 15) {
		if (!(r->header->flags & DNS_RESPONSE))
			parts_word(r->parts, datum_keyword(opcode_name(r->header->flags, room)));
		buf_append_text(r->shape, opcode_name(r->header->flags, room));
		buf_append_byte(r->shape, ' ');
	}
}

static void add_outcome(struct reading *r, uint16_t rcode)
{
	char room[16];
	const char *name = dns_rcode_name(rcode, room);
	struct datum answers = datum_array(r->answers, r->answer_count), addresses = datum_array(r->addresses, r->address_count);
	answers.flags = DATUM_LISTED;
	answers.more = r->answers_more;
	if (!r->lines)
		parts_attribute(r->parts, "dns.response_code", datum_keyword(name));
	if (r->address_count && !r->lines)
		parts_attribute(r->parts, "dns.answers", addresses);
	if (rcode || (!r->answer_count && !(r->header->flags & DNS_TC)))
		parts_word(r->parts, datum_keyword(name));
	if (r->answer_count)
		parts_word(r->parts, answers);
	if (r->header->flags & DNS_TC)
		parts_word(r->parts, datum_keyword("(truncated)"));
}

bool dns_describe(struct view bytes, const struct dns_header *header, struct parts *parts, struct buf *shape, struct buf *why,
	struct dns_scratch *scratch, bool lines, uint16_t *ret_rcode)
{
	struct reading r;
	memset(&r, 0, offsetof(struct reading, answers)); /* what is behind is large, and counted */
	r.scratch = scratch;
	r.lines = lines;
	r.bytes = bytes;
	r.header = header;
	r.parts = parts;
	r.shape = shape;
	r.why = why;
	r.at = DNS_HEADER_SIZE;
	bool good = true;
	buf_clear(shape);
	add_head(&r);
	for (int section = 0; section < DNS_SECTIONS && good; section++) {
		for (uint32_t i = 0; i < header->counts[section] && good; i++)
			good = read_record(&r, (enum dns_section)section, i);
	}
	if (good && r.at < bytes.size) {
		clear_text(&r);
		buf_printf(&scratch->text, "%zu bytes", bytes.size - r.at);
		parts_add(parts, "rest", datum_word(buf_view(&scratch->text)));
	}
	*ret_rcode = header->flags & DNS_RESPONSE ? (uint16_t)(r.extended << 4 | (header->flags & 15)) : 0;
	if (header->flags & DNS_RESPONSE)
		add_outcome(&r, *ret_rcode);
	parts->failed |= shape->failed | why->failed | scratch->text.failed;
	arena_clear(&scratch->arena);
	buf_clear(&scratch->text);
	return !parts->failed;
}

bool dns_is_message(struct view bytes)
{
	struct dns_header h;
	ldns_rr *rr = NULL;
	size_t at = DNS_HEADER_SIZE;
	if (!dns_read_header(bytes, &h))
		return false;
	bool response = h.flags & DNS_RESPONSE;
	uint32_t opcode = h.flags >> 11 & 15, records = h.counts[1] + h.counts[2] + h.counts[3];
	if (opcode > LDNS_PACKET_UPDATE || opcode == 3 || h.flags & DNS_Z || h.counts[0] > 16 || (!response && h.flags & (DNS_RA | 15)))
		return false;
	if (h.counts[0] == 0 && (!response || records == 0)) /* a refusal may have no question */
		return response && bytes.size == DNS_HEADER_SIZE && h.flags & 15;
	if (h.counts[0] * 5 + records * 11 + DNS_HEADER_SIZE > bytes.size)
		return false;
	ldns_status status = ldns_wire2rr(&rr, bytes.data, bytes.size, &at, h.counts[0] ? LDNS_SECTION_QUESTION : LDNS_SECTION_ANSWER);
	uint16_t class = rr ? (uint16_t)ldns_rr_get_class(rr) : 0;
	ldns_rr_free(rr);
	class &= (uint16_t)~CLASS_FLUSH;
	return status == LDNS_STATUS_OK && (class == CLASS_IN || class == 3 || class == 4 || class >= 254);
}
