/* What an execution's calls cost, by call. */
#pragma once

#include "log/record.h"
#include "wasi/call.h"

struct summary_line {
	uint32_t call;
	uint64_t calls;
	uint64_t errors; /* that returned an errno other than SUCCESS */
	uint64_t total;  /* ns */
};

/* All zero is empty and valid. */
struct summary {
	struct summary_line lines[CALL_COUNT];
};

void summary_add(struct summary *summary, const struct record *record);

/* The calls that were made, those with the most time first; returns how many. The last one of `ret_lines` besides them is their sum. */
uint32_t summary_sorted(const struct summary *summary, struct summary_line ret_lines[CALL_COUNT + 1]);
