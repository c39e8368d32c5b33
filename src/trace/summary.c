#include "trace/summary.h"

#include <stdlib.h>

void summary_add(struct summary *summary, const struct record *record)
{
	if (record->kind != RECORD_CALL || record->call >= CALL_COUNT || !call_type(record->call))
		return;
	struct summary_line *line = &summary->lines[record->call];
	line->calls++;
	if (!record->finished)
		return;
	line->errors += record->end == CALL_RETURNS && record->result != 0;
	line->total += record->duration;
}

static int compare(const void *a, const void *b)
{
	const struct summary_line *x = a, *y = b;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return x->call < y->call ? -1 : 1;
}

uint32_t summary_sorted(const struct summary *summary, struct summary_line ret_lines[CALL_COUNT + 1])
{
	uint32_t count = 0;
	struct summary_line sum = { .call = CALL_COUNT };
	for (uint32_t i = 0; i < CALL_COUNT; i++) {
		if (summary->lines[i].calls == 0)
			continue;
		ret_lines[count] = summary->lines[i];
		ret_lines[count].call = i;
		sum.calls += ret_lines[count].calls;
		sum.errors += ret_lines[count].errors;
		sum.total += ret_lines[count].total;
		count++;
	}
	qsort(ret_lines, count, sizeof *ret_lines, compare);
	ret_lines[count] = sum;
	return count;
}
