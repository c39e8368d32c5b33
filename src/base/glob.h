/* Patterns of text: * stands for any bytes, ? for one, everything else for itself. */
#pragma once

#include "base/view.h"

/* Whether all of the text is as the pattern says. Takes at most as many steps as the product of their sizes. */
bool glob_matches(struct view pattern, struct view text);
