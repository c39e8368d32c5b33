#include "base/glob.h"

bool glob_matches(struct view pattern, struct view text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, tried = 0; /* behind the last *, and what of the text that one was tried with */
	while (t < text.size) {
		if (p < pattern.size && pattern.data[p] == '*') {
			star = ++p;
			tried = t;
		} else if (p < pattern.size && (pattern.data[p] == '?' || pattern.data[p] == text.data[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) { /* the last * takes one byte more: what those before it took need not be tried again */
			p = star;
			t = ++tried;
		} else {
			return false;
		}
	}
	while (p < pattern.size && pattern.data[p] == '*')
		p++;
	return p == pattern.size;
}
