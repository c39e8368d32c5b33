/* What names a module: the SHA-256 of its bytes, written "sha256:0123...". */
#pragma once

#include "base/view.h"

struct digest {
	uint8_t bytes[32];
};

enum { DIGEST_HEX = 65, DIGEST_TEXT = 72 };

struct digest digest_of(struct view bytes);
void digest_hex(const struct digest *digest, char text[DIGEST_HEX]);
void digest_print(const struct digest *digest, char text[DIGEST_TEXT]);
bool digest_parse(struct view text, struct digest *ret_digest); /* with or without "sha256:" */
