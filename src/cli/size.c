#include "cli/size.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum err size_parse(const char *text, uint64_t *ret_size)
{
	static const char units[] = "KMGT";
	char *end;
	uint64_t size = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
	if (text[0] < '0' || text[0] > '9' || (*end && (!unit || end[1])))
		return err_set(ERR_USAGE, "\"%s\" is no size; write bytes, or a number with K, M, G or T behind it", text);
	for (ptrdiff_t i = unit ? unit - units + 1 : 0; i > 0; i--) {
		if (__builtin_mul_overflow(size, 1024, &size))
			return err_set(ERR_USAGE, "\"%s\" is too large", text);
	}
	*ret_size = size;
	return ERR_NONE;
}
