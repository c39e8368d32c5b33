/* Sizes as people write them on the command line. */
#pragma once

#include "base/err.h"

#include <stdint.h>

/* Bytes, or a number with K, M, G or T behind it, in either case: 1024 of what is before. ERR_USAGE. */
enum err size_parse(const char *text, uint64_t *ret_size);
