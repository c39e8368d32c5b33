#pragma once

#include "emit/datum.h"
#include "emit/request.h"

/* Whether the value of what has this name is hidden. */
bool request_is_redacted(const struct request_printer *printer, struct view name);

/* Who hides, and what of. */
struct request_hidden {
	const struct request_printer *printer;
	const struct message *message;
};

/* How values are shown: all of them, and on a line. Borrows. */
struct datum_style request_style(const struct request_hidden *hidden);
struct datum_style request_line_style(const struct request_hidden *hidden);

/* request_object.c */
enum err request_print_object(const struct request_printer *printer, struct emitter *emitter, const struct exchange *exchange);
