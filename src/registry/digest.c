#include "registry/digest.h"

#include <nettle/sha2.h>
#include <stdio.h>

struct digest digest_of(struct view bytes)
{
	struct sha256_ctx context;
	struct digest digest;
	sha256_init(&context);
	if (bytes.size)
		sha256_update(&context, bytes.size, bytes.data);
	sha256_digest(&context, sizeof digest.bytes, digest.bytes);
	return digest;
}

void digest_hex(const struct digest *digest, char text[DIGEST_HEX])
{
	for (size_t i = 0; i < sizeof digest->bytes; i++)
		snprintf(text + 2 * i, 3, "%02x", digest->bytes[i]);
}

void digest_print(const struct digest *digest, char text[DIGEST_TEXT])
{
	char hex[DIGEST_HEX];
	digest_hex(digest, hex);
	snprintf(text, DIGEST_TEXT, "sha256:%s", hex);
}

bool digest_parse(struct view text, struct digest *ret_digest)
{
	static const char prefix[] = "sha256:", digits[] = "0123456789abcdef";
	struct digest digest = { { 0 } };
	if (view_equal(view_slice(text, 0, sizeof prefix - 1), view_text(prefix)))
		text = view_slice(text, sizeof prefix - 1, text.size);
	if (text.size != DIGEST_HEX - 1)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const char *digit = text.data[i] ? strchr(digits, text.data[i]) : NULL;
		if (!digit)
			return false;
		digest.bytes[i / 2] = (uint8_t)(digest.bytes[i / 2] << 4 | (digit - digits));
	}
	*ret_digest = digest;
	return true;
}
