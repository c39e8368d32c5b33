/* Connections that speak PostgreSQL, or nearly. */
#include "proto/postgresql.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, false, &postgresql_protocol);
}
