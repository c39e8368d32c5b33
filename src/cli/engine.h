/* --engine: how the guest's code is run. */
#pragma once

#include "cli/options.h"
#include "guest/guest.h"

/* For OPTION_CALL; the target is an enum guest_engine. */
enum err parse_engine(void *target, const char *value);

static const char ENGINE_HELP[] = "What runs the guest's code: compiled, to machine code as it is called, or interpreter "
				  "(compiled where it can be). Both do the same.";
