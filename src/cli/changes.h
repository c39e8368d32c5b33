/* What of a recording is not as it was, said before anything is shown of it. */
#pragma once

#include "registry/manifest.h"

/* On standard error: that it was redacted, or copied while its process ran. Else nothing. */
void changes_tell(const struct manifest *manifest);
