#include "cli/trace_options.h"

#include <stdlib.h>

#include "base/time.h"

static enum err parse_format(void *target, const char *value)
{
	return emit_format_parse(value, EMIT_LINE, target);
}

static enum err parse_filter(void *target, const char *value)
{
	return trace_filter_add(target, value);
}

static enum err parse_string_size(void *target, const char *value)
{
	struct trace_options *options = target;
	char *end;
	options->string_size_given = true;
	if (strcmp(value, "all") == 0) {
		options->syscall.string_size = STRING_SIZE_WHOLE;
		return ERR_NONE;
	}
	options->syscall.string_size = strtoull(value, &end, 10);
	if (*end || value[0] < '0' || value[0] > '9')
		return err_set(ERR_USAGE, "\"%s\" is no number of bytes; it may be 0, 1, ... or all", value);
	return ERR_NONE;
}

static enum err parse_start(void *target, const char *value)
{
	return moment_parse(value, time_of(CLOCK_REALTIME), target);
}

static enum err parse_duration(void *target, const char *value)
{
	return duration_parse(value, target);
}

static enum err parse_records(void *target, const char *value)
{
	struct trace_range *range = target;
	range->limited = true;
	return record_range_parse(value, &range->first, &range->last);
}

#define AT(member) offsetof(struct trace_options, member)

const struct option trace_option_table[] = {
	{ .help = "System call trace" },
	{ "filter", 0, OPTION_CALL, false, "LIST",
		"Show only these calls: names and classes (file, descriptor, network, clock, process, memory, "
		"random), with commas between; ! before one takes it away.",
		AT(syscall.filter), .parse = parse_filter },
	{ "summary", 0, OPTION_FLAG, false, NULL, "In place of the calls, count them: calls, errors, time.", AT(syscall.summary) },
	{ "absolute", 0, OPTION_FLAG, false, NULL, "Begin each line with the time of the call.", AT(syscall.absolute) },
	{ "relative", 0, OPTION_FLAG, false, NULL, "Begin each line with the time since the line before.", AT(syscall.relative) },
	{ "durations", 0, OPTION_FLAG, false, NULL, "End each line with how long the call took.", AT(syscall.durations) },
	{ "paths", 'y', OPTION_FLAG, false, NULL, "Show what a descriptor stands for beside it.", AT(syscall.paths) },
	{ "string-size", 0, OPTION_CALL, false, "N", "Show at most N bytes of a buffer, or all (32; JSON and YAML: all).", 0,
		.parse = parse_string_size },
	{ "start-time", 't', OPTION_CALL, false, "TIME", "Show calls from this time on: RFC 3339, now, 5m ago, or +2s after the start.",
		AT(range.start), .parse = parse_start },
	{ "duration", 'd', OPTION_CALL, false, "DURATION", "Show calls of this length of time: 250ms, 5m, 1h30m.", AT(range.duration),
		.parse = parse_duration },
	{ "records", 0, OPTION_CALL, false, "A..B", "Show only records with these numbers.", AT(range), .parse = parse_records },
	{ "output", 'o', OPTION_CALL, false, "FORMAT", "text, json (an object a line) or yaml.", AT(format), .parse = parse_format },
	{ "output-file", 0, OPTION_TEXT, false, "FILE", "Write the trace to this file.", AT(output_file) },
	{ 0 },
};
