/* What a module's imports stand for: the calls of WASI. */
#pragma once

#include "wasi/call.h"
#include "wasm/module.h"

/* The call that an import is bound to; NULL where there is none of that name and type. */
const struct call_type *import_call(const struct module_import *import);

/* ERR_UNSUPPORTED, naming every import that is bound to nothing with its type, and what to do about it. */
enum err imports_check(const struct module *module);
