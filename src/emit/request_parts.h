#pragma once

#include "emit/request.h"

/* Whether the value of what has this name is hidden. */
bool request_is_redacted(const struct request_printer *printer, struct view name);

/* request_object.c */
enum err request_print_object(const struct request_printer *printer, struct emitter *emitter, const struct exchange *exchange);
