/* Connections that speak HTTP, or nearly. */
#include "proto/http.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, false, &http_protocol);
}
