/* PostgreSQL, protocol 3.0. What it encrypts is counted. */
#pragma once

#include "trace/message.h"

extern const struct protocol postgresql_protocol;
