/* A process's manifest: as it is, and as the body of one whose first line fits it. What is accepted must come back the same. */
#include "fuzz.h"
#include "registry/manifest.h"

#include <inttypes.h>
#include <xxhash.h>

static void decode(struct view bytes)
{
	struct manifest manifest, again;
	BUF_CLEANUP struct buf first = { 0 }, second = { 0 };
	if (manifest_decode(bytes, &manifest))
		return;
	if (manifest_encode(&manifest, &first) || manifest_decode(buf_view(&first), &again))
		__builtin_trap();
	if (manifest_encode(&again, &second) || !view_equal(buf_view(&first), buf_view(&second)))
		__builtin_trap();
	manifest_finish(&manifest);
	manifest_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_CLEANUP struct buf whole = { 0 };
	decode(view_of(data, size));
	buf_printf(&whole, "# timecraft manifest %d %zu %016" PRIx64 "\n", MANIFEST_VERSION, size, (uint64_t)XXH3_64bits(data, size));
	buf_append(&whole, data, size);
	decode(buf_view(&whole));
	return 0;
}
