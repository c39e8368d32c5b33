#include "cli/format_option.h"

enum err parse_format(void *target, const char *value)
{
	return emit_format_parse(value, EMIT_LINE, target);
}
