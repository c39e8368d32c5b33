#include "cli/changes.h"

#include <stdio.h>

#include "emit/format.h"

void changes_tell(const struct manifest *m)
{
	BUF_CLEANUP struct buf text = { 0 };
	if (m->snapshot) {
		buf_append_text(&text, "timecraft: the recording is a copy, of ");
		format_time(&text, m->snapshot);
		buf_append_text(&text, ", when its process was still running\n");
	}
	for (size_t i = 0; i < m->redacted_count; i++)
		buf_printf(&text, "%s%.*s%s",
			i ? ", " : "timecraft: secrets in the recording were replaced by *: ", VIEW_ARG(m->redacted[i]),
			i + 1 == m->redacted_count ? "\n" : "");
	fputs(buf_text(&text), stderr);
}
