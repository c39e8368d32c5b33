/* What an object store answers with, and the files that say who asks it. What is told must come from what there was. */
#include "fuzz.h"
#include "store/listing.h"
#include "store/settings.h"

static enum err see_object(void *data, const struct store_object *object)
{
	uint64_t *seen = data;
	if (object->key.size == 0 || object->key.size > 4096 || object->etag.size > 4096)
		__builtin_trap();
	*seen += object->size + 1;
	return ERR_NONE;
}

static enum err see_prefix(void *data, struct view prefix)
{
	*(uint64_t *)data += prefix.size;
	return ERR_NONE;
}

static void check_text(const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		if (text[i] < ' ' || text[i] > '~')
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = view_of(data, size);
	uint64_t seen = 0;
	const struct store_visitor visitor = { see_object, see_prefix, &seen };
	BUF_CLEANUP struct buf next = { 0 }, escaped = { 0 };
	struct store_fault fault;
	struct arena arena = { 0 };
	struct profile profile = { 0 };
	(void)listing_parse(text, &visitor, &next);
	fault_parse(text, &fault);
	check_text(fault.code);
	check_text(fault.message);
	check_text(fault.region);
	if (profile_read(text, "mine", &arena, &profile))
		__builtin_trap();
	if (profile.key && !memmem(data, size, profile.key, strlen(profile.key)))
		__builtin_trap();
	arena_finish(&arena);
	url_put(&escaped, text, false);
	check_text(buf_text(&escaped));
	return 0;
}
