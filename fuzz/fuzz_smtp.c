/* Connections that speak SMTP, or nearly. */
#include "proto/smtp.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, false, &smtp_protocol);
}
