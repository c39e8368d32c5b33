/* Mail within SMTP: kept as far as the limits allow, and counted. */
#include "proto/smtp_parts.h"

static const char mail_end[] = "\r\n.\r\n";

enum { LINE_BEGINS = 2, DOT = 3, DOT_CR = 4, STORAGE_MAX = 64 << 10, CHARACTER_MAX = 4 };

void smtp_begin_mail(struct decoder *d)
{
	d->matched = LINE_BEGINS;
	d->size = 0;
}

static void keep(struct decoder *d, struct view bytes)
{
	uint64_t max = (d->options.body_max > LINE_KEPT ? d->options.body_max : LINE_KEPT) + CHARACTER_MAX;
	bool whole = d->mail.size == d->size;
	d->size += bytes.size;
	if (!whole)
		return;
	struct view kept = view_slice(bytes, 0, max - d->mail.size);
	uint64_t spare = d->mail.size < LINE_KEPT ? LINE_KEPT - d->mail.size : 0, *left = &d->options.memory->left;
	if (kept.size > spare && kept.size - spare > *left)
		kept.size = spare + *left;
	buf_append(&d->mail, kept.data, kept.size);
	if (d->mail.failed) {
		d->err = err_nomem();
		return;
	}
	uint64_t taken = kept.size > spare ? kept.size - spare : 0;
	d->taken += taken;
	*left -= taken;
}

void smtp_drop_mail(struct decoder *d)
{
	d->options.memory->left += d->taken;
	d->taken = 0;
	d->size = 0;
	if (d->mail.capacity > STORAGE_MAX)
		buf_finish(&d->mail);
	else
		buf_clear(&d->mail);
}

/* A byte at a place where the end may be; the dot before a line that begins with one is none of the mail. */
static bool feed_byte(struct decoder *d, uint8_t byte)
{
	uint32_t matched = d->matched;
	if (matched == DOT_CR && byte == '\n')
		return true;
	if ((matched == LINE_BEGINS && byte == '.') || (matched == DOT && byte == '\r')) {
		d->matched++;
		return false;
	}
	if (matched == DOT_CR)
		keep(d, view_of(mail_end, 1));
	keep(d, view_of(&byte, 1));
	d->matched = byte == '\r' ? 1 : (matched == 1 && byte == '\n') ? LINE_BEGINS : 0;
	return false;
}

size_t smtp_feed_content(struct decoder *d, struct view bytes, bool *ret_end)
{
	size_t at = 0;
	while (at < bytes.size && !*ret_end) {
		if (d->matched == 0) { /* nothing ends before the next line does */
			const uint8_t *cr = memchr(bytes.data + at, '\r', bytes.size - at);
			size_t size = cr ? (size_t)(cr - bytes.data) - at : bytes.size - at;
			keep(d, view_slice(bytes, at, size));
			at += size;
			if (!cr)
				break;
		}
		*ret_end = feed_byte(d, bytes.data[at++]);
	}
	return at;
}

size_t smtp_feed_chunk(struct decoder *d, struct view bytes, bool *ret_end)
{
	struct view part = view_slice(bytes, 0, d->left);
	d->left -= part.size;
	keep(d, part);
	*ret_end = d->left == 0;
	return part.size;
}

void smtp_mail_parts(struct decoder *d)
{
	BUF_CLEANUP struct buf text = { 0 };
	struct datum mail = datum_first(datum_string(buf_view(&d->mail)), d->options.body_max);
	mail.more += d->size - d->mail.size;
	buf_printf(&text, "(%llu bytes)", (unsigned long long)d->size);
	if (text.failed)
		d->err = err_nomem();
	if (d->sides[SIDE_CLIENT].state == CONTENT)
		parts_word(&d->sides[SIDE_CLIENT].parts, datum_keyword("mail"));
	parts_word(&d->sides[SIDE_CLIENT].parts, datum_word(buf_view(&text)));
	parts_add(&d->sides[SIDE_CLIENT].parts, "mail", mail);
	parts_attribute(&d->sides[SIDE_CLIENT].parts, "smtp.mail.size", datum_uint(d->size));
}
