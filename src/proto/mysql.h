/* MySQL and MariaDB: the client/server protocol, version 10, plain or compressed. What it encrypts is counted. */
#pragma once

#include "trace/message.h"

extern const struct protocol mysql_protocol;
