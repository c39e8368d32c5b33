/* Connections that speak MySQL, or nearly. */
#include "proto/mysql.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, false, &mysql_protocol);
}
