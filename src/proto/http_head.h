/* Start lines and fields of HTTP/1 messages (RFC 9112, sections 2 to 5). */
#pragma once

#include "base/buf.h"
#include "trace/message.h"

/* All views are into the bytes that were parsed. All zero is empty and valid. */
struct http_head {
	struct view protocol, method, path, status_text;
	uint32_t status;
	struct buf fields; /* struct message_field */
};

void http_head_finish(struct http_head *head);

/* A start line, without its end. */
bool http_is_start_line(bool response, struct view line);

/*
 * Parses a start line and the fields behind it, up to an empty line or the end. Lines end in CRLF or LF alone; folded ones are put
 * together in the bytes themselves. False: from byte `ret_bad` on it is none; what was before that is in the head.
 */
bool http_head_parse(struct http_head *head, bool response, struct buf *bytes, size_t *ret_bad);

/* Appends the fields in the bytes: a trailer. */
bool http_fields_parse(struct http_head *head, struct buf *bytes, size_t *ret_bad);

/* The value of the field with this name (lower case) from number `*at` on, which then is the next; false: there is none. */
bool http_field(const struct http_head *head, const char *name, uint32_t *at, struct view *ret_value);

/* Whether a comma-separated field of this name lists the word (lower case). */
bool http_lists(const struct http_head *head, const char *name, const char *word);

/* Whether the last word that fields of this name list is this one. */
bool http_lists_last(const struct http_head *head, const char *name, const char *word);

bool http_is_token(struct view text);
