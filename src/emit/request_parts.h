#pragma once

#include "emit/request.h"

/* request_object.c */
enum err request_print_object(struct emitter *emitter, const struct exchange *exchange);
