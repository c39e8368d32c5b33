/* The constants of preview 1 by name: WASI_ENOENT and WASI_filetype_DIRECTORY and their like, from the tables. */
#pragma once

#include <stdint.h>

#define ERRNO(number, name, text) enum { WASI_##name = number };
#include "wasi/errnos.def"

#define NAME(type, value, name) enum { WASI_##type##_##name = value };
#include "wasi/names.def"
