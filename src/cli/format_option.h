/* --output of what is told as lines, objects or documents. */
#pragma once

#include "emit/emitter.h"

/* Into an enum emit_format: text is EMIT_LINE. */
enum err parse_format(void *target, const char *value);
