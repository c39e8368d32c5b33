/*
 * SMTP (RFC 5321) and LMTP: each command with its reply, however many were sent before it (RFC 2920); what is mailed, after DATA or in
 * chunks (RFC 3030), as a request of its own. What follows STARTTLS is TLS. What authenticates is secret.
 */
#pragma once

#include "trace/message.h"

extern const struct protocol smtp_protocol;
