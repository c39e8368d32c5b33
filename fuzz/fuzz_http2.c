/* Connections that speak HTTP/2, or nearly. */
#include "proto/http2.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, false, &http2_protocol);
}
