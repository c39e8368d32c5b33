/*
 * The request trace: an exchange as a line; with its headers and bodies, in the manner of curl -v; or as an object of JSON or YAML
 * (docs/request-trace.schema.json).
 */
#pragma once

#include "emit/emitter.h"
#include "trace/exchange.h"

enum { REDACTED_MAX = 32 };

/* All zero but for what is asked for before the first one is printed. */
struct request_printer {
	bool verbose;
	bool secrets;         /* show passwords and what else authenticates */
	struct view redacted[REDACTED_MAX]; /* patterns, in small letters, of names of headers and fields that are hidden */
	uint32_t redacted_count;
	bool any; /* one was printed */
};

/* ERR_END when nobody reads any more. */
enum err request_print(struct request_printer *printer, struct emitter *emitter, const struct exchange *exchange);

/* Text for a terminal: printable UTF-8 as it is, what is not with octal escapes, no quotes. */
void request_print_word(struct buf *out, struct view text);
