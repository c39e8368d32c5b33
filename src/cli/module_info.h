/* All that is known of a stored module, and how it is shown. */
#pragma once

#include "emit/emitter.h"
#include "registry/registry.h"

/* As one object: what it is, what it imports and exports. A module that can't be decoded has a `problem` instead. */
enum err module_info_emit(struct registry *registry, const struct stored_module *module, struct emitter *e);

/* Names of the files that a module was run from, as processes' manifests have them; the newest. Empty if there is none. */
enum err module_info_name(struct registry *registry, const struct digest *digest, struct buf *out);
