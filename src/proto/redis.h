/* Redis and its like (Valkey, KeyDB): commands and replies in RESP2 and RESP3, pipelines, subscriptions, monitors. */
#pragma once

#include "trace/message.h"

extern const struct protocol redis_protocol;
