/* --engine: how the guest's code is run. */
#pragma once

#include "cli/options.h"

/* For OPTION_CALL; the target is a bool: compiled. */
enum err parse_engine(void *target, const char *value);

#define ENGINE_HELP "How to run the guest's code: interpreter, or compiled to machine code as it is called; both do the same."
