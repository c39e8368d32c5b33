/* Start lines and fields of HTTP/1 messages (RFC 9112, sections 2 to 5). */
#pragma once

#include "base/buf.h"
#include "trace/message.h"

/* All views are into the bytes that were parsed, or into `folded`. All zero is empty and valid. */
struct http_head {
	bool response;
	struct view protocol, method, path, status_text;
	uint32_t status;
	struct buf fields; /* struct message_field */
	struct buf folded; /* values of several lines, put together */
};

void http_head_finish(struct http_head *head);

/*
 * Parses a start line and fields, with the empty line behind them. Lines end in CRLF or LF alone. False: they are none, and `ret_why` says
 * what is wrong.
 */
bool http_head_parse(struct http_head *head, bool response, struct view bytes, const char **ret_why);

/* Appends the fields in `bytes`, up to an empty line or the end: a trailer. */
bool http_fields_parse(struct http_head *head, struct view bytes, const char **ret_why);

/* The value of the field with this name (lower case) from number `*at` on, which then is the next; false: there is none. */
bool http_field(const struct http_head *head, const char *name, uint32_t *at, struct view *ret_value);

/* Whether a comma-separated field of this name lists the word (lower case). */
bool http_lists(const struct http_head *head, const char *name, const char *word);

bool http_is_token(struct view text);
