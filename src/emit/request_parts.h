#pragma once

#include "emit/datum.h"
#include "emit/request.h"

/* Whether the value of what has this name is hidden. */
bool request_is_redacted(const struct request_printer *printer, struct view name);

/* How values are shown; `max`: as in struct datum_style. */
struct datum_style request_style(const struct request_printer *printer, uint32_t max);

/* request_object.c */
enum err request_print_object(const struct request_printer *printer, struct emitter *emitter, const struct exchange *exchange);
