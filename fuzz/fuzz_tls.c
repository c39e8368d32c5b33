/* Connections that speak TLS, or nearly. */
#include "proto/tls.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, false, &tls_protocol);
}
