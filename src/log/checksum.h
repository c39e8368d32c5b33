/* XXH3 of 64 bits: inline for what is short, by the widest vectors that the processor has for what is long. */
#pragma once

#define XXH_INLINE_ALL
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

#if defined __x86_64__
/* Of libxxhash; its header cannot be included beside the inline functions. */
uint64_t XXH3_64bits_dispatch(const void *data, size_t size);
#else
#define XXH3_64bits_dispatch XXH3_64bits
#endif

static inline uint64_t checksum(const void *data, size_t size)
{
	enum { SHORT = 240 };
	return size <= SHORT ? XXH3_64bits(data, size) : XXH3_64bits_dispatch(data, size);
}
