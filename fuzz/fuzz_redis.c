/* Connections that speak RESP, or nearly. */
#include "proto/redis.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, false, &redis_protocol);
}
