/* Paths as text: nothing is looked up. */
#pragma once

#include "base/buf.h"

/*
 * Appends `name` as it is reached from `directory`, without empty parts, "." and, as far as there is something to leave, "..". `name` has
 * no say over a root: WASI's paths are all relative. What is left empty becomes ".".
 */
void path_join(struct buf *out, struct view directory, struct view name);
