#include "proto/say.h"

#include "base/escape.h"

void say_end(struct buf *out, struct view reason)
{
	if (reason.size)
		buf_append(out, reason.data, reason.size);
	else
		buf_append_text(out, "the connection was closed");
}

void say_no_response(struct buf *out, struct view reason)
{
	buf_append_text(out, "no response: ");
	say_end(out, reason);
}

void say_foreign(struct buf *out, const char *why, const char *protocol, uint64_t from, uint64_t end, struct view first)
{
	buf_append_text(out, why);
	if (end <= from)
		return;
	if (end - from == 1)
		buf_printf(out, ": byte %llu is not %s", (unsigned long long)from, protocol);
	else
		buf_printf(out, ": bytes %llu..%llu are not %s", (unsigned long long)from, (unsigned long long)end - 1, protocol);
	if (first.size == 0)
		return;
	buf_append_text(out, ": \"");
	escape_bytes(out, first, "");
	buf_append_text(out, end - from > first.size ? "\"..." : "\"");
}
