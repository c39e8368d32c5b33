/* Questions and answers of DNS, or nearly: as datagrams, or on connections. */
#include "proto/dns.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_wire(data, size, size && data[0] & 0x80, &dns_protocol);
}
