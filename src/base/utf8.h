/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include "base/view.h"

/* How many bytes at the start of `text` are one well-formed character; 0 if none is there. */
size_t utf8_length(struct view text);

bool utf8_valid(struct view text);
