#include "store/listing.h"

#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"

enum { DEEPEST = 8, LONGEST = 4096 };

struct parsing {
	XML_Parser parser;
	void (*end)(struct parsing *p, const char *name, struct view text);
	int depth;
	struct buf text;      /* of the innermost element that is open */
	bool wrong, in_prefixes;
	enum err err;
	const struct store_visitor *visitor;
	struct buf key, etag, next;
	uint64_t size, changed;
	bool sized, truncated, listing;
	struct store_fault *fault;
};

/* Names of servers that give a namespace have it and a colon before them. */
static const char *plain_name(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon ? colon + 1 : name;
}

static void stop(struct parsing *p)
{
	p->wrong = true;
	XML_StopParser(p->parser, XML_FALSE);
}

static void on_start(void *data, const char *name, const char **attributes)
{
	struct parsing *p = data;
	(void)attributes;
	name = plain_name(name);
	if (++p->depth > DEEPEST) {
		stop(p);
		return;
	}
	buf_clear(&p->text);
	if (p->depth == 1)
		p->listing = strcmp(name, "ListBucketResult") == 0;
	if (p->depth == 2 && strcmp(name, "Contents") == 0) {
		buf_clear(&p->key);
		buf_clear(&p->etag);
		p->sized = false;
		p->changed = 0;
	}
	p->in_prefixes |= p->depth == 2 && strcmp(name, "CommonPrefixes") == 0;
}

static void on_end(void *data, const char *name)
{
	struct parsing *p = data;
	p->end(p, plain_name(name), buf_view(&p->text));
	p->depth--;
	buf_clear(&p->text);
	if (p->err)
		stop(p);
}

static void on_text(void *data, const char *text, int size)
{
	struct parsing *p = data;
	buf_append(&p->text, text, (size_t)size);
	if (p->text.failed)
		stop(p);
}

/* Nothing that S3 says has one; with them come entities, and what is done with those. */
static void on_doctype(void *data, const char *name, const char *system, const char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	stop(data);
}

static enum err parse(struct parsing *p, struct view xml)
{
	p->parser = XML_ParserCreate(NULL);
	if (!p->parser)
		return err_nomem();
	p->text.max = LONGEST;
	XML_SetUserData(p->parser, p);
	XML_SetElementHandler(p->parser, on_start, on_end);
	XML_SetCharacterDataHandler(p->parser, on_text);
	XML_SetStartDoctypeDeclHandler(p->parser, on_doctype);
	bool whole = xml.size <= INT_MAX && XML_Parse(p->parser, (const char *)xml.data, (int)xml.size, 1) == XML_STATUS_OK;
	XML_ParserFree(p->parser);
	buf_finish(&p->text);
	if (p->err)
		return p->err;
	return whole && !p->wrong ? ERR_NONE : err_set(ERR_MALFORMED, "the store's answer is not the XML of S3");
}

static void set(struct buf *to, struct view text)
{
	buf_clear(to);
	buf_append(to, text.data, text.size);
}

static bool parse_size(struct view text, uint64_t *ret_size)
{
	uint64_t size = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(size, 10, &size) ||
			__builtin_add_overflow(size, (uint64_t)(text.data[i] - '0'), &size))
			return false;
	}
	*ret_size = size;
	return text.size > 0;
}

/* "2026-11-24T01:02:03.000Z" */
static uint64_t parse_time(struct view text)
{
	char copy[32];
	struct tm tm = { 0 };
	snprintf(copy, sizeof copy, "%.*s", VIEW_ARG(view_slice(text, 0, sizeof copy - 1)));
	time_t seconds = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
	return seconds > 0 ? (uint64_t)seconds * NS_PER_S : 0;
}

static void end_listing(struct parsing *p, const char *name, struct view text)
{
	if (p->depth == 2 && strcmp(name, "IsTruncated") == 0) {
		p->truncated = view_is(text, "true");
	} else if (p->depth == 2 && strcmp(name, "NextContinuationToken") == 0) {
		set(&p->next, text);
	} else if (p->depth == 2 && strcmp(name, "Contents") == 0) {
		struct store_object object = { buf_view(&p->key), p->size, buf_view(&p->etag), p->changed };
		if (p->sized && object.key.size)
			p->err = p->visitor->object(p->visitor->data, &object);
	} else if (p->depth == 2 && strcmp(name, "CommonPrefixes") == 0) {
		p->in_prefixes = false;
	} else if (p->depth == 3 && p->in_prefixes && strcmp(name, "Prefix") == 0) {
		p->err = p->visitor->prefix ? p->visitor->prefix(p->visitor->data, text) : ERR_NONE;
	} else if (p->depth == 3 && strcmp(name, "Key") == 0) {
		set(&p->key, text);
	} else if (p->depth == 3 && strcmp(name, "ETag") == 0) {
		set(&p->etag, text);
	} else if (p->depth == 3 && strcmp(name, "LastModified") == 0) {
		p->changed = parse_time(text);
	} else if (p->depth == 3 && strcmp(name, "Size") == 0) {
		p->sized = parse_size(text, &p->size);
	}
}

enum err listing_parse(struct view xml, const struct store_visitor *visitor, struct buf *ret_next)
{
	struct parsing p = { .end = end_listing, .visitor = visitor };
	enum err err = parse(&p, xml);
	if (!err && !p.listing)
		err = err_set(ERR_MALFORMED, "the store's answer is no list of objects");
	if (!err && p.truncated && p.next.size == 0)
		err = err_set(ERR_MALFORMED, "the store's list of objects does not say where it goes on");
	buf_clear(ret_next);
	if (!err && p.truncated)
		buf_append(ret_next, p.next.data, p.next.size);
	err = err ? err : buf_status(ret_next);
	buf_finish(&p.key);
	buf_finish(&p.etag);
	buf_finish(&p.next);
	return err;
}

/* What is not plain text is shown to nobody. */
static void copy_plain(char *to, size_t size, struct view text)
{
	size_t at = 0;
	for (size_t i = 0; i < text.size && at + 1 < size; i++)
		to[at++] = text.data[i] >= ' ' && text.data[i] < 0x7f ? (char)text.data[i] : '?';
	to[at] = 0;
}

static void end_fault(struct parsing *p, const char *name, struct view text)
{
	if (p->depth != 2)
		return;
	if (strcmp(name, "Code") == 0)
		copy_plain(p->fault->code, sizeof p->fault->code, text);
	else if (strcmp(name, "Message") == 0)
		copy_plain(p->fault->message, sizeof p->fault->message, text);
	else if (strcmp(name, "Region") == 0)
		copy_plain(p->fault->region, sizeof p->fault->region, text);
}

void fault_parse(struct view xml, struct store_fault *ret_fault)
{
	*ret_fault = (struct store_fault){ 0 };
	struct parsing p = { .end = end_fault, .fault = ret_fault };
	(void)parse(&p, xml); /* what came before it went wrong is told */
}
