#include "base/utf8.h"

size_t utf8_length(struct view text)
{
	const uint8_t *s = text.data;
	if (text.size == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	size_t length = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	if (length == 0 || length > text.size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool outside = (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90);
	return overlong || outside ? 0 : length;
}

bool utf8_valid(struct view text)
{
	while (text.size) {
		size_t length = utf8_length(text);
		if (length == 0)
			return false;
		text.data += length;
		text.size -= length;
	}
	return true;
}
